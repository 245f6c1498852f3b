/**
 * What the app says about sync, as runes: how much waits, what is going on, when it last worked, what went wrong.
 *
 * Read it in a component: `syncStatus.waitingOperations`. Connected once a session is there, by session.ts.
 */
import { online } from 'svelte/reactivity/window';
import type { AuditbookDatabase } from '../store/database';
import { fromDatabase } from '../store/live';
import { watchOutbox, type Outbox } from '../store/outbox';
import type { EngineState, Phase, SyncEngine } from './engine';
import { isRunning, problemToTell, readBlocked, type SyncProblem } from './problem';

class SyncStatus {
  phase: Phase = $state('idle');
  problem: SyncProblem | null = $state.raw(null);
  /** The server refuses this tablet, as it last said: recording goes on, what is sent is kept aside. */
  blocked: SyncProblem | null = $state.raw(null);
  clockSkew: number | null = $state(null);
  broughtInName = $state(0);
  /** Milliseconds since 1970, of whichever tab it was; null for never. */
  lastSuccessAt: number | null = $state(null);
  #outbox: Outbox | undefined = $state.raw(undefined);
  #engine: SyncEngine | undefined;
  #stops: (() => void)[] = [];

  /** Operations that have not come back from the server; undefined until counted. */
  get waitingOperations(): number | undefined {
    return this.#outbox?.operations;
  }

  /** Files whose bytes the server has not confirmed. */
  get waitingPhotos(): number | undefined {
    return this.#outbox?.photos;
  }

  /** Operations of others that came by hand and have not come back from the server. */
  get waitingCarried(): number | undefined {
    return this.#outbox?.carried;
  }

  /** All three together; undefined until counted. */
  get waiting(): number | undefined {
    if (this.#outbox === undefined) return undefined;
    return this.#outbox.operations + this.#outbox.photos + this.#outbox.carried;
  }

  /** Files that no longer read as they were taken. */
  get damagedPhotos(): number {
    return this.#outbox?.damaged ?? 0;
  }

  get isSignInNeeded(): boolean {
    return this.phase === 'sign_in_needed';
  }

  get isBlocked(): boolean {
    return this.blocked !== null;
  }

  /** What a screen says of it: null while a new attempt runs. */
  get problemToTell(): SyncProblem | null {
    return problemToTell(this);
  }

  /** An attempt is under way. */
  get isRunning(): boolean {
    return isRunning(this.phase);
  }

  /** The server could not be reached at the last attempt, or the tablet itself says that it has no network. */
  get isAway(): boolean {
    return (
      online.current === false ||
      ['sync.unreachable', 'sync.gateway', 'sync.not_the_server'].includes(this.problem?.code ?? '')
    );
  }

  /** Whether anything of one audit waits. */
  isWaiting(audit: string): boolean {
    return this.#outbox?.byAudit.has(audit) ?? false;
  }

  /** The button. */
  syncNow(): void {
    this.#engine?.nudge();
  }

  connect(engine: SyncEngine, db: AuditbookDatabase): void {
    this.disconnect();
    this.#engine = engine;
    this.#stops = [
      engine.subscribe((state) => this.#show(state)),
      watchOutbox(db).subscribe((outbox) => (this.#outbox = outbox)),
      fromDatabase(async () => (await db.device_state.get('last_sync_at'))?.value ?? null).subscribe((at) => {
        if (typeof at === 'number') this.lastSuccessAt = at;
      }),
      fromDatabase(() => readBlocked(db)).subscribe((blocked) => (this.blocked = blocked ?? null)),
    ];
  }

  disconnect(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#engine = undefined;
    this.#outbox = undefined;
    this.phase = 'idle';
    this.problem = null;
    this.blocked = null;
    this.lastSuccessAt = null;
  }

  #show({ phase, problem, clockSkew, broughtInName }: EngineState): void {
    this.phase = phase;
    this.problem = problem;
    this.clockSkew = clockSkew;
    this.broughtInName = broughtInName;
  }
}

export const syncStatus = new SyncStatus();
