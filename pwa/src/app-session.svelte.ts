/**
 * Who works on this tablet, for every screen: `session.current`.
 *
 * The last account of this tablet is opened from what is stored here, before the network is asked: an audit starts in a
 * cellar as it does in the office. Being signed out at the server later is said (`session.isSignedOut`), never enforced.
 */
import { ApiClient } from './api/client';
import { makeMissingPictures } from './commands/evidence';
import { recoverRecordings } from './commands/voice';
import type { Refusal } from './domain/refusal';
import type { Schemas } from './domain/vocabulary';
import { nothingIsOpen } from './nothing-is-open';
import { isPermitted, type WorkspaceAction } from './domain/workspace-permission';
import { watchReference } from './store/reference';
import { AuditbookDatabase } from './store/database';
import { beginFreshLog } from './store/fresh-log';
import type { Session } from './store/session';
import { SyncEngine } from './sync/engine';
import type { SyncProblem } from './sync/problem';
import { Sessions, type Started } from './sync/session';
import { syncStatus } from './sync/status.svelte';

export type Workspace = Schemas['Workspace'];
export type CurrentSession = Session;

/** Somebody who has worked on this tablet before, as the sign-in offers it. */
export interface Known {
  readonly name: string;
  readonly email: string;
}

class AppSession {
  current: CurrentSession | null = $state.raw(null);
  /** False until it is known whether somebody has worked on this tablet before. */
  isReady = $state(false);
  /** The data of this account was here and is gone: said until it was read, never passed over. */
  isStorageLost = $state(false);
  /** The storage of this tablet cannot be opened at all; nothing can be kept until it can. */
  isStorageClosed = $state(false);
  /** Another tab of an older version still has something open: this one waits for the storage. */
  isWaitingForTab = $state(false);
  /** Another tab of a newer version has the storage now: nothing can be recorded in this one any more. */
  isGivenAway = $state(false);
  known: readonly Known[] = $state.raw([]);

  /** The workspace that new things belong to: the only one of most people. */
  readonly workspace: Workspace | null = $derived(this.current?.workspaces[0] ?? null);
  /** The server does not know us any more, or not yet. Work goes on; sending waits. */
  readonly isSignedOut = $derived(this.current !== null && syncStatus.isSignInNeeded);

  readonly #sessions = new Sessions({
    openAccount: (account) => {
      const database = new AuditbookDatabase(account);
      database.on('blocked', () => (this.isWaitingForTab = true));
      database.beforeGivingAway = () => this.#giveAway();
      return database;
    },
  });
  readonly #api = new ApiClient();
  #engine: SyncEngine | null = null;
  #stopFollowing: (() => void) | null = null;

  /** Whether this account may do that in its workspace: the screen offers only what the server would allow. */
  may(action: WorkspaceAction): boolean {
    return isPermitted(this.workspace?.roles ?? [], action);
  }

  /** Open what is stored here; the network is asked afterwards, by the sync. */
  async boot(): Promise<void> {
    await beginFreshLog();
    try {
      this.known = await this.#sessions.knownAccounts();
      const started = await this.#sessions.startOffline();
      if (started) this.#enter(started);
    } catch {
      this.isStorageClosed = true;
      this.isWaitingForTab = false;
    }
    this.isReady = true;
  }

  /** null when it worked. */
  async signIn(email: string, password: string): Promise<SyncProblem | null> {
    const started = await this.#sessions.signIn(this.#api, email, password);
    if ('code' in started) return started;
    this.isStorageClosed = false;
    this.#enter(started);
    this.known = await this.#sessions.knownAccounts();
    return null;
  }

  /** Refused while work waits, unless it is forced knowingly; even then the work stays on this tablet. */
  async signOut(isForced = false): Promise<Refusal | null> {
    const leaving = this.current;
    if (!leaving) return null;
    void this.#engine?.stop();
    const refusal = await this.#sessions.signOut(leaving, this.#api, isForced);
    if (refusal) {
      this.#engine?.start();
      return refusal;
    }
    void this.#leave();
    return null;
  }

  #enter({ session, isStorageLost }: Started): void {
    const left = this.#leave();
    this.isWaitingForTab = false;
    this.current = session;
    this.isStorageLost = isStorageLost;
    const engine = new SyncEngine(session.database, this.#api);
    this.#engine = engine;
    syncStatus.connect(engine, session.database);
    // Signed in again in the middle of a run: one that begins beside it would find the lock taken, and wait for a minute.
    void left.then(() => this.#engine === engine && engine.start());
    // Roles and names change in the office; the server's last word on them is kept by the sync.
    this.#stopFollowing = watchReference(session.database, 'session').subscribe((given) => {
      if (given && this.current?.account === given.account) this.#refresh(given);
    });
    void makeMissingPictures(session).catch(() => undefined);
    void recoverRecordings(session).catch(() => undefined);
  }

  async #giveAway(): Promise<void> {
    await nothingIsOpen();
    void this.#engine?.stop();
    this.isGivenAway = true;
  }

  #refresh({ name, email, language, workspaces }: Schemas['Session']): void {
    const before = this.current;
    if (!before) return;
    const isSame =
      JSON.stringify([before.name, before.email, before.workspaces]) === JSON.stringify([name, email, workspaces]);
    if (!isSame) this.current = { ...before, name, email, language, workspaces };
  }

  /** Resolves when nothing runs any more. */
  async #leave(): Promise<void> {
    const ended = this.#engine?.stop();
    this.#stopFollowing?.();
    syncStatus.disconnect();
    this.#engine = null;
    this.#stopFollowing = null;
    this.current = null;
    await ended;
  }
}

export const session = new AppSession();
