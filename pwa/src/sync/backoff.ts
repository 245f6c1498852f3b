/** How long to wait before the next attempt: doubling, with jitter so that a whole team does not knock at the same second. */

const FIRST_MS = 2_000;
const LONGEST_MS = 5 * 60_000;
/** Also when all is well: others may have written. */
export const REGULAR_MS = 60_000;

export class Backoff {
  #failures = 0;
  #leastWait = 0;
  readonly #chance: () => number;

  constructor(chance: () => number = Math.random) {
    this.#chance = chance;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#leastWait = 0;
  }

  /** `leastWait`: milliseconds for which whoever answered wants to be left alone. */
  failed(leastWait = 0): void {
    this.#failures += 1;
    this.#leastWait = leastWait;
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    if (this.#failures === 0) return REGULAR_MS;
    const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.#failures - 1));
    return Math.max(this.#leastWait, Math.round(full / 2 + (full / 2) * this.#chance()));
  }
}
