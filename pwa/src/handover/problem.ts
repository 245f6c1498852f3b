/** Why a file could not be written or taken in: a code that i18n/ translates. */
import type { Refusal } from '../domain/refusal';

export class HandoverProblem extends Error {
  override readonly name = 'HandoverProblem';
  readonly refusal: Refusal;

  constructor(refusal: Refusal, cause?: unknown) {
    super(refusal.code, { cause });
    this.refusal = refusal;
  }
}
