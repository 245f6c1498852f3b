/**
 * The device did not keep what was just entered. The screen still holds it and says so: this is the one thing that must never
 * pass for saved. Codes are translated in i18n/ like refusals.
 */
export type NotSavedCode =
  | 'storage.full' //      no room left
  | 'storage.closed' //    the connection to the database was lost, twice
  | 'storage.newer_app' // another tab runs a newer version: reload
  | 'storage.unreadable' // bytes read back differ from what was written
  | 'storage.failed'; //   anything else

export class NotSaved extends Error {
  readonly code: NotSavedCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(code: NotSavedCode, cause?: unknown, facts: Readonly<Record<string, string | number>> = {}) {
    super(code, { cause });
    this.name = 'NotSaved';
    this.code = code;
    this.facts = facts;
  }
}

/** What went wrong in a transaction, however deep Dexie wrapped it. */
export function asNotSaved(problem: unknown): NotSaved {
  if (problem instanceof NotSaved) return problem;
  const names = namesOf(problem);
  if (names.includes('QuotaExceededError')) return new NotSaved('storage.full', problem);
  if (names.includes('VersionError') || names.includes('VersionChangeError')) {
    return new NotSaved('storage.newer_app', problem);
  }
  if (isConnectionLost(problem)) return new NotSaved('storage.closed', problem);
  return new NotSaved('storage.failed', problem);
}

const LOST = ['InvalidStateError', 'UnknownError', 'DatabaseClosedError', 'OpenFailedError', 'TimeoutError'];

/** iOS loses the connection when the app was in the background: reopening once helps, more often it does not. */
export function isConnectionLost(problem: unknown): boolean {
  const names = namesOf(problem);
  return !names.includes('QuotaExceededError') && names.some((name) => LOST.includes(name));
}

function namesOf(problem: unknown, depth = 5): string[] {
  if (typeof problem !== 'object' || problem === null || depth === 0) return [];
  const { name, inner, cause } = problem as { name?: unknown; inner?: unknown; cause?: unknown };
  return [...(typeof name === 'string' ? [name] : []), ...namesOf(inner, depth - 1), ...namesOf(cause, depth - 1)];
}
