import 'fake-indexeddb/auto';
import type { HttpStack } from 'tus-js-client';
import { describe, expect, test } from 'vitest';
import { sha256Of } from '../domain/operation';
import { add } from '../store/changes';
import { commit } from '../store/commit';
import { decode } from '../store/codec';
import type { AuditbookDatabase } from '../store/database';
import { cutEvidence } from '../store/evidence-bytes';
import { holdLarge, LARGE_BYTES } from '../store/large-files';
import { keepPictures } from '../store/pictures';
import { AUDIT, LENA, openTab, openTablet, testLong } from '../store/testing';
import { SyncEngine } from './engine';
import { ModelServer } from './model-server';
import { uploadAnswer, uploadStack } from './model-uploads';
import { Stopped } from './problem';
import { uploadWaiting } from './upload-evidence';

const OTHER_AUDIT = '0191e6a0-0000-7000-8000-000000000b0d';

interface Incoming {
  bytes: Uint8Array;
  size: number;
  sha256: string;
  audit: string;
}

/** As much of tus 1.0 as the app speaks, checking the hash over the whole file at the end. */
class TusServer {
  uploads = new Map<string, Incoming>();
  requests: string[] = [];
  /** Called before each PATCH; an answer of its own is sent instead. */
  interrupt: (nth: number) => 'none' | 'cut' | 'answer lost' | 'signed out' | 'store away' | number = () => 'none';
  /** Hashes of what was withdrawn. */
  withdrawn = new Set<string>();
  readonly #model: ModelServer;
  #patches = 0;

  constructor(model: ModelServer) {
    this.#model = model;
  }

  get stack(): HttpStack {
    return uploadStack((...request) => this.#answer(...request));
  }

  async #answer(
    method: string,
    url: string,
    headers: ReadonlyMap<string, string>,
    body: Blob | null,
  ): Promise<unknown> {
    this.requests.push(method);
    if (method === 'POST') {
      const metadata = new Map(
        headers
          .get('Upload-Metadata')!
          .split(',')
          .map((pair) => {
            const [key, value] = pair.split(' ');
            return [key!, atob(value!)] as const;
          }),
      );
      if (this.withdrawn.has(metadata.get('sha256')!)) return uploadAnswer(410, {}, '{"code": "evidence.withdrawn"}');
      const id = String(this.uploads.size + 1);
      this.uploads.set(id, {
        bytes: new Uint8Array(),
        size: Number(headers.get('Upload-Length')),
        sha256: metadata.get('sha256')!,
        audit: metadata.get('audit')!,
      });
      return uploadAnswer(201, { Location: `http://auditbook.test/api/evidence/uploads/${id}` });
    }
    const upload = this.uploads.get(url.split('/').at(-1)!);
    if (upload === undefined) return uploadAnswer(404, {});
    const at = (): Record<string, string> => ({
      'Upload-Offset': String(upload.bytes.length),
      'Upload-Length': String(upload.size),
    });
    if (method === 'HEAD') return uploadAnswer(200, at());
    const fault = this.interrupt((this.#patches += 1));
    if (typeof fault === 'number') return uploadAnswer(fault, {});
    if (fault === 'signed out') return uploadAnswer(401, {}, '{"code": "account.sign_in_needed"}');
    if (fault === 'store away') {
      return uploadAnswer(503, { 'Retry-After': '5' }, '{"code": "server.store_unreachable"}');
    }
    if (fault === 'cut') throw new Error('cut');
    if (Number(headers.get('Upload-Offset')) !== upload.bytes.length) return uploadAnswer(409, at());
    upload.bytes = new Uint8Array(await new Blob([new Uint8Array(upload.bytes), body!]).arrayBuffer());
    if (upload.bytes.length === upload.size && sha256Of(upload.bytes) === upload.sha256)
      this.#model.stored.add(`${upload.audit}/${upload.sha256}`);
    if (fault === 'answer lost') throw new Error('answer lost');
    return uploadAnswer(204, at());
  }
}

function photo(length: number, seed = 1): { bytes: ArrayBuffer; sha256: string } {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + seed) % 256);
  return { bytes: bytes.buffer, sha256: sha256Of(bytes) };
}

function sentAhead(model: ModelServer): string[] {
  return model.requests.filter((request) => request.startsWith('PUT /api/audits/'));
}

async function setUp() {
  const model = new ModelServer();
  const tus = new TusServer(model);
  const db = await openTablet(LENA);
  const api = model.apiFor(() => LENA);
  const options = { base: 'http://auditbook.test', httpStack: tus.stack };
  const keep = async (given: { bytes: ArrayBuffer; sha256: string }, audit = AUDIT): Promise<void> =>
    void (await commit(db, audit, [], [cutEvidence(given.bytes, given.sha256, 'image/jpeg')]));
  const state = async (sha256: string, audit = AUDIT) => (await db.uploads.get([audit, sha256]))?.state;
  return { model, tus, db, options, keep, state, upload: () => uploadWaiting(db, api, options) };
}

describe('the bytes of a photo', () => {
  test('ask nobody to sign in because of a 401 that is not the server’s', async () => {
    const { model, tus, db, keep, state, upload } = await setUp();
    const given = photo(1000);
    await keep(given);
    const engine = new SyncEngine(
      db,
      model.apiFor(() => LENA),
      { upload },
    );
    tus.interrupt = () => 401;
    expect(await engine.syncNow()).toMatchObject({ phase: 'waiting', problem: { code: 'sync.not_the_server' } });
    expect(await state(given.sha256)).toBe('waiting');
    tus.interrupt = () => 'signed out';
    expect(await engine.syncNow()).toMatchObject({ phase: 'sign_in_needed' });
    expect(await state(given.sha256)).toBe('waiting');
    tus.interrupt = () => 'none';
    expect(await engine.syncNow()).toMatchObject({ phase: 'idle', problem: null });
    expect(await state(given.sha256)).toBe('stored');
  });

  testLong('arrive in chunks, whole, and count as stored when the server knows the hash', async () => {
    const { model, tus, keep, state, upload } = await setUp();
    const given = photo(1_300_000);
    await keep(given);
    expect(await upload()).toBe(1);
    expect(tus.requests).toEqual(['POST', 'PATCH', 'PATCH', 'PATCH']);
    expect(model.stored).toContain(`${AUDIT}/${given.sha256}`);
    expect(await state(given.sha256)).toBe('stored');
  });

  testLong('go on where they stopped, however often the line breaks', async () => {
    const { tus, keep, state, upload, db } = await setUp();
    const given = photo(1_300_000);
    await keep(given);
    tus.interrupt = (nth) => (nth === 2 ? 'cut' : nth === 3 ? 'answer lost' : 'none');
    await expect(upload()).rejects.toBeInstanceOf(Stopped);
    expect(decode((await db.uploads.get([AUDIT, given.sha256]))!.body).url).toContain('/uploads/1');
    await expect(upload()).rejects.toBeInstanceOf(Stopped);
    expect(await upload()).toBe(1);
    expect(await state(given.sha256)).toBe('stored');
    expect(tus.uploads.size).toBe(1);
    expect([...tus.uploads.values()][0]!.bytes.length).toBe(1_300_000);
  });

  testLong('arrive once from two tabs that send at once, in a browser without Web Locks', async () => {
    const { model, tus, db, keep, state, upload, options } = await setUp();
    const photos = [photo(1_300_000), photo(700_000, 2), photo(1000, 3)];
    for (const given of photos) await keep(given);
    const tab = await openTab(db);
    const inOther = () =>
      uploadWaiting(
        tab,
        model.apiFor(() => LENA),
        options,
      );
    for (let attempt = 0; attempt < 4; attempt += 1) await Promise.allSettled([upload(), inOther()]);
    for (const { sha256 } of photos) expect(await state(sha256)).toBe('stored');
    expect([...model.stored].sort()).toEqual(photos.map(({ sha256 }) => `${AUDIT}/${sha256}`).sort());
    const before = tus.requests.length;
    expect([await upload(), await inOther()]).toEqual([0, 0]);
    expect(tus.requests).toHaveLength(before);
  });

  testLong('start anew when the server has forgotten the upload', async () => {
    const { tus, keep, state, upload } = await setUp();
    const given = photo(1_300_000);
    await keep(given);
    tus.interrupt = (nth) => (nth === 2 ? 'cut' : 'none');
    await expect(upload()).rejects.toBeInstanceOf(Stopped);
    tus.uploads.clear();
    await upload().catch(() => undefined);
    await upload();
    expect(await state(given.sha256)).toBe('stored');
  });

  test('are not sent again when the server has them already', async () => {
    const { model, tus, keep, state, upload } = await setUp();
    const given = photo(1000);
    await keep(given);
    model.stored.add(`${AUDIT}/${given.sha256}`);
    expect(await upload()).toBe(1);
    expect([await state(given.sha256), tus.requests]).toEqual(['stored', []]);
  });

  test('are sent to each audit in which they were kept', async () => {
    const { model, tus, db, keep, state, upload } = await setUp();
    const given = photo(1000);
    await keep(given);
    expect(await upload()).toBe(1);
    await keep(given, OTHER_AUDIT);
    expect(await state(given.sha256, OTHER_AUDIT)).toBe('waiting');
    expect(await upload()).toBe(1);
    expect(tus.requests).toEqual(['POST', 'PATCH', 'POST', 'PATCH']);
    expect([...model.stored]).toEqual([`${AUDIT}/${given.sha256}`, `${OTHER_AUDIT}/${given.sha256}`]);
    expect([await state(given.sha256), await state(given.sha256, OTHER_AUDIT)]).toEqual(['stored', 'stored']);
    expect(await db.evidence_bytes.count()).toBe(1);
  });

  test('that changed on the tablet are not sent, and the person is told', async () => {
    const { db, keep, state, upload, tus } = await setUp();
    const given = photo(1000);
    await keep(given);
    const row = (await db.evidence_bytes.get([given.sha256, 0]))!;
    new Uint8Array(row.body.value)[0]! ^= 1;
    await db.evidence_bytes.put(row);
    expect(await upload()).toBe(0);
    expect([await state(given.sha256), tus.requests]).toEqual(['damaged', []]);
  });

  test('that the server does not take do not hold up the next photo', async () => {
    const { tus, keep, state, upload } = await setUp();
    const [refused, next] = [photo(1000), photo(2000, 2)];
    await keep(refused);
    await keep(next);
    tus.interrupt = (nth) => (nth === 1 ? 422 : 'none');
    await expect(upload()).rejects.toMatchObject({ problem: { code: 'sync.upload_failed', status: 422 } });
    expect([await state(refused.sha256), await state(next.sha256)]).toEqual(['waiting', 'stored']);
  });

  test('wait while the place where the server keeps them is away, and the person hears why', async () => {
    const { tus, keep, state, upload } = await setUp();
    const [first, next] = [photo(1000), photo(2000, 2)];
    await keep(first);
    await keep(next);
    tus.interrupt = () => 'store away';
    await expect(upload()).rejects.toMatchObject({
      problem: { code: 'server.store_unreachable', status: 503, retryAfter: 5_000 },
    });
    expect([await state(first.sha256), await state(next.sha256)]).toEqual(['waiting', 'waiting']);
    tus.interrupt = () => 'none';
    expect(await upload()).toBe(2);
  });

  test('that were withdrawn are dropped at the first answer, and never asked about again', async () => {
    const { tus, db, keep, upload } = await setUp();
    const [withdrawn, next] = [photo(1000), photo(2000, 2)];
    await keep(withdrawn);
    await keep(next);
    tus.withdrawn.add(withdrawn.sha256);
    expect(await upload()).toBe(1);
    expect(await db.uploads.get([AUDIT, withdrawn.sha256])).toBeUndefined();
    expect((await db.evidence_bytes.toArray()).map(({ sha256 }) => sha256)).toEqual([next.sha256]);
    const before = tus.requests.length;
    expect(await upload()).toBe(0);
    expect(tus.requests).toHaveLength(before);
  });

  testLong('a page that answers 200 in the middle is not taken for an upload', async () => {
    const { tus, keep, state, upload } = await setUp();
    const given = photo(1_300_000);
    await keep(given);
    tus.interrupt = (nth) => (nth === 2 ? 200 : 'none');
    await expect(upload()).rejects.toBeInstanceOf(Stopped);
    expect(await state(given.sha256)).toBe('waiting');
  });

  test('that a restored server has lost are sent again, and nothing that it still has', async () => {
    const { model, tus, db, keep, state, options } = await setUp();
    const api = model.apiFor(() => LENA);
    const engine = new SyncEngine(db, api, {
      upload: (isStopped) => uploadWaiting(db, api, { ...options, isStopped }),
    });
    const [lost, kept] = [photo(1000), photo(2000, 2)];
    await commit(db, AUDIT, [add('note', 'n1', { observed_at: '2026-11-24T10:00:00.000Z' })]);
    const backup = model.snapshot();
    await keep(lost);
    await keep(kept);
    await engine.syncNow();
    await engine.syncNow();
    expect([await state(lost.sha256), await state(kept.sha256)]).toEqual(['stored', 'stored']);
    const before = tus.requests.length;
    model.restore(backup);
    model.stored.delete(`${AUDIT}/${lost.sha256}`);
    tus.uploads.clear();
    await engine.syncNow();
    await engine.syncNow();
    expect(model.stored).toContain(`${AUDIT}/${lost.sha256}`);
    expect([await state(lost.sha256), await state(kept.sha256)]).toEqual(['stored', 'stored']);
    expect(tus.requests.slice(before)).toEqual(['POST', 'PATCH']);
  });
});

describe('pictures that go ahead of a large photo', () => {
  /** A photo of which this tablet has made its smaller pictures. */
  async function taken(keep: (given: { bytes: ArrayBuffer; sha256: string }) => Promise<void>, db: AuditbookDatabase) {
    const given = photo(LARGE_BYTES + 1, 7);
    await keep(given);
    await keepPictures(db, given.sha256, { thumbnail: photo(900).bytes, view: photo(90_000).bytes });
    return given.sha256;
  }

  test('the thumbnail comes first, then the view, then the file itself', async () => {
    const { model, tus, db, keep, upload } = await setUp();
    const sha256 = await taken(keep, db);
    let before: string[] = [];
    tus.interrupt = () => {
      before = [...model.ahead.keys()];
      return 'none';
    };
    expect(await upload()).toBe(1);
    expect(before).toEqual([`${AUDIT}/${sha256}/thumbnail`, `${AUDIT}/${sha256}/view`]);
    expect(new Uint8Array(model.ahead.get(`${AUDIT}/${sha256}/view`)!)).toEqual(new Uint8Array(photo(90_000).bytes));
  });

  test('are sent once, and the ones that the server holds not again', async () => {
    const { model, tus, db, keep, upload } = await setUp();
    await taken(keep, db);
    tus.interrupt = () => 'cut';
    await expect(upload()).rejects.toThrow(Stopped);
    const sent = sentAhead(model).length;
    await expect(upload()).rejects.toThrow(Stopped);
    expect([sent, sentAhead(model).length]).toEqual([2, 2]);
  });

  test('go although the file itself waits for a better network, and nothing counts as safe', async () => {
    const { model, tus, db, keep, state, upload } = await setUp();
    const small = photo(1000, 3);
    const sha256 = await taken(keep, db);
    await keep(small);
    await holdLarge(db, true);
    expect(await upload()).toBe(1);
    expect([...model.ahead.keys()]).toHaveLength(2);
    expect([await state(small.sha256), await state(sha256)]).toEqual(['stored', 'waiting']);
    expect(tus.uploads.size).toBe(1);
    await holdLarge(db, false);
    expect(await upload()).toBe(1);
    expect(await state(sha256)).toBe('stored');
  });

  test('are not offered to a server that does not know of them', async () => {
    const { model, db, keep, upload } = await setUp();
    model.knowsAhead = false;
    await taken(keep, db);
    expect(await upload()).toBe(1);
    expect(sentAhead(model)).toEqual([]);
  });

  test('do not hold up the file where the server refuses them', async () => {
    const { model, db, keep, upload } = await setUp();
    model.refusesAhead = true;
    await taken(keep, db);
    expect(await upload()).toBe(1);
  });

  test('that are hardly smaller than the file stay here', async () => {
    const { model, db, keep, upload } = await setUp();
    const given = photo(1500);
    await keep(given);
    await keepPictures(db, given.sha256, { thumbnail: photo(900).bytes, view: photo(1200).bytes });
    expect(await upload()).toBe(1);
    expect(model.ahead.size).toBe(0);
  });
});

testLong('three files are on their way at once, and where the line fails no other one is begun', async () => {
  const { tus, keep, upload } = await setUp();
  for (let seed = 0; seed < 8; seed += 1) await keep(photo(600_000 + seed, seed));
  tus.interrupt = () => 'cut';
  await expect(upload()).rejects.toThrow(Stopped);
  expect(tus.uploads.size).toBe(3);
  tus.interrupt = () => 'none';
  expect(await upload()).toBe(8);
});
