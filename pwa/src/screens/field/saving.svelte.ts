/**
 * One piece of work on its way to the device. `saved` is said after the transaction is complete, never before;
 * what was not kept is told where it happened, and the screen still holds it.
 */
import { isRefusal, type Refusal } from '../../domain/refusal';
import { formatTime, say } from '../../i18n';
import type { Trust } from '../../store/queries';

/** The sentence for whatever a command threw or gave back instead of a result. */
export function sentenceFor(problem: unknown): string {
  const { code, facts } = (problem ?? {}) as Partial<Refusal>;
  if (typeof code === 'string') return say('refusal', code, facts ?? {}, say('refusal', 'storage.failed'));
  return say('refusal', 'storage.failed');
}

export class Saving {
  state: 'idle' | 'saving' | 'saved' | 'failed' = $state('idle');
  problem = $state('');
  /** When it was kept, as the reader writes times. */
  at = $state('');
  #again: (() => Promise<unknown>) | undefined;
  #trust: (() => Trust) | undefined = $state.raw();

  /** How safe it is by now: what was sent since is not said to be on this tablet only. */
  get trust(): Trust {
    return this.#trust?.() ?? 'saved';
  }

  /** Where somebody knows how far it has come. */
  follow(trust: () => Trust): void {
    this.#trust = trust;
  }

  /** Does it, and says whether the device has it. */
  async keep(act: () => Promise<unknown>): Promise<boolean> {
    this.#again = act;
    this.#trust = undefined;
    this.state = 'saving';
    try {
      const answer = await act();
      if (isRefusal(answer)) return this.#fail(answer);
      this.problem = '';
      this.at = formatTime(new Date().toISOString());
      this.state = 'saved';
      return true;
    } catch (problem) {
      return this.#fail(problem);
    }
  }

  tryAgain(): void {
    if (this.#again) void this.keep(this.#again);
  }

  #fail(problem: unknown): false {
    this.problem = sentenceFor(problem);
    this.state = 'failed';
    return false;
  }
}
