/** What stopped a sync, as the status shows it: a code that i18n/ translates, and its facts. Nothing stored is ever touched by it. */
import type { Failure } from '../api/client';
import type { EngineState, Phase } from './engine';

export interface SyncProblem {
  /** A code of the server, or `sync.unreachable`, `sync.not_the_server`, `sync.inconsistent`, `sync.storage`. */
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly status: number | null;
  readonly audit: string | null;
}

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
  switch (failure.kind) {
    case 'problem':
      return { code: failure.problem.code, facts: failure.problem.facts, status: failure.status, audit };
    case 'not_the_server':
      return { code: 'sync.not_the_server', facts: { status: failure.status }, status: failure.status, audit };
    case 'unreachable':
      return { code: 'sync.unreachable', facts: {}, status: null, audit };
  }
}

/** This tablet was blocked: it receives nothing, and what it sends is kept aside. */
export function isBlocked(problem: SyncProblem | null): boolean {
  return problem?.code === 'account.installation_revoked';
}

/**
 * What a screen says went wrong. While a new attempt runs, what stopped the last one is no news any more; that the tablet is blocked
 * stays true until the server says otherwise.
 */
export function problemToTell({ phase, problem }: Pick<EngineState, 'phase' | 'problem'>): SyncProblem | null {
  return isRunning(phase) && !isBlocked(problem) ? null : problem;
}

/** Whether an attempt is under way. */
export function isRunning(phase: Phase): boolean {
  return ['checking', 'sending', 'fetching', 'uploading'].includes(phase);
}

/** Whether trying the next audit makes sense: the server itself spoke, about this one. */
export function concernsOneAudit(problem: SyncProblem): boolean {
  if (isBlocked(problem)) return false;
  const isServer = problem.status !== null && problem.code !== 'sync.not_the_server';
  return (isServer && ![401, 429, 503, 507].includes(problem.status!)) || problem.code === 'sync.inconsistent';
}
