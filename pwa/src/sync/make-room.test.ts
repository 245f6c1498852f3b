import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { sha256Of } from '../domain/operation';
import { commit } from '../store/commit';
import type { AuditbookDatabase } from '../store/database';
import { CHUNK_BYTES, cutEvidence, readEvidence } from '../store/evidence-bytes';
import { keepPictures } from '../store/pictures';
import { readPicture } from '../store/queries';
import { filesOnServer } from '../store/space';
import { AUDIT, LENA, openTablet } from '../store/testing';
import { fetchPicture } from './fetch-picture';
import { askRoom, makeRoom } from './make-room';
import { ModelServer } from './model-server';

const OTHER_AUDIT = '0191e6a0-0000-7000-8000-000000000b0d';

function photo(length: number, seed: number): { bytes: ArrayBuffer; sha256: string } {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + seed) % 256);
  return { bytes: bytes.buffer, sha256: sha256Of(bytes) };
}

/** Three photos: in a backup of the server, on the server only, and not sent yet. */
async function setUp() {
  const model = new ModelServer();
  const db = await openTablet(LENA);
  const api = model.apiFor(() => LENA);
  const [kept, stored, waiting] = [photo(CHUNK_BYTES + 1000, 1), photo(2000, 2), photo(3000, 3)];
  for (const one of [kept, stored, waiting]) await keep(db, one, AUDIT);
  for (const one of [kept, stored]) {
    await db.uploads.update([AUDIT, one.sha256], { state: 'stored' });
    model.stored.add(`${AUDIT}/${one.sha256}`);
  }
  model.backedUp.add(`${AUDIT}/${kept.sha256}`);
  return { model, db, api, kept, stored, waiting };
}

async function keep(db: AuditbookDatabase, { bytes, sha256 }: ReturnType<typeof photo>, audit: string): Promise<void> {
  await commit(db, audit, [], [cutEvidence(bytes, sha256, 'image/jpeg')]);
  const small = new Uint8Array([1, 2, 3]).buffer;
  await keepPictures(db, sha256, { thumbnail: small, view: small });
}

describe('room on a tablet', () => {
  test('is told as what a backup holds and what only the server holds', async () => {
    const { db, api, kept, stored } = await setUp();
    expect(await askRoom(db, api)).toEqual({
      value: {
        backedUp: { count: 1, bytes: kept.bytes.byteLength },
        onServerOnly: { count: 1, bytes: stored.bytes.byteLength },
      },
      problem: null,
    });
  });

  test('comes from what a backup holds; everything else stays', async () => {
    const { db, api, kept, stored, waiting } = await setUp();
    const { value } = await makeRoom(db, 'backed_up', api);
    expect(value).toEqual({ count: 1, bytes: kept.bytes.byteLength });
    expect(await readEvidence(db, kept.sha256)).toBeUndefined();
    expect(await db.evidence_bytes.where('[sha256+index]').between([kept.sha256, 0], [kept.sha256, 99]).count()).toBe(
      0,
    );
    expect(await readPicture(db, kept.sha256, 'view')).toBeNull();
    expect(await readPicture(db, kept.sha256, 'thumbnail')).not.toBeNull();
    for (const one of [stored, waiting]) expect(await readEvidence(db, one.sha256)).toBeDefined();
  });

  test('comes from everything on the server where somebody says so, and never from what waits', async () => {
    const { db, api, stored, waiting } = await setUp();
    expect((await makeRoom(db, 'everything', api)).value?.count).toBe(2);
    expect(await readEvidence(db, stored.sha256)).toBeUndefined();
    expect(await readEvidence(db, waiting.sha256)).toBeDefined();
    expect(await db.uploads.toArray()).toMatchObject([{ sha256: waiting.sha256, state: 'waiting' }]);
  });

  test('is not made without the server’s word of this moment', async () => {
    const { model, db, api, kept } = await setUp();
    model.fault = () => 'no network';
    const { value, problem } = await makeRoom(db, 'everything', api);
    expect([value, problem?.code]).toEqual([null, 'sync.unreachable']);
    expect(await readEvidence(db, kept.sha256)).toBeDefined();
  });

  test('is not made from what a restored server lacks: it is sent again', async () => {
    const { model, db, api, kept } = await setUp();
    model.stored.delete(`${AUDIT}/${kept.sha256}`);
    model.backedUp.clear();
    expect((await makeRoom(db, 'everything', api)).value?.count).toBe(1);
    expect(await readEvidence(db, kept.sha256)).toBeDefined();
    expect((await db.uploads.get([AUDIT, kept.sha256]))?.state).toBe('waiting');
  });

  test('leaves a photo that another audit still has to send', async () => {
    const { db, api, kept } = await setUp();
    await keep(db, kept, OTHER_AUDIT);
    expect((await makeRoom(db, 'everything', api)).value?.count).toBe(1);
    expect(await readEvidence(db, kept.sha256)).toBeDefined();
  });

  test('counts a photo of two audits as in a backup only where both have it there', async () => {
    const { model, db, api, kept } = await setUp();
    await keep(db, kept, OTHER_AUDIT);
    await db.uploads.update([OTHER_AUDIT, kept.sha256], { state: 'stored' });
    model.stored.add(`${OTHER_AUDIT}/${kept.sha256}`);
    expect((await askRoom(db, api)).value?.backedUp.count).toBe(0);
    model.backedUp.add(`${OTHER_AUDIT}/${kept.sha256}`);
    expect((await makeRoom(db, 'backed_up', api)).value).toEqual({ count: 1, bytes: kept.bytes.byteLength });
    expect(await filesOnServer(db)).toHaveLength(1);
  });
});

describe('a photo that was freed', () => {
  test('is fetched when it is opened, and is here in the size of a screen from then on', async () => {
    const { db, api, kept, model } = await setUp();
    await makeRoom(db, 'backed_up', api);
    const shown = new Uint8Array([7]).buffer;
    model.bytes.set(`${AUDIT}/${kept.sha256}`, kept.bytes);
    const shrink = (bytes: ArrayBuffer) =>
      Promise.resolve(
        bytes.byteLength === kept.bytes.byteLength ? { thumbnail: shown, view: shown, width: 1, height: 1 } : null,
      );
    expect(await fetchPicture(db, AUDIT, kept.sha256, 'image/jpeg', 'view', api, shrink)).toBe(true);
    expect((await readPicture(db, kept.sha256, 'view'))?.size).toBe(1);
  });

  test('is not here without a network, and its thumbnail is', async () => {
    const { db, api, kept, model } = await setUp();
    await makeRoom(db, 'backed_up', api);
    model.fault = () => 'no network';
    expect(await fetchPicture(db, AUDIT, kept.sha256, 'image/jpeg', 'view', api)).toBe(false);
    expect(await readPicture(db, kept.sha256, 'thumbnail')).not.toBeNull();
  });
});
