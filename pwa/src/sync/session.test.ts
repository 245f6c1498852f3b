import 'fake-indexeddb/auto';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { add, set } from '../store/changes';
import { commit } from '../store/commit';
import { AuditbookDatabase, DeviceDatabase, installationOf } from '../store/database';
import { readLog } from '../store/queries';
import { ARON, AUDIT, LENA, testLong } from '../store/testing';
import { SyncEngine, type EngineState, type Lock } from './engine';
import { ModelServer } from './model-server';
import { isRunning, problemToTell } from './problem';
import { Sessions, type Started } from './session';

const finding = add('finding', 'f1', { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' });

/** One browser with its storages; `restart` is the app started again. */
function browser() {
  const indexedDB = new IDBFactory();
  const options = { indexedDB, IDBKeyRange };
  const restart = (): Sessions =>
    new Sessions({
      deviceDatabase: new DeviceDatabase(options),
      openAccount: (account) => new AuditbookDatabase(account, options),
    });
  return { restart, indexedDB };
}

async function signIn(sessions: Sessions, server: ModelServer, account: string): Promise<Started> {
  const started = await sessions.signIn(
    server.apiFor(() => account),
    'lena@example.org',
    'three unrelated words',
  );
  if (!('session' in started)) throw new Error(started.code);
  return started;
}

describe('a session', () => {
  test('begins at the server once and without a network ever after', async () => {
    const { restart } = browser();
    expect(await restart().startOffline()).toBeNull();
    const { session } = await signIn(restart(), new ModelServer(), LENA);
    await commit(session.database, AUDIT, [finding]);
    const again = (await restart().startOffline())!;
    expect(again).toMatchObject({ isStorageLost: false, session: { account: LENA, name: 'Lena' } });
    expect(again.session.installation).toBe(session.installation);
    expect((await readLog(again.session.database, AUDIT)).ofKind('finding')).toHaveLength(1);
  });

  test('of somebody else on the same tablet is apart from the first', async () => {
    const { restart } = browser();
    const server = new ModelServer();
    const lena = await signIn(restart(), server, LENA);
    await commit(lena.session.database, AUDIT, [finding]);
    const aron = await signIn(restart(), server, ARON);
    expect((await readLog(aron.session.database, AUDIT)).ofKind('finding')).toEqual([]);
    expect((await restart().knownAccounts()).map((known) => known.account).sort()).toEqual([LENA, ARON].sort());
    const back = await signIn(restart(), server, LENA);
    expect(await back.session.database.operations.count()).toBe(1);
  });

  test('is not ended while work waits, unless the person says so; and the work stays', async () => {
    const { restart } = browser();
    const server = new ModelServer();
    const sessions = restart();
    const { session } = await signIn(sessions, server, LENA);
    await commit(session.database, AUDIT, [finding]);
    const api = server.apiFor(() => LENA);
    expect(await sessions.signOut(session, api)).toEqual({
      code: 'account.unsent_work',
      facts: { operations: 1, photos: 0 },
    });
    expect(await sessions.signOut(session, api, true)).toBeNull();
    expect(await restart().startOffline()).toBeNull();
    const back = await signIn(restart(), server, LENA);
    expect(await back.session.database.operations.count()).toBe(1);
  });

  test('whose data is gone from a tablet that knows the account is an alarm, and a new installation', async () => {
    const { restart, indexedDB } = browser();
    const { session } = await signIn(restart(), new ModelServer(), LENA);
    const before = session.installation;
    session.database.close();
    await new Promise((resolve) => (indexedDB.deleteDatabase(`auditbook:${LENA}`).onsuccess = resolve));
    const again = (await restart().startOffline())!;
    expect(again.isStorageLost).toBe(true);
    expect(await installationOf(again.session.database)).not.toBe(before);
  });

  test('that the server refuses gives its code', async () => {
    const sessions = browser().restart();
    const answer = await sessions.signIn(
      new ModelServer().apiFor(() => null),
      'x@example.org',
      'wrong',
    );
    expect(answer).toMatchObject({ code: 'account.sign_in_needed', status: 401 });
  });
});

const said = (state: EngineState) => problemToTell({ ...state, blocked: null });

describe('the engine', () => {
  async function atWork(lock?: Lock) {
    const server = new ModelServer();
    const { session } = await signIn(browser().restart(), server, LENA);
    const engine = new SyncEngine(
      session.database,
      server.apiFor(() => LENA),
      {
        upload: () => Promise.resolve(0),
        chance: () => 0,
        ...(lock ? { lock } : {}),
      },
    );
    const until = (isSo: () => boolean): Promise<void> =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error('it did not happen')), 8000);
        const look = setInterval(() => {
          if (!isSo()) return;
          clearTimeout(limit);
          clearInterval(look);
          resolve();
        }, 20);
      });
    return { server, engine, db: session.database, until };
  }

  test('says what stopped the last attempt until a new one begins, and not beside it', async () => {
    const { server, engine } = await atWork();
    server.fault = () => 'no network';
    await engine.syncNow();
    expect(said(engine.state)?.code).toBe('sync.unreachable');
    const told: boolean[] = [];
    const stop = engine.subscribe((state) => {
      if (isRunning(state.phase)) told.push(said(state) !== null);
    });
    await engine.syncNow();
    stop();
    expect(told.length).toBeGreaterThan(0);
    expect(told).not.toContain(true);
    expect(said(engine.state)?.code).toBe('sync.unreachable');
    server.fault = () => 'none';
    await engine.syncNow();
    expect(said(engine.state)).toBeNull();
  });

  test('says all the while that the tablet is blocked', () => {
    const problem = { code: 'account.installation_revoked', facts: {}, status: 403, audit: null };
    expect(problemToTell({ phase: 'sending', problem: null, blocked: problem })).toBe(problem);
  });

  test('sends what is written without being asked', async () => {
    const { server, engine, db, until } = await atWork();
    engine.start();
    await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'One')]);
    await until(() => server.texts(AUDIT).length === 2);
    await commit(db, AUDIT, [set('finding', 'f1', 'title', 'Two')]);
    await until(() => server.texts(AUDIT).length === 3);
    await engine.stop();
  });

  testLong('tries again by the clock when an attempt failed and nothing more is written', async () => {
    const { server, engine, db, until } = await atWork();
    await commit(db, AUDIT, [finding]);
    server.fault = () => 'no network';
    engine.start();
    await until(() => engine.state.problem !== null);
    server.fault = () => 'none';
    await until(() => server.texts(AUDIT).length === 1);
    await engine.stop();
  });

  test('leaves a proxy alone for as long as it asks for', async () => {
    const { server, engine, db } = await atWork();
    await commit(db, AUDIT, [finding]);
    server.fault = () => 'proxy 429';
    server.proxySays = { 'Retry-After': '120' };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    engine.start();
    await engine.syncNow();
    expect(engine.state.problem).toMatchObject({ code: 'sync.gateway', status: 429, retryAfter: 120_000 });
    const asked = server.requests.length;
    server.fault = () => 'none';
    vi.advanceTimersByTime(119_000);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(server.requests).toHaveLength(asked);
    vi.advanceTimersByTime(1_000);
    await engine.stop();
    expect(server.requests.length).toBeGreaterThan(asked);
  });

  test('leaves the work to another tab that is at it, and takes it over when that one hangs', async () => {
    const asked: boolean[] = [];
    const { server, engine, db } = await atWork(async (_, work, isStolen) => {
      asked.push(isStolen);
      if (isStolen) await work();
      return isStolen;
    });
    await commit(db, AUDIT, [finding]);
    await engine.syncNow();
    expect(server.texts(AUDIT)).toEqual([]);
    const now = Date.now;
    Date.now = () => now() + 10 * 60_000;
    await engine.syncNow();
    Date.now = now;
    expect([asked, server.texts(AUDIT).length]).toEqual([[false, true], 1]);
  });

  test('has let go of the work when it is stopped: whoever signs in again in the middle of it does not wait', async () => {
    let isTaken = false;
    const { engine, db } = await atWork(async (_, work) => {
      if (isTaken) return false;
      isTaken = true;
      await work();
      isTaken = false;
      return true;
    });
    await commit(db, AUDIT, [finding]);
    void engine.syncNow();
    expect(isTaken).toBe(true);
    await engine.stop();
    expect(isTaken).toBe(false);
  });

  test('one audit that the server refuses does not hold up the others', async () => {
    const { server, engine, db } = await atWork();
    const other = AUDIT.replace('a0d', 'a0e');
    await commit(db, AUDIT, [finding]);
    await commit(db, other, [finding]);
    server.fault = (path) => (path.includes(AUDIT) ? 'empty json' : 'none');
    await engine.syncNow();
    // Somebody else answered: that is no word about one audit.
    expect(server.texts(other)).toEqual([]);
    server.fault = () => 'none';
    server.logs.clear();
    await engine.syncNow();
    expect([server.texts(AUDIT).length, server.texts(other).length]).toEqual([1, 1]);
  });
});
