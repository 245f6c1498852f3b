/** Evidence that was withdrawn leaves every tablet at its next sync, and the place where it was says when and why. */
import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { sha256Of } from '../domain/operation';
import { add, set } from '../store/changes';
import { decode } from '../store/codec';
import { commit } from '../store/commit';
import { readLeaving } from '../store/custody';
import type { AuditbookDatabase } from '../store/database';
import { cutEvidence } from '../store/evidence-bytes';
import { keepPictures } from '../store/pictures';
import { once, readLog, unfiledOf, watchEvidence } from '../store/queries';
import { readOutbox } from '../store/outbox';
import { ARON, AUDIT, contentOf, LENA, openTablet, testLong } from '../store/testing';
import { SyncEngine } from './engine';
import { ModelServer } from './model-server';
import { fetchThumbnails } from './take-along';

const OTHER_AUDIT = '0191e6a0-0000-7000-8000-000000000b0d';
const PHOTO = new Uint8Array(1000).fill(7);
const SHA256 = sha256Of(PHOTO);
const BORN = {
  kind: 'photo',
  sha256: SHA256,
  size: 1000,
  media_type: 'image/jpeg',
  captured_at: '2026-11-24T09:41:07.250Z',
};

async function setUp() {
  const server = new ModelServer();
  const tablet = async (account: string) => {
    const db = await openTablet(account);
    const engine = new SyncEngine(
      db,
      server.apiFor(() => account),
      { upload: () => Promise.resolve(0) },
    );
    return { db, engine };
  };
  const [lena, aron] = [await tablet(LENA), await tablet(ARON)];
  const { operations } = await photograph(lena.db);
  await keepPictures(lena.db, SHA256, { thumbnail: new ArrayBuffer(10), view: new ArrayBuffer(20) });
  await lena.engine.syncNow();
  await aron.engine.syncNow();
  await keepPictures(aron.db, SHA256, { thumbnail: new ArrayBuffer(10), view: new ArrayBuffer(20) });
  const [birth] = operations;
  return { server, lena, aron, birth: birth!.digest };
}

const photograph = (db: AuditbookDatabase, audit = AUDIT, id = 'e1') =>
  commit(db, audit, [add('evidence', id, BORN as never)], [cutEvidence(PHOTO.slice().buffer, SHA256, 'image/jpeg')]);

async function bytesOn(db: AuditbookDatabase): Promise<Record<string, number>> {
  const [uploads, chunks] = [await db.uploads.count(), await db.evidence_bytes.count()];
  const [thumbnails, views] = [await db.evidence_thumbnails.count(), await db.evidence_views.count()];
  return { uploads, chunks, thumbnails, views };
}

const contentText = async (db: AuditbookDatabase): Promise<string> => JSON.stringify(await contentOf(db));

const NOTHING = { uploads: 0, chunks: 0, thumbnails: 0, views: 0 };

describe('a photo that was withdrawn', () => {
  testLong(
    'goes from the tablet that took it, also where it waited to be sent, and from those of the others',
    async () => {
      const { server, lena, aron, birth } = await setUp();
      expect(await bytesOn(lena.db)).toEqual({ uploads: 1, chunks: 1, thumbnails: 1, views: 1 });
      server.erase(AUDIT, birth, SHA256);
      await lena.engine.syncNow();
      await aron.engine.syncNow();
      expect([await bytesOn(lena.db), await bytesOn(aron.db)]).toEqual([NOTHING, NOTHING]);
      expect(await readOutbox(lena.db)).toMatchObject({ operations: 0, photos: 0 });
    },
  );

  testLong('goes from the tablet of whoever has left the team, who hears nothing else of the audit', async () => {
    const { server, aron, birth } = await setUp();
    await commit(aron.db, OTHER_AUDIT, [set('audit', OTHER_AUDIT, 'title', 'Never sent')]);
    server.left.add(ARON);
    await aron.engine.syncNow();
    server.requests = [];
    server.erase(AUDIT, birth, SHA256);
    await aron.engine.syncNow();
    expect(await bytesOn(aron.db)).toEqual(NOTHING);
    const row = await aron.db.operations.get([AUDIT, birth]);
    expect([row!.content_sha256?.length, decode(row!.body).includes(SHA256)]).toEqual([64, false]);
    const [item] = (await once(watchEvidence(aron.db, AUDIT)))!;
    expect(item).toMatchObject({ sha256: '', bytes: 'withdrawn', withdrawn: {} });
    expect(await contentText(aron.db)).not.toContain('"withdrawn"');

    const before = await contentOf(aron.db);
    await aron.engine.syncNow();
    const { device_state: _, ...same } = await contentOf(aron.db);
    expect(same).toEqual((({ device_state: __, ...rest }) => rest)(before));
    expect(server.requests.filter((request) => request === 'POST /api/audits/left')).toHaveLength(2);
  });

  testLong('is told in no request of its own where every audit is in the list', async () => {
    const { server, lena } = await setUp();
    await lena.engine.syncNow();
    expect(server.requests).not.toContain('POST /api/audits/left');
  });

  testLong('that went while somebody was out is shown as ever once they are let in again', async () => {
    const { server, aron, birth } = await setUp();
    server.left.add(ARON);
    await aron.engine.syncNow();
    server.erase(AUDIT, birth, SHA256);
    await aron.engine.syncNow();
    server.left.delete(ARON);
    await aron.engine.syncNow();
    expect(aron.engine.state.problem).toBeNull();
    const [item] = (await once(watchEvidence(aron.db, AUDIT)))!;
    expect(item).toMatchObject({ bytes: 'withdrawn', withdrawn: { reason: 'withdrawn' } });
  });

  test('leaves its place in the gallery, which says when and why', async () => {
    const { server, lena, birth } = await setUp();
    server.erase(AUDIT, birth, SHA256);
    await lena.engine.syncNow();
    const [item] = (await once(watchEvidence(lena.db, AUDIT)))!;
    expect(item).toMatchObject({
      sha256: '',
      bytes: 'withdrawn',
      hasThumbnail: false,
      withdrawn: { reason: 'withdrawn' },
    });
    expect(item!.withdrawn!.at).toMatch(/^2026-11-24T/);
    expect(Date.parse(item!.capturedAt)).toBeGreaterThan(0);
    expect(unfiledOf(await readLog(lena.db, AUDIT)).evidence).toEqual([]);
  });

  testLong('is told to whoever was looking at the gallery', async () => {
    const { server, lena, birth } = await setUp();
    const seen: string[] = [];
    const stop = watchEvidence(lena.db, AUDIT).subscribe(
      (items) => items && seen.push(items[0]?.withdrawn?.reason ?? '-'),
    );
    await expect.poll(() => seen.at(-1)).toBe('-');
    server.erase(AUDIT, birth, SHA256);
    await lena.engine.syncNow();
    await expect.poll(() => seen.at(-1)).toBe('withdrawn');
    await commit(lena.db, AUDIT, [set('evidence', 'e1', 'process', null)]);
    await expect.poll(() => seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe('withdrawn');
    stop();
  });

  testLong('stays whole in another audit of this tablet that names it', async () => {
    const { server, lena, birth } = await setUp();
    await photograph(lena.db, OTHER_AUDIT);
    server.erase(AUDIT, birth, SHA256);
    await lena.engine.syncNow();
    expect(await bytesOn(lena.db)).toMatchObject({ uploads: 1, chunks: 1 });
    expect(await lena.db.uploads.get([OTHER_AUDIT, SHA256])).toBeDefined();
  });

  test('stays where another entry shows the same file: then the server names no file', async () => {
    const { server, lena, birth } = await setUp();
    server.erase(AUDIT, birth);
    await lena.engine.syncNow();
    expect(await bytesOn(lena.db)).toMatchObject({ uploads: 1, chunks: 1 });
    expect((await once(watchEvidence(lena.db, AUDIT)))![0]!.bytes).toBe('withdrawn');
  });

  testLong('is not waited for by the server that signs what it holds, also where it is named again', async () => {
    const { server, lena, birth } = await setUp();
    server.erase(AUDIT, birth, SHA256);
    await lena.engine.syncNow();
    await commit(lena.db, AUDIT, [add('evidence', 'e2', BORN as never)]);
    await lena.engine.syncNow();
    await lena.engine.syncNow();
    expect(await readLeaving(lena.db, AUDIT)).toMatchObject({ isSafe: true, signed: { files: 0 }, elsewhere: [] });
  });

  test('is called missing nowhere, also where the line went before the server could sign again', async () => {
    const { server, lena, birth } = await setUp();
    server.erase(AUDIT, birth, SHA256);
    server.fault = (path) => (path.endsWith('/custody') ? 'no network' : 'none');
    await lena.engine.syncNow();
    expect(await bytesOn(lena.db)).toEqual(NOTHING);
    expect(await readLeaving(lena.db, AUDIT)).toMatchObject({ isSafe: false, missing: [], problem: 'not_signed_yet' });
  });

  test('does not keep an audit from being ready for the road', async () => {
    const { server, lena, birth } = await setUp();
    server.erase(AUDIT, birth, SHA256);
    await lena.engine.syncNow();
    await commit(lena.db, AUDIT, [add('evidence', 'e2', BORN as never)]);
    const refused = { kind: 'problem', status: 410, problem: { code: 'evidence.withdrawn' } };
    const api = { readEvidence: () => Promise.resolve(refused) };
    expect(await fetchThumbnails(lena.db, api as never, AUDIT)).toBe(0);
  });
});
