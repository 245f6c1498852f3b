/** One thing that an online page asks the server: loading, there, or why not; asked again by a button or gently by itself. */
import { say } from '../../i18n';
import type { Asked } from '../../sync/office';
import type { SyncProblem } from '../../sync/problem';

/**
 * What went wrong, as a sentence for the reader. `unreachable` is said instead of the sync's own sentence where nothing is
 * tried again by itself.
 */
export function sentenceOf(problem: SyncProblem, unreachable?: string): string {
  if (problem.code === 'sync.unreachable' && unreachable) return unreachable;
  const facts = Object.fromEntries(
    Object.entries(problem.facts).map(([name, fact]) => [name, typeof fact === 'number' ? fact : String(fact)]),
  );
  return say('refusal', problem.code, facts, say('refusal', 'server.busy'));
}

export class Asking<T> {
  isLoading = $state(true);
  value: T | null = $state.raw(null);
  etag: string | null = $state(null);
  keptSince: number | null = $state(null);
  problem: SyncProblem | null = $state.raw(null);
  readonly #ask: () => Promise<Asked<T>>;
  #turn = 0;

  constructor(ask: () => Promise<Asked<T>>) {
    this.#ask = ask;
    void this.again();
  }

  /** What was there stays in sight while it is asked again. */
  async again(): Promise<void> {
    const turn = ++this.#turn;
    this.isLoading = true;
    const asked = await this.#ask();
    if (turn !== this.#turn) return;
    this.take(asked);
    this.isLoading = false;
  }

  take(asked: Asked<T>): void {
    if (asked.value !== null || this.value === null) this.value = asked.value;
    if (asked.problem === null || this.etag === null) this.etag = asked.etag;
    this.keptSince = asked.keptSince;
    this.problem = asked.problem;
  }
}
