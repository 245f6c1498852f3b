/**
 * The question before the first change to what is sealed: what was sealed stays, and the report lists what changes.
 *
 * Asked once for each audit and each start of the app. Whoever says no has changed nothing.
 */

/** Audits in which somebody has said so, until the app is started again. */
const agreed = new Set<string>();

export class AfterSeal {
  isAsking = $state(false);
  #waiting: ((mayChange: boolean) => void)[] = [];
  readonly #audit: string;
  readonly #isSealed: () => boolean;

  constructor(audit: string, isSealed: () => boolean) {
    this.#audit = audit;
    this.#isSealed = isSealed;
  }

  /** True at once where nothing is sealed, or where it was said before; otherwise when a person has answered. */
  async mayChange(): Promise<boolean> {
    if (!this.#isSealed() || agreed.has(this.#audit)) return true;
    this.isAsking = true;
    return new Promise((answer) => this.#waiting.push(answer));
  }

  /** Somebody has said so elsewhere. */
  agree(): void {
    agreed.add(this.#audit);
  }

  answer(mayChange: boolean): void {
    if (mayChange) agreed.add(this.#audit);
    this.isAsking = false;
    for (const tell of this.#waiting.splice(0)) tell(mayChange);
  }
}
