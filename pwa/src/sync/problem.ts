/** What stopped a sync, as the status shows it: a code that i18n/ translates, and its facts. Nothing stored is ever touched by it. */
import type { Failure } from '../api/client';
import type { AuditbookDatabase } from '../store/database';
import type { EngineState, Phase } from './engine';

export interface SyncProblem {
  /** A code of the server, or `sync.unreachable`, `sync.gateway`, `sync.not_the_server`, `sync.inconsistent`, `sync.storage`. */
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly status: number | null;
  readonly audit: string | null;
  /** Milliseconds for which whoever answered wants to be left alone. */
  readonly retryAfter?: number;
}

/** What a proxy between here and the server says when the server, or the line to it, does not do what it should. */
const OF_A_GATEWAY: readonly number[] = [408, 413, 429, 502, 503, 504];
/** Too much for the time that somebody on the way gives a request. */
const TOOK_TOO_LONG: readonly (number | null)[] = [408, 504];

/** Ends a run. Caught once, in engine.ts. */
export class Stopped extends Error {
  readonly problem: SyncProblem;

  constructor(problem: SyncProblem) {
    super(problem.code);
    this.name = 'Stopped';
    this.problem = problem;
  }
}

export function problemOf(failure: Failure, audit: string | null = null): SyncProblem {
  const wait = 'retryAfter' in failure ? { retryAfter: failure.retryAfter } : {};
  switch (failure.kind) {
    case 'problem':
      return { code: failure.problem.code, facts: failure.problem.facts, status: failure.status, audit, ...wait };
    case 'not_the_server': {
      const code = OF_A_GATEWAY.includes(failure.status) ? 'sync.gateway' : 'sync.not_the_server';
      return { code, facts: { status: failure.status }, status: failure.status, audit, ...wait };
    }
    case 'unreachable':
      return { code: 'sync.unreachable', facts: {}, status: null, audit };
  }
}

/** This tablet was blocked: it receives nothing, and what it sends is kept aside. */
export function isBlocked(problem: SyncProblem | null): boolean {
  return problem?.code === 'account.installation_revoked';
}

const BLOCKED = 'blocked';

/** That it was blocked, as the server last said; null where it is not. */
export async function readBlocked(db: AuditbookDatabase): Promise<SyncProblem | null> {
  return ((await db.device_state.get(BLOCKED))?.value ?? null) as SyncProblem | null;
}

/** `problem`: null where the server gave this tablet what it asked for. */
export async function noteBlocked(db: AuditbookDatabase, problem: SyncProblem | null): Promise<void> {
  if (problem === null) await db.device_state.delete(BLOCKED);
  else await db.device_state.put({ key: BLOCKED, value: problem });
}

/** Whoever works here has to sign in: the server itself said so, or the session is somebody else's. */
export function isSignInNeeded({ code }: SyncProblem): boolean {
  return ['account.sign_in_needed', 'sync.other_account'].includes(code);
}

/**
 * What a screen says went wrong. While a new attempt runs, what stopped the last one is no news any more; that the tablet is blocked
 * stays true until the server says otherwise, also where it cannot be reached.
 */
export function problemToTell({
  phase,
  problem,
  blocked,
}: Pick<EngineState, 'phase' | 'problem'> & { readonly blocked: SyncProblem | null }): SyncProblem | null {
  return blocked ?? (isRunning(phase) ? null : problem);
}

/** Whether an attempt is under way. */
export function isRunning(phase: Phase): boolean {
  return ['checking', 'sending', 'fetching', 'uploading'].includes(phase);
}

/** Whether less at once may arrive where this did not: a proxy, or our own patience, gave it up. */
export function tookTooLong(failure: Failure): boolean {
  if (failure.kind !== 'unreachable') return TOOK_TOO_LONG.includes(failure.status);
  return (failure.cause as { name?: unknown } | null)?.name === 'TimeoutError';
}

/** Whether trying the next audit makes sense: the server itself spoke, about this one. */
export function concernsOneAudit(problem: SyncProblem): boolean {
  if (isBlocked(problem)) return false;
  const isServer = problem.status !== null && !['sync.not_the_server', 'sync.gateway'].includes(problem.code);
  const isOfTheWhole = [401, 408, 429, 502, 503, 504, 507].includes(problem.status ?? 0);
  return (isServer && !isOfTheWhole) || problem.code === 'sync.inconsistent';
}
