/** What was done last and how it is taken back: undo instead of "are you sure". */
import type { Outcome, Written } from '../../commands/session';
import { t } from '../../i18n';
import { sentenceFor } from './saving.svelte';

const KEPT = 30;

interface Done {
  readonly label: string;
  readonly written: Written;
}

export class Undoing {
  #done: readonly Done[] = $state.raw([]);
  /** What the toast says; empty while there is none. */
  message = $state('');
  saidAt = $state(0);
  /** Whether the toast offers to take it back. */
  isOffered = $state(false);
  readonly last: Done | null = $derived(this.#done.at(-1) ?? null);
  readonly #undo: (written: Written) => Promise<Outcome>;

  constructor(undo: (written: Written) => Promise<Outcome>) {
    this.#undo = undo;
  }

  /** `isTold`: with a toast. A judgement is seen where it was tapped and needs none. */
  did(label: string, written: Written, isTold: boolean): void {
    const canBeUndone = written.undo.length > 0;
    if (canBeUndone) this.#done = [...this.#done, { label, written }].slice(-KEPT);
    if (!isTold) return;
    this.message = label;
    this.saidAt = Date.now();
    this.isOffered = canBeUndone;
  }

  async undo(): Promise<void> {
    const last = this.last;
    if (!last) return;
    this.#done = this.#done.slice(0, -1);
    this.isOffered = false;
    this.saidAt = Date.now();
    try {
      const answer = await this.#undo(last.written);
      this.message = 'code' in answer ? sentenceFor(answer) : t('field.taken_back', { what: last.label });
    } catch (problem) {
      this.#done = [...this.#done, last];
      this.message = sentenceFor(problem);
    }
  }

  hush(): void {
    this.message = '';
    this.isOffered = false;
  }
}
