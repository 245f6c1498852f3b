/**
 * Who works on this tablet: signing in, starting without a network, signing out.
 *
 * Each account has a database of its own; another account's work is neither seen, sent nor hidden. Signing out never deletes
 * anything, and is refused while work waits unless the person says so.
 */
import type { ApiClient } from '../api/client';
import { refuse, type Refusal } from '../domain/refusal';
import type { Schemas } from '../domain/vocabulary';
import { AuditbookDatabase, DeviceDatabase, installationOf, setUpAccount, type KnownAccount } from '../store/database';
import { device, newId } from '../store/device';
import { readAgain } from '../store/read-again';
import { readOutbox } from '../store/outbox';
import { keepReference, readReference } from '../store/reference';
import type { Session } from '../store/session';
import { problemOf, type SyncProblem } from './problem';

const LAST_USED = 'last_account';
const INSTALLATION = 'installation';
/** A second place that knows the account, which is cleared by other accidents than IndexedDB. */
const MARKER_KEY = 'auditbook.accounts';

export interface Started {
  readonly session: Session;
  /** The data of this account is gone although it worked here before: to be said, never to be passed over. */
  readonly isStorageLost: boolean;
}

export interface SessionOptions {
  readonly openAccount?: (account: string) => AuditbookDatabase;
  readonly deviceDatabase?: DeviceDatabase;
}

export class Sessions {
  readonly #device: DeviceDatabase;
  readonly #openAccount: (account: string) => AuditbookDatabase;

  constructor({ openAccount, deviceDatabase }: SessionOptions = {}) {
    this.#device = deviceDatabase ?? new DeviceDatabase();
    this.#openAccount = openAccount ?? ((account) => new AuditbookDatabase(account));
  }

  /** Accounts that have worked on this tablet, the last one first. */
  async knownAccounts(): Promise<KnownAccount[]> {
    return (await this.#device.accounts.orderBy('used_at').toArray()).reverse();
  }

  /** Begin with the account that was signed in last; null when there is none. Needs no network. */
  async startOffline(): Promise<Started | null> {
    const last = await this.#device.device_state.get(LAST_USED);
    const known = typeof last?.value === 'string' ? await this.#device.accounts.get(last.value) : undefined;
    return known === undefined ? null : this.#open(known);
  }

  /** Sign in at the server. What lies on this tablet from an earlier session of the account is there again. */
  async signIn(api: ApiClient, email: string, password: string): Promise<Started | SyncProblem> {
    const answer = await api.signIn(email, password);
    if (answer.kind === 'unchanged') return problemOf({ kind: 'not_the_server', status: 304 });
    if (answer.kind !== 'ok') return problemOf(answer);
    const given = answer.value;
    const before = await this.#device.accounts.get(given.account);
    const known: KnownAccount = {
      account: given.account,
      email: given.email,
      name: given.name,
      language: given.language,
      marker: before?.marker ?? newId(),
      used_at: device.now(),
    };
    const started = await this.#open(known, given, before !== undefined || isRemembered(given.account));
    await this.#device.transaction('rw', [this.#device.accounts, this.#device.device_state], async () => {
      await this.#device.accounts.put(known);
      await this.#device.device_state.put({ key: LAST_USED, value: given.account });
    });
    remember(given.account);
    return started;
  }

  /** Refused while work waits, unless the person chose so knowingly; even then it stays on this tablet. */
  async signOut(session: Session, api: ApiClient, isForced = false): Promise<Refusal | null> {
    const { operations, photos, carried } = await readOutbox(session.database);
    if (operations + photos + carried > 0 && !isForced) {
      return refuse('account.unsent_work', { operations: operations + carried, photos });
    }
    // Offline the cookie stays until the server can be told; the tablet asks for a password either way.
    await api.signOut();
    await this.#device.device_state.delete(LAST_USED);
    session.database.close();
    return null;
  }

  async #open(known: KnownAccount, given?: Schemas['Session'], wasHere = true): Promise<Started> {
    const database = this.#openAccount(known.account);
    await database.open();
    const marker = await database.device_state.get('marker');
    const isStorageLost = wasHere && marker === undefined;
    // Emptied under us: what it wrote went on under the old installation, so this one gets a new name.
    await setUpAccount(database, isStorageLost ? newId() : await this.#installation(), known.marker);
    await readAgain(database);
    if (given !== undefined) await keepReference(database, 'session', given);
    const kept = given ?? (await readReference(database, 'session'))?.value;
    const session: Session = {
      account: known.account,
      name: kept?.name ?? known.name,
      email: kept?.email ?? known.email,
      language: kept?.language ?? known.language,
      installation: await installationOf(database),
      workspaces: kept?.workspaces ?? [],
      database,
    };
    return { session, isStorageLost };
  }

  /** One for this browser; made at the first start. */
  async #installation(): Promise<string> {
    return this.#device.transaction('rw', this.#device.device_state, async () => {
      const kept = await this.#device.device_state.get(INSTALLATION);
      if (kept !== undefined) return kept.value as string;
      const made = newId();
      await this.#device.device_state.put({ key: INSTALLATION, value: made });
      return made;
    });
  }
}

function isRemembered(account: string): boolean {
  return rememberedAccounts().includes(account);
}

function remember(account: string): void {
  try {
    const accounts = new Set([...rememberedAccounts(), account]);
    localStorage.setItem(MARKER_KEY, JSON.stringify([...accounts]));
  } catch {
    // Forbidden storage: the device database remains.
  }
}

function rememberedAccounts(): string[] {
  try {
    const accounts: unknown = JSON.parse(localStorage.getItem(MARKER_KEY) ?? '[]');
    return Array.isArray(accounts) ? accounts.filter((account) => typeof account === 'string') : [];
  } catch {
    return [];
  }
}
