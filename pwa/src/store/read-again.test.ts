import 'fake-indexeddb/auto';
import { describe, expect } from 'vitest';
import { ModelServer } from '../sync/model-server';
import { SyncEngine } from '../sync/engine';
import { readLogWithBasis } from './basis';
import { add, set } from './changes';
import { commit } from './commit';
import type { AuditbookDatabase } from './database';
import { readLog } from './queries';
import { once } from './live';
import { readAgain, watchUnread } from './read-again';
import { refoldEntities } from './refold';
import { ARON, AUDIT, LENA, openTablet, testLong } from './testing';

const RAISED = { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' };

async function synced(server: ModelServer, ...tablets: AuditbookDatabase[]): Promise<void> {
  for (const db of [...tablets, ...tablets]) {
    const api = server.apiFor(() => db.account);
    await new SyncEngine(db, api, { upload: () => Promise.resolve(0) }).syncNow();
  }
}

/** As an older app keeps it that cannot read this entry: its place in the log, and nothing of what it says. */
async function forget(db: AuditbookDatabase, digest: string): Promise<void> {
  const { ent, chain: _, dseq: __, ...kept } = (await db.operations.get([AUDIT, digest]))!;
  const tables = [db.operations, db.entities, db.verdicts];
  await db.transaction('rw', tables, async () => {
    await db.operations.put({ ...kept, body: unreadable(kept.body) });
    await db.verdicts.delete([AUDIT, digest]);
    await refoldEntities(db, AUDIT, new Set([ent!]), 1_000);
  });
}

/** The body under which this app cannot read it, and back: a version of the envelope that nobody here knows. */
function unreadable<T>(body: T): T {
  return JSON.parse(JSON.stringify(body).replace('\\"v\\":1', '\\"v\\":9')) as T;
}

async function remember(db: AuditbookDatabase, digest: string): Promise<void> {
  const row = (await db.operations.get([AUDIT, digest]))!;
  const body = JSON.parse(JSON.stringify(row.body).replace('\\"v\\":9', '\\"v\\":1')) as typeof row.body;
  await db.operations.put({ ...row, body });
}

async function titleOf(db: AuditbookDatabase): Promise<unknown> {
  return (await readLog(db, AUDIT)).ofKind('finding')[0]!.get('title') ?? null;
}

/** Lena has pulled a title of Aron's that her app cannot read, and what he wrote after it. */
async function withUnread(): Promise<{ server: ModelServer; lena: AuditbookDatabase; digest: string }> {
  const server = new ModelServer();
  const [lena, aron] = [await openTablet(LENA), await openTablet(ARON)];
  await commit(lena, AUDIT, [add('finding', 'f1', RAISED)]);
  await synced(server, lena, aron);
  const { operations } = await commit(aron, AUDIT, [
    set('finding', 'f1', 'title', 'Of a newer app'),
    set('finding', 'f1', 'failure', 'He goes on'),
  ]);
  await synced(server, lena, aron);
  const digest = operations[0]!.digest;
  await forget(lena, digest);
  return { server, lena, digest };
}

describe('what a newer app wrote', () => {
  testLong('is named by a record as what this one could not read', async () => {
    const { lena, digest } = await withUnread();
    expect(await titleOf(lena)).toBeNull();
    const { basis } = await readLogWithBasis(lena, AUDIT);
    expect([[...basis.unread], [...basis.aside]]).toEqual([[digest], []]);
    expect(await once(watchUnread(lena, AUDIT))).toBe(1);
  });

  testLong('shows after the update of this app, once', async () => {
    const { server, lena, digest } = await withUnread();
    await readAgain(lena, 'the version after');
    expect(await titleOf(lena)).toBeNull();
    await remember(lena, digest);
    await readAgain(lena, 'the version after');
    expect(await titleOf(lena)).toBeNull();
    await readAgain(lena, 'the version after that');
    expect(await titleOf(lena)).toBe('Of a newer app');
    expect([...(await readLogWithBasis(lena, AUDIT)).basis.unread]).toEqual([]);
    expect(await once(watchUnread(lena, AUDIT))).toBe(0);
    await commit(lena, AUDIT, [set('finding', 'f1', 'title', 'And she goes on from it')]);
    await synced(server, lena);
    expect(await titleOf(lena)).toBe('And she goes on from it');
  });
});

describe('what a record names as set aside', () => {
  testLong('is what its heads cover and the server said so of, with the heads of the server’s own chain', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await openTablet(LENA), await openTablet(ARON)];
    await commit(lena, AUDIT, [add('finding', 'f1', RAISED)]);
    await synced(server, lena, aron);
    server.quarantine = ({ val }) => (val === 'Not his to say' ? 'operation.not_permitted' : null);
    const { operations } = await commit(aron, AUDIT, [
      set('finding', 'f1', 'title', 'Not his to say'),
      set('finding', 'f1', 'failure', 'He goes on'),
    ]);
    // What names another author lies beside every chain: no head covers it.
    server.bring(AUDIT, 'not json at all', ARON);
    await synced(server, lena, aron);
    const { basis } = await readLogWithBasis(lena, AUDIT);
    expect([...basis.aside]).toEqual([operations[0]!.digest]);
    const accounts = [...basis.heads].map(({ chain }) => chain.account).sort();
    expect(accounts).toEqual([LENA, ARON, 'server'].sort());
  });
});
