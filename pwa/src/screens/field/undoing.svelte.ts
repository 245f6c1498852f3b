/** What was done last and how it is taken back: undo instead of "are you sure". */
import type { Outcome, Written } from '../../commands/session';
import { locale, t } from '../../i18n';
import { sentenceFor } from './saving.svelte';

const KEPT = 30;

interface Done {
  /** What it was, said anew in the language of whoever asks. */
  readonly label: () => string;
  readonly written: Written;
}

export class Undoing {
  #done: readonly Done[] = $state.raw([]);
  /** What the toast says; empty while there is none. */
  message = $state('');
  saidAt = $state(0);
  /** Whether the toast offers to take it back. */
  isOffered = $state(false);
  readonly #last: Done | null = $derived(this.#done.at(-1) ?? null);
  /** What the next undo takes back; undefined where there is nothing. */
  readonly label: string | undefined = $derived(this.#last?.label());
  readonly #undo: (written: Written) => Promise<Outcome>;
  readonly #wordsFor: (written: Written) => string;

  constructor(undo: (written: Written) => Promise<Outcome>, wordsFor: (written: Written) => string) {
    this.#undo = undo;
    this.#wordsFor = wordsFor;
  }

  /** `said`: what a toast tells of it. A judgement is seen where it was tapped and needs none. */
  did(written: Written, said?: string): void {
    // A seal, and whatever came before it, stays.
    if (written.operations.some(({ kind }) => kind === 'seal')) {
      this.#done = [];
      this.isOffered = false;
    }
    const canBeUndone = written.undo.length > 0;
    const language = locale.current;
    // A screen's own words say it best, in the language in which it said them.
    const label = () => (said !== undefined && locale.current === language ? said : this.#wordsFor(written));
    if (canBeUndone) this.#done = [...this.#done, { label, written }].slice(-KEPT);
    if (said === undefined) return;
    this.message = said;
    this.saidAt = Date.now();
    this.isOffered = canBeUndone;
  }

  async undo(): Promise<void> {
    const last = this.#last;
    if (!last) return;
    // Asked before: what is taken back may have no name or number afterwards.
    const what = last.label();
    this.#done = this.#done.slice(0, -1);
    this.isOffered = false;
    this.saidAt = Date.now();
    try {
      const answer = await this.#undo(last.written);
      this.message = 'code' in answer ? sentenceFor(answer) : t('field.taken_back', { what });
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
