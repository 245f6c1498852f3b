/**
 * When to sync, and in which order. It relies on results only: `navigator.onLine` lies both ways.
 *
 * A run: who is signed in -> what the office keeps -> the list of audits -> each audit, push then pull -> the bytes of evidence
 * -> what the server holds of each audit, signed -> thumbnails. One tab at a time (Web Locks); any tab may capture. Nothing that goes wrong here touches what is stored.
 */
import type { Answer, ApiClient } from '../api/client';
import type { Schemas } from '../domain/vocabulary';
import { forgetArrived, heldAudits, isOfToday, restCarried, wakeCarried } from '../store/carried';
import { readWanted } from '../store/content-back';
import { installationOf, type AuditbookDatabase, type CarriedBatch } from '../store/database';
import { APP_VERSION, device } from '../store/device';
import { deviceKey } from '../store/keys';
import { askAgain, forgetCovered, readOldLogs } from '../store/old-log';
import { readOutbox, watchOutbox } from '../store/outbox';
import { ownChains, rewindByOne, rewindToWaiting } from '../store/own-chains';
import { isPartial, readCursor } from '../store/pulled';
import { encode } from '../store/codec';
import { readReference } from '../store/reference';
import { resetCursor } from '../store/repair';
import { noteServerClock } from '../store/server-clock';
import { Backoff } from './backoff';
import { carryAudit } from './carry';
import { askCustody } from './custody';
import { hearOfLeft } from './left';
import {
  concernsOneAudit,
  isBlocked,
  isSignInNeeded,
  noteBlocked,
  problemOf,
  Stopped,
  type SyncProblem,
} from './problem';
import { handBack, isLogThere } from './hand-back';
import { pullAudit } from './pull';
import { BatchSize, pushAudit } from './push';
import { fetchThumbnails, keepListings, noteReadiness, refreshReference } from './take-along';
import { uploadWaiting } from './upload-evidence';

export type Phase = 'idle' | 'checking' | 'sending' | 'fetching' | 'uploading' | 'waiting' | 'sign_in_needed';

export interface EngineState {
  readonly phase: Phase;
  /** Milliseconds since 1970, of the last run that went through; null for never. */
  readonly lastSuccessAt: number | null;
  readonly problem: SyncProblem | null;
  /** Server minus device, in milliseconds, as of the last answer; null while unknown. */
  readonly clockSkew: number | null;
  /** Entries in this account's name that others brought and that wait for it, as of the last answer. */
  readonly broughtInName: number;
}

/** The lock of the browser, or one of a test. Runs the work, or answers false because another tab is at it. */
export type Lock = (name: string, work: () => Promise<void>, isStolen: boolean) => Promise<boolean>;

export interface EngineOptions {
  readonly upload?: (isStopped: () => boolean) => Promise<number>;
  readonly lock?: Lock;
  readonly chance?: () => number;
}

const REFERENCE_AGE_MS = 10 * 60_000;
const AFTER_COMMIT_MS = 400;
/** Rounds of push and pull for one audit in one run: the second repairs, the third is for bad luck. */
const ROUNDS = 3;
/** A tab that holds the lock for so long without an end is frozen: the work is idempotent, so another one may take it. */
const LOCK_PATIENCE_MS = 6 * 60_000;

export class SyncEngine {
  readonly #db: AuditbookDatabase;
  readonly #api: ApiClient;
  readonly #lock: Lock;
  readonly #upload: (isStopped: () => boolean) => Promise<number>;
  readonly #backoff: Backoff;
  readonly #size = new BatchSize();
  readonly #listeners = new Set<(state: EngineState) => void>();
  #state: EngineState = { phase: 'idle', lastSuccessAt: null, problem: null, clockSkew: null, broughtInName: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;
  /** Not started, or stopped: nothing runs by itself. */
  #isStopped = true;
  /** `stop` came in the middle of a run: it ends after the request that is under way. */
  #isCancelled = false;
  #lockedOutSince: number | null = null;
  #stopWatching: (() => void)[] = [];

  constructor(db: AuditbookDatabase, api: ApiClient, options: EngineOptions = {}) {
    this.#db = db;
    this.#api = api;
    this.#lock = options.lock ?? browserLock;
    this.#upload = options.upload ?? ((isStopped) => uploadWaiting(db, api, { isStopped }));
    this.#backoff = new Backoff(options.chance);
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Calls at once and after every change; returns the way to stop it. */
  subscribe(listener: (state: EngineState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => this.#listeners.delete(listener);
  }

  /** From now on whenever there is a reason to: at the start, after a commit, when the app is looked at again, by the clock. */
  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#isCancelled = false;
    const lookedAt = (): void => {
      if (typeof document === 'undefined' || document.visibilityState === 'visible') this.nudge();
    };
    for (const [target, type] of [
      [globalThis, 'online'],
      [globalThis, 'pageshow'],
      [globalThis.document, 'visibilitychange'],
    ] as const) {
      target?.addEventListener?.(type, lookedAt);
      this.#stopWatching.push(() => target?.removeEventListener?.(type, lookedAt));
    }
    let before = 0;
    this.#stopWatching.push(
      watchOutbox(this.#db).subscribe((outbox) => {
        const waiting = (outbox?.operations ?? 0) + (outbox?.photos ?? 0) + (outbox?.carried ?? 0);
        // While the server cannot be reached, its own clock decides: not every tap is an attempt.
        if (waiting > before && this.#state.problem === null) {
          // The end of a run sets the timer anew, so a commit in the middle of one has to be remembered.
          if (this.#running !== undefined) this.#isAskedAgain = true;
          else this.#schedule(AFTER_COMMIT_MS);
        }
        before = waiting;
      }),
    );
    this.nudge();
  }

  /** Resolves when the run that is under way has ended: until then it holds the lock, also against an engine of the same tab. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#isCancelled = true;
    clearTimeout(this.#timer);
    for (const stop of this.#stopWatching.splice(0)) stop();
    await this.#running?.catch(() => undefined);
  }

  /** Try now; while a run is under way, once more after it. */
  nudge(): void {
    void this.syncNow();
  }

  /** The same, to wait for. */
  async syncNow(): Promise<EngineState> {
    if (this.#running !== undefined) {
      this.#isAskedAgain = true;
      await this.#running;
      return this.#state;
    }
    this.#running = this.#attempt().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
    return this.#state;
  }

  async #attempt(): Promise<void> {
    clearTimeout(this.#timer);
    const name = `auditbook-sync-${this.#db.account}`;
    const isStolen = this.#lockedOutSince !== null && device.now() - this.#lockedOutSince > LOCK_PATIENCE_MS;
    let ran = true;
    do {
      this.#isAskedAgain = false;
      // Another tab took the lock from this one while it was frozen: the clock goes on here all the same.
      ran = await this.#lock(name, () => this.#run(), isStolen).catch(() => false);
    } while (ran && this.#isAskedAgain && this.#state.problem === null && !this.#isStopped);
    this.#lockedOutSince = ran ? null : (this.#lockedOutSince ?? device.now());
    if (!this.#isStopped && this.#state.phase !== 'sign_in_needed') this.#schedule(this.#backoff.next());
  }

  async #run(): Promise<void> {
    try {
      const problem = await this.#runAll();
      // One audit that cannot be synced must not make the others wait longer, nor pass for success.
      if (problem === null) this.#backoff.succeeded();
      else this.#backoff.failed(problem.retryAfter);
      const at = problem === null ? device.now() : this.#state.lastSuccessAt;
      if (problem === null) await this.#db.device_state.put({ key: 'last_sync_at', value: at });
      this.#change({ phase: problem === null ? 'idle' : 'waiting', problem, lastSuccessAt: at });
    } catch (thrown) {
      const problem: SyncProblem =
        thrown instanceof Stopped
          ? thrown.problem
          : { code: 'sync.storage', facts: { why: String(thrown) }, status: null, audit: null };
      this.#backoff.failed(problem.retryAfter);
      this.#change({ phase: isSignInNeeded(problem) ? 'sign_in_needed' : 'waiting', problem });
    }
  }

  async #runAll(): Promise<SyncProblem | null> {
    this.#change({ phase: 'checking' });
    const session = await this.#checkSession();
    try {
      return await this.#exchange(session);
    } catch (thrown) {
      if (thrown instanceof Stopped && isBlocked(thrown.problem)) {
        await noteBlocked(this.#db, thrown.problem);
        await this.#handIn();
      }
      throw thrown;
    }
  }

  /** A blocked tablet is given nothing any more. What was recorded on it is handed in all the same; the server keeps it aside. */
  async #handIn(): Promise<void> {
    const works = (await this.#auditsToSync([])).map((audit) => async () => {
      this.#change({ phase: 'sending' });
      await pushAudit(this.#db, this.#api, audit, this.#size, () => this.#isCancelled);
    });
    works.push(async () => {
      this.#change({ phase: 'uploading' });
      await this.#upload(() => this.#isCancelled);
    });
    for (const work of works) {
      try {
        if (!this.#isCancelled) await work();
      } catch (thrown) {
        // One audit that the server does not take must not hold up the others; that the tablet is blocked is what is said.
        if (!(thrown instanceof Stopped) || !concernsOneAudit(thrown.problem)) throw thrown;
      }
    }
  }

  async #exchange(session: Schemas['Session']): Promise<SyncProblem | null> {
    await this.#enrol(session);
    const kept = await readReference(this.#db, 'state');
    if (kept === null || device.now() - kept.fetchedAt > REFERENCE_AGE_MS) {
      await refreshReference(this.#db, this.#api, session);
    }
    const listings = expectValue(await this.#api.readAudits());
    await noteBlocked(this.#db, null);
    await this.#welcome(listings);
    const vanished = await this.#sendVanishedAgain(listings, session);
    await keepListings(this.#db, listings);
    // They are asked about once more in the next run, as if they left the list only then.
    for (const { audit } of vanished) await this.#db.audits.update(audit, { listed: 1 });
    let first: SyncProblem | null = vanished[0]?.problem ?? null;
    const perAudit = async (audit: string, work: () => Promise<void>): Promise<void> => {
      try {
        if (!this.#isCancelled) await work();
      } catch (thrown) {
        if (!(thrown instanceof Stopped) || !concernsOneAudit(thrown.problem)) throw thrown;
        first ??= { ...thrown.problem, audit };
      }
    };
    // Before anything is sent: an audit that was begun here would look as if it had left the list.
    let lacking: readonly string[] = [];
    await perAudit('', async () => void (lacking = await hearOfLeft(this.#db, this.#api, listings)));
    for (const audit of lacking) await perAudit(audit, () => this.#sendOnceMore(audit, session));
    const audits = await this.#auditsToSync(listings);
    for (const audit of audits) {
      const listing = listings.find((other) => other.id === audit);
      await perAudit(audit, () => this.#syncAudit(audit, listing, session));
    }
    this.#change({ phase: 'uploading' });
    await perAudit('', async () => void (await this.#upload(() => this.#isCancelled)));
    for (const audit of audits) await perAudit(audit, () => askCustody(this.#db, this.#api, audit));
    for (const listing of listings) {
      await perAudit(listing.id, async () => {
        const missing = await fetchThumbnails(this.#db, this.#api, listing.id, () => this.#isCancelled);
        await noteReadiness(this.#db, listing, missing);
      });
    }
    return first;
  }

  async #checkSession(): Promise<Schemas['Session']> {
    const session = expectValue(await this.#api.readSession());
    const serverTime = Date.parse(session.server_time);
    this.#change({ broughtInName: session.brought_in_name });
    if (Number.isFinite(serverTime)) {
      const now = device.now();
      this.#change({ clockSkew: serverTime - now });
      await noteServerClock(this.#db, serverTime, now);
    }
    // Somebody else signed in on this browser. What lies here is not theirs and is not sent under their name.
    if (session.account !== this.#db.account) {
      throw new Stopped({ code: 'sync.other_account', facts: {}, status: null, audit: null });
    }
    return session;
  }

  /** Again after the installation changed, when a key could be made after all, and in each new session: only such a one may pull. */
  async #enrol(session: Schemas['Session']): Promise<void> {
    const id = await installationOf(this.#db);
    const key = await deviceKey(this.#db, id);
    const mark = `${id} ${key?.public_key ?? '-'}`;
    const isEnrolled = (await this.#db.device_state.get('enrolled'))?.value === mark;
    if (isEnrolled && session.installation === id) return;
    const name = `${session.name}, Auditbook ${APP_VERSION}`;
    expectValue(await this.#api.enrol({ id, name, public_key: key?.public_key ?? null }));
    await this.#db.device_state.put({ key: 'enrolled', value: mark });
  }

  /**
   * A server restored from a backup that is older than an audit does not list it, so nothing would ever ask for it again.
   * Under an epoch of its own, what this tablet wrote is sent once more. Leaving a team changes the list, but no epoch; nor does a
   * backup that was put back without a word. So when an audit leaves the list, once, the server is shown what it had signed of it.
   * What is kept of an old log, and not taken yet, is handed back in each run, however far the last one came.
   * Those of which nothing could be learnt, with why: whatever stops them must not hold up the audits that are there.
   */
  async #sendVanishedAgain(
    listings: readonly Schemas['AuditListing'][],
    session: Schemas['Session'],
  ): Promise<{ audit: string; problem: SyncProblem }[]> {
    const listed = new Set(listings.map((listing) => listing.id));
    const kept = new Set((await this.#db.old_logs.toCollection().primaryKeys()).map(([audit]) => audit));
    const gone = await this.#db.logs
      .filter(({ audit, epoch }) => !listed.has(audit) && (epoch !== null || kept.has(audit)))
      .toArray();
    if (gone.length === 0) return [];
    const { epoch } = expectValue(await this.#api.readState());
    const stopped: { audit: string; problem: SyncProblem }[] = [];
    for (const log of gone) {
      try {
        const isHere = log.epoch === epoch && (await this.#isStillThere(log.audit));
        if (log.epoch !== null && !isHere) await this.#goBack(log.audit);
        await this.#giveBack(log.audit, epoch, session);
      } catch (thrown) {
        if (!(thrown instanceof Stopped)) throw thrown;
        stopped.push({ audit: log.audit, problem: { ...thrown.problem, audit: log.audit } });
      }
    }
    return stopped;
  }

  /** Asked once about each audit that is not listed (any more), in the epoch in which it was pulled. */
  async #isStillThere(audit: string): Promise<boolean> {
    const row = await this.#db.audits.get(audit);
    if (row?.listed === 0) return true;
    const isThere = await isLogThere(this.#db, this.#api, audit, this.#size);
    // Sent from here, and never listed for this account: that it was asked about is known from now on.
    if (isThere && !row) {
      await this.#db.audits.put({ id: audit, listed: 0, body: encode({ listing: null, readiness: null }) });
    }
    return isThere;
  }

  async #goBack(audit: string): Promise<void> {
    await resetCursor(this.#db, audit);
    // There is nothing to pull that would tell what is lacking: all of it is.
    await rewindToWaiting(this.#db, audit);
  }

  async #giveBack(audit: string, epoch: string, session: Schemas['Session']): Promise<void> {
    if (await handBack(this.#db, this.#api, audit, this.#size, () => this.#isCancelled, epoch)) {
      await this.#pullWhereKnown(audit, session);
    }
  }

  /**
   * The log that it was pulled from is not there any more, though its epoch is: what was written here goes once more. Once a day at most,
   * should the reason be another one.
   */
  async #sendOnceMore(audit: string, session: Schemas['Session']): Promise<void> {
    const row = await this.#db.audits.get(audit);
    const { epoch } = await readCursor(this.#db, audit);
    if (row === undefined || epoch === null || isOfToday(row.sent_again_at)) return;
    await this.#db.audits.update(audit, { sent_again_at: device.now() });
    await this.#goBack(audit);
    await this.#giveBack(audit, epoch, session);
  }

  /** Let in (again): what the server did not find for this account it may find now. */
  async #welcome(listings: readonly Schemas['AuditListing'][]): Promise<void> {
    const known = await this.#db.audits.bulkGet(listings.map((listing) => listing.id));
    for (const [index, { id }] of listings.entries()) {
      if (known[index]?.listed === 1) continue;
      await askAgain(this.#db, id);
      await wakeCarried(this.#db, id);
    }
  }

  /** What waits here first, then what differs there. */
  async #auditsToSync(listings: readonly Schemas['AuditListing'][]): Promise<string[]> {
    const outbox = await readOutbox(this.#db);
    const waiting = [...outbox.byAudit]
      .filter(([, count]) => count.operations + count.carried > 0)
      .map(([audit]) => audit);
    return [...new Set([...waiting, ...listings.map((listing) => listing.id)])];
  }

  async #syncAudit(
    audit: string,
    listing: Schemas['AuditListing'] | undefined,
    session: Schemas['Session'],
  ): Promise<void> {
    if (listing === undefined && (await heldAudits(this.#db)).has(audit)) {
      // What was brought for others rests: what this account has written upon it goes, and what the server says of it is given.
      this.#change({ phase: 'sending' });
      await pushAudit(this.#db, this.#api, audit, this.#size, () => this.#isCancelled);
      if (await this.#isAnythingSent(audit)) await this.#pullWhereKnown(audit, session);
      return;
    }
    // Let in (again): what was only named until now is given.
    if (listing !== undefined && (await isPartial(this.#db, audit))) await resetCursor(this.#db, audit);
    const { epoch } = await readCursor(this.#db, audit);
    if (listing !== undefined && epoch !== null && listing.epoch !== epoch) {
      // It was restored, and judges what is sent by what it remembers: first it gets its own words back.
      await this.#pull(audit, session);
      await rewindToWaiting(this.#db, audit);
    }
    let carried: readonly CarriedBatch[] = [];
    let isOnceMore = false;
    for (let round = 0; round < ROUNDS; round += 1) {
      this.#change({ phase: 'sending' });
      // First what others wrote: it may be the birth of the audit, or what lets this account in.
      if (!isOnceMore) carried = await carryAudit(this.#db, this.#api, audit, this.#size, () => this.#isCancelled);
      const { sent } = await pushAudit(this.#db, this.#api, audit, this.#size, () => this.#isCancelled);
      const cursor = await readCursor(this.#db, audit);
      const isCurrent =
        listing !== undefined &&
        listing.epoch === cursor.epoch &&
        listing.head.seq === cursor.seq &&
        listing.head.hash === cursor.hash;
      const isWaiting = sent + carried.length > 0 || (await this.#isAnythingSent(audit));
      const isWanting =
        (await readWanted(this.#db, audit)).length > 0 || (await readOldLogs(this.#db, audit)).length > 0;
      if (isCurrent && !isWaiting && !isWanting) return;
      let wasReset: boolean;
      try {
        wasReset = await this.#pull(audit, session);
      } catch (thrown) {
        const isUnknown = thrown instanceof Stopped && thrown.problem.code === 'request.not_found';
        if (!isUnknown || (round > 0 && !isOnceMore)) throw thrown;
        // Sent, and never pulled, and the server has no such audit: it may have been restored from a backup of before.
        if (!isOnceMore && (await rewindByOne(this.#db, audit))) {
          isOnceMore = true;
          continue;
        }
        // Of work that was brought for others, whoever may not see it hears no more than that the server holds it.
        if (carried.length > 0 && (await restCarried(this.#db, audit, carried))) return;
        throw thrown;
      }
      isOnceMore = false;
      if (!(await rewindToWaiting(this.#db, audit)) && !wasReset) return;
    }
  }

  /** As below, of an audit that the server may hold without knowing it yet, or does not show to this account. */
  async #pullWhereKnown(audit: string, session: Schemas['Session']): Promise<void> {
    try {
      await this.#pull(audit, session);
    } catch (thrown) {
      if (!(thrown instanceof Stopped && thrown.problem.code === 'request.not_found')) throw thrown;
    }
  }

  /** What is new there; and where it turns out to lack what it has signed, that goes back to it. True where all was pulled anew. */
  async #pull(audit: string, session: Schemas['Session']): Promise<boolean> {
    const isStopped = (): boolean => this.#isCancelled;
    this.#change({ phase: 'fetching' });
    let { wasReset, isForked } = await pullAudit(this.#db, this.#api, audit, isStopped);
    if (await handBack(this.#db, this.#api, audit, this.#size, isStopped)) {
      const more = await pullAudit(this.#db, this.#api, audit, isStopped);
      [wasReset, isForked] = [wasReset || more.wasReset, isForked || more.isForked];
    }
    await forgetCovered(this.#db, audit);
    await forgetArrived(this.#db, audit);
    if (isForked) await this.#enrol(session);
    return wasReset;
  }

  /** Sent, and not seen again yet. */
  async #isAnythingSent(audit: string): Promise<boolean> {
    const waiting = (await readOutbox(this.#db)).byAudit.get(audit)?.operations ?? 0;
    return waiting > 0 && (await ownChains(this.#db, audit)).some((chain) => chain.pushed > 0);
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => this.nudge(), delay);
  }

  #change(change: Partial<EngineState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

function expectValue<T>(answer: Answer<T>): T {
  if (answer.kind === 'ok') return answer.value;
  if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }));
  throw new Stopped(problemOf(answer));
}

/** One tab at a time. Without Web Locks (an old browser) every tab may: the protocol bears repetition. */
const browserLock: Lock = async (name, work, isStolen) => {
  if (typeof navigator === 'undefined' || !navigator.locks) {
    await work();
    return true;
  }
  let working: Promise<void> | undefined;
  try {
    await navigator.locks.request(name, isStolen ? { steal: true } : { ifAvailable: true }, (lock) =>
      lock === null ? undefined : (working = work()),
    );
  } finally {
    // A lock that is stolen rejects at once, in the middle of the work.
    await working;
  }
  return working !== undefined;
};
