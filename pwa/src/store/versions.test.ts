import 'fake-indexeddb/auto';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, test } from 'vitest';
import { ModelServer } from '../sync/model-server';
import { SyncEngine } from '../sync/engine';
import { add, set } from './changes';
import { commit } from './commit';
import { AuditbookDatabase } from './database';
import { draftKeeper, readDraft } from './drafts';
import { readOutbox } from './outbox';
import { readEntity } from './queries';
import { AUDIT, LENA, openTab, openTablet } from './testing';

const finding = add('finding', 'f1', { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' });
const title = (text: string) => set('finding', 'f1', 'title', text);

/** What a later version of the app may do to the storage: add. */
class NextDatabase extends AuditbookDatabase {
  constructor(account: string, indexedDB: IDBFactory) {
    super(account, { indexedDB, IDBKeyRange });
    this.version(3)
      .stores({ plans: 'id', uploads: '[audit+sha256], sha256, state, size' })
      .upgrade((upgrade) => upgrade.table('device_state').put({ key: 'plans', value: true }));
  }
}

async function titleIn(db: AuditbookDatabase): Promise<unknown> {
  return (await readEntity(db, AUDIT, 'finding', 'f1'))?.get('title');
}

async function sent(db: AuditbookDatabase): Promise<ModelServer> {
  const server = new ModelServer();
  const engine = new SyncEngine(
    db,
    server.apiFor(() => db.account),
    { upload: () => Promise.resolve(0) },
  );
  await engine.syncNow();
  return server;
}

describe('a newer version of the app in another tab', () => {
  test('waits while this one has something open, and finds what waits to be sent', async () => {
    const indexedDB = new IDBFactory();
    const older = await openTablet(LENA, indexedDB);
    let close!: () => void;
    older.beforeGivingAway = () => new Promise((done) => (close = done));
    await commit(older, AUDIT, [finding]);

    const newer = new NextDatabase(LENA, indexedDB);
    const blocked = new Promise<void>((heard) => newer.on('blocked', () => heard()));
    const opening = newer.open();
    await blocked;
    // The camera is still open here: what is taken with it is kept.
    await commit(older, AUDIT, [title('Written while the other tab waited')]);
    close();
    await opening;

    expect(await titleIn(newer)).toBe('Written while the other tab waited');
    expect((await readOutbox(newer)).operations).toBe(2);
    await commit(newer, AUDIT, [title('Written in the newer one')]);
    expect((await sent(newer)).logs.get(AUDIT)!.entries).toHaveLength(3);
    newer.close();
  });

  test('takes the storage from the older one, which says so instead of writing', async () => {
    const indexedDB = new IDBFactory();
    const older = await openTablet(LENA, indexedDB);
    await commit(older, AUDIT, [finding]);
    const newer = new NextDatabase(LENA, indexedDB);
    await newer.open();

    expect(older.isGivenAway).toBe(true);
    await expect(commit(older, AUDIT, [title('Written too late')])).rejects.toMatchObject({
      code: 'storage.newer_app',
    });
    expect((await readOutbox(newer)).operations).toBe(1);
    newer.close();
  });

  test('finds the half sentence that was being typed in the older one', async () => {
    const indexedDB = new IDBFactory();
    const older = await openTablet(LENA, indexedDB);
    const keeper = draftKeeper(older, AUDIT, 'finding/f1', 'failure');
    older.beforeGivingAway = () => keeper.flush();
    keeper.type('The control of gau');
    const newer = new NextDatabase(LENA, indexedDB);
    await newer.open();
    expect(await readDraft(newer, AUDIT, 'finding/f1', 'failure')).toBe('The control of gau');
    newer.close();
  });
});

test('an older version of the app opens what a newer one has upgraded, writes, sends, and hands it back unharmed', async () => {
  const indexedDB = new IDBFactory();
  const before = await openTablet(LENA, indexedDB);
  await commit(before, AUDIT, [finding]);
  const newer = new NextDatabase(LENA, indexedDB);
  await newer.open();
  await commit(newer, AUDIT, [title('Written by the newer one')]);
  await newer.table('plans').put({ id: 'p1' });

  // The server went back to the app of before.
  newer.close();
  const older = await openTab(before);
  expect(await titleIn(older)).toBe('Written by the newer one');
  await commit(older, AUDIT, [title('Written by the older one again')]);
  expect((await sent(older)).logs.get(AUDIT)!.entries).toHaveLength(3);
  older.close();

  const again = new NextDatabase(LENA, indexedDB);
  await again.open();
  expect(await titleIn(again)).toBe('Written by the older one again');
  expect(await again.table('plans').toArray()).toEqual([{ id: 'p1' }]);
  again.close();
});
