import 'fake-indexeddb/auto';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { sha256Of } from '../domain/operation';
import { isRefusal, type Refusal } from '../domain/refusal';
import { watchCarried, watchRestingPhotos } from '../store/carried';
import { add, set } from '../store/changes';
import { commit } from '../store/commit';
import { installationOf, type AuditbookDatabase } from '../store/database';
import { cutEvidence, readEvidence } from '../store/evidence-bytes';
import { readOutbox } from '../store/outbox';
import { readCursor } from '../store/pulled';
import { once, readLog, watchAudits, watchTrust } from '../store/queries';
import type { Session } from '../store/session';
import { ARON, AUDIT, contentOf, LENA, openTablet, WORKSPACE, testLong } from '../store/testing';
import { SyncEngine } from '../sync/engine';
import { ModelServer } from '../sync/model-server';
import { uploadAnswer, uploadStack } from '../sync/model-uploads';
import { uploadWaiting } from '../sync/upload-evidence';
import { openHandover, type OpenedHandover } from './read';
import { takeInHandover, type TakenHandover } from './take-in';
import { prepareHandover } from './write';

const PASSPHRASE = 'lusab-babad-gutih-tugad';
const QUICK = 4;
const MARA = '0191e6a0-0000-7000-8000-0000000000a3';
const birth = add('audit', AUDIT, { workspace: WORKSPACE, type: 'stage_2' });
const member = (id: string, account: string) => [
  add('team_member', id, { account }),
  set('team_member', id, 'role', 'auditor'),
];
const finding = (id: string, title: string) => [
  add('finding', id, { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' }),
  set('finding', id, 'title', title),
];
const START = [birth, ...member('m2', ARON)];

interface Tablet {
  db: AuditbookDatabase;
  engine: SyncEngine;
}

async function tabletFor(account: string, server = new ModelServer()): Promise<Tablet> {
  const db = await openTablet(account);
  const engine = new SyncEngine(
    db,
    server.apiFor(() => account),
    { upload: () => Promise.resolve(0) },
  );
  return { db, engine };
}

async function syncAll(...tablets: Tablet[]): Promise<void> {
  for (let round = 0; round < 2; round += 1) for (const { engine } of tablets) await engine.syncNow();
  for (const { engine } of tablets) expect(engine.state.problem).toBeNull();
}

async function sessionOf(database: AuditbookDatabase): Promise<Session> {
  const installation = await installationOf(database);
  const name = database.account === LENA ? 'Lena' : 'Aron';
  return { account: database.account, name, email: '', language: 'en', installation, workspaces: [], database };
}

async function takenOut({ db }: Tablet, only: string | null = null): Promise<Blob> {
  const prepared = await prepareHandover(await sessionOf(db), only);
  if (isRefusal(prepared)) throw new Error(prepared.code);
  return new Response(await prepared.stream(PASSPHRASE, undefined, QUICK)).blob();
}

async function opened({ db }: Tablet, file: Blob, passphrase = PASSPHRASE): Promise<OpenedHandover> {
  const found = await openHandover(db, file, passphrase);
  if (isRefusal(found)) throw new Error(found.code);
  return found;
}

async function takenIn(tablet: Tablet, file: Blob): Promise<TakenHandover | Refusal> {
  const found = await openHandover(tablet.db, file, PASSPHRASE);
  return isRefusal(found) ? found : takeInHandover(tablet.db, found);
}

async function titles({ db }: Tablet): Promise<(string | null | undefined)[]> {
  return (await readLog(db, AUDIT))
    .ofKind('finding')
    .map((entity) => entity.get('title'))
    .toSorted();
}

function photo(bytes = 1_200_000) {
  const parts = Array.from({ length: Math.ceil(bytes / 65_536) }, (_, index) =>
    crypto.getRandomValues(new Uint8Array(Math.min(65_536, bytes - index * 65_536))),
  );
  const whole = new Uint8Array(parts.flatMap((part) => [...part]));
  const sha256 = sha256Of(whole);
  return { whole, sha256, file: cutEvidence(whole.buffer, sha256, 'image/jpeg') };
}

const evidence = (sha256: string, size = 1000) =>
  add('evidence', 'e1', {
    kind: 'photo',
    sha256,
    size,
    media_type: 'image/jpeg',
    source: 'camera_still',
    file_name: null,
    captured_at: '2026-11-24T09:41:07.250Z',
  });

/** What answers where photos are sent. `isTaken`: whether it has such an audit for whoever sends. */
class PhotoServer {
  isTaken = false;
  announced = 0;

  readonly model: ModelServer;

  constructor(model: ModelServer) {
    this.model = model;
  }

  /** A tablet whose photos come here. */
  async tabletFor(account: string) {
    const db = await openTablet(account);
    const api = this.model.apiFor(() => account);
    const upload = () =>
      uploadWaiting(db, api, {
        base: 'http://auditbook.test',
        httpStack: uploadStack((...request) => this.#answer(...request)),
      });
    return { db, upload, engine: new SyncEngine(db, api, { upload }) };
  }

  #answer(method: string, url: string, headers: ReadonlyMap<string, string>, body: Blob | null) {
    if (method === 'POST') {
      this.announced += 1;
      if (!this.isTaken) return uploadAnswer(404, {}, '{"code": "request.not_found"}');
      const [, named] = /sha256 ([^,]+)/.exec(headers.get('Upload-Metadata')!)!;
      return uploadAnswer(201, { Location: `http://auditbook.test/api/evidence/uploads/${atob(named!)}` });
    }
    this.model.stored.add(`${AUDIT}/${url.split('/').at(-1)!}`);
    return uploadAnswer(204, { 'Upload-Offset': String(body?.size ?? 0) });
  }
}

describe('two tablets of a team without a network', () => {
  test('see what both wrote after one file each way, photos included', async () => {
    const [lena, aron] = [await tabletFor(LENA), await tabletFor(ARON)];
    const { whole, sha256, file } = photo();
    await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena'), evidence(sha256)], [file]);
    expect(await takenIn(aron, await takenOut(lena))).toEqual({ entries: 0, operations: 6, photos: 1 });
    expect(await titles(aron)).toEqual(['Of Lena']);
    expect(sha256Of((await readEvidence(aron.db, sha256))!)).toBe(sha256Of(whole));
    await commit(aron.db, AUDIT, finding('f2', 'Of Aron'));
    await takenIn(lena, await takenOut(aron));
    expect(await titles(lena)).toEqual(['Of Aron', 'Of Lena']);
    expect(await readLog(lena.db, AUDIT)).toEqual(await readLog(aron.db, AUDIT));
  });

  test('may take the same file in twice', async () => {
    const [lena, aron] = [await tabletFor(LENA), await tabletFor(ARON)];
    const { sha256, file } = photo(1000);
    await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena'), evidence(sha256)], [file]);
    const out = await takenOut(lena);
    await takenIn(aron, out);
    const before = await contentOf(aron.db);
    expect(await takenIn(aron, out)).toEqual({ entries: 0, operations: 0, photos: 0 });
    expect(await contentOf(aron.db)).toEqual(before);
    expect(await takenIn(lena, out)).toEqual({ entries: 0, operations: 0, photos: 0 });
    expect((await readOutbox(lena.db)).carried).toBe(0);
  });

  test('hand on what they were handed', async () => {
    const [lena, aron, mara] = [await tabletFor(LENA), await tabletFor(ARON), await tabletFor(MARA)];
    await commit(lena.db, AUDIT, [...START, ...member('m3', MARA), ...finding('f1', 'Of Lena')]);
    await takenIn(aron, await takenOut(lena));
    await commit(aron.db, AUDIT, finding('f2', 'Of Aron'));
    await takenIn(mara, await takenOut(aron));
    expect(await titles(mara)).toEqual(['Of Aron', 'Of Lena']);
  });

  test('do not count as sent what is on somebody else’s tablet only', async () => {
    const [lena, aron] = [await tabletFor(LENA), await tabletFor(ARON)];
    await commit(lena.db, AUDIT, START);
    await takenIn(aron, await takenOut(lena));
    expect((await readOutbox(aron.db)).byAudit.get(AUDIT)).toEqual({ operations: 0, photos: 0, carried: 3 });
    expect((await readOutbox(lena.db)).operations).toBe(3);
    expect((await once(watchTrust(aron.db, AUDIT)))(`audit/${AUDIT}`)).toBe('saved');
  });
});

describe('the way on to the server', () => {
  test('is through whoever has a network first, and counts under its author’s name', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena')]);
    await takenIn(aron, await takenOut(lena));
    await syncAll(aron);
    expect(server.texts(AUDIT)).toHaveLength(5);
    expect(server.texts(AUDIT).every((text) => text.includes(`"account":"${LENA}"`))).toBe(true);
    expect((await readOutbox(aron.db)).carried).toBe(0);
    expect(await aron.db.carried.count()).toBe(0);
    await syncAll(lena);
    expect(server.texts(AUDIT)).toHaveLength(5);
    expect((await readOutbox(lena.db)).operations).toBe(0);
    expect(await readLog(lena.db, AUDIT)).toEqual(await readLog(aron.db, AUDIT));
  });

  test('brings what others wrote before what this account wrote upon it', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena')]);
    await takenIn(aron, await takenOut(lena));
    await commit(aron.db, AUDIT, [set('finding', 'f1', 'title', 'Of both')]);
    await syncAll(aron, lena);
    expect(
      server
        .texts(AUDIT)
        .map((text) => text.includes(ARON) && text.includes('Of both'))
        .indexOf(true),
    ).toBe(5);
    expect(await titles(lena)).toEqual(['Of both']);
  });

  test('is kept open where the server does not take it, and holds nothing up', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    await commit(lena.db, AUDIT, START);
    await syncAll(lena, aron);
    await commit(lena.db, AUDIT, finding('f1', 'Of Lena'));
    await takenIn(aron, await takenOut(lena));
    await aron.db.carried.toCollection().modify((row) => {
      row.body = { ...row.body, value: { ...row.body.value, head_signature: null } };
    });
    await commit(aron.db, AUDIT, finding('f2', 'Of Aron'));
    await syncAll(aron);
    expect((await readOutbox(aron.db)).operations).toBe(0);
    expect((await readOutbox(aron.db)).carried).toBe(2);
    expect((await aron.db.carried.toArray()).map(({ refused }) => refused)).toEqual(['operation.not_yours']);
    expect(await titles(aron)).toEqual(['Of Aron', 'Of Lena']);
  });

  test('reaches an older server, which does not know the short form, as whole texts', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    await commit(lena.db, AUDIT, START);
    await syncAll(lena, aron);
    await commit(lena.db, AUDIT, finding('f1', 'Of Lena'));
    await takenIn(aron, await takenOut(lena));
    server.knowsShort = false;
    await syncAll(aron);
    expect((await readOutbox(aron.db)).carried).toBe(0);
    expect(server.forms.at(-1)).toBe('whole');
  });

  test('of a tablet that drowned before the server knew it leads through its author', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena')]);
    const file = await takenOut(lena);
    server.unknown.add(await installationOf(lena.db));
    await takenIn(aron, file);
    await aron.engine.syncNow();
    expect(await once(watchCarried(aron.db, AUDIT))).toEqual([
      { account: LENA, count: 5, refused: ['operation.not_yours'], isHeld: true },
    ]);
    expect(server.texts(AUDIT)).toEqual([]);

    const anew = await tabletFor(LENA, server);
    expect((await anew.engine.syncNow()).broughtInName).toBe(5);
    expect((await opened(aron, file)).audits[0]!.inOwnName).toBe(0);
    expect((await opened(anew, file)).audits[0]!.inOwnName).toBe(5);
    await takenIn(anew, file);
    await syncAll(anew, aron);
    expect(server.texts(AUDIT)).toHaveLength(5);
    expect(anew.engine.state.broughtInName).toBe(0);
    expect([await titles(anew), await titles(aron)]).toEqual([['Of Lena'], ['Of Lena']]);
    expect(await once(watchCarried(aron.db, AUDIT))).toEqual([]);
  });

  testLong(
    'of an audit that is not for whoever brings it ends with the word of the server that it holds it',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
      server.strangers.add(ARON);
      await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena')]);
      await takenIn(aron, await takenOut(lena));
      await syncAll(aron);
      expect(server.texts(AUDIT)).toHaveLength(5);
      expect(aron.engine.state.problem).toBeNull();
      expect((await readOutbox(aron.db)).carried).toBe(0);
      expect(await once(watchCarried(aron.db, AUDIT))).toEqual([
        { account: LENA, count: 5, refused: [], isHeld: true },
      ]);
      expect(await once(watchAudits(aron.db))).toMatchObject([{ isOnServer: false, isHeldForOthers: true }]);
      const carried = (): number => server.requests.filter((request) => request.endsWith('/carried')).length;
      const before = carried();
      await syncAll(aron);
      expect(carried(), 'not again and again').toBe(before);

      await aron.db.carried.toCollection().modify((row) => void (row.held_at! -= 25 * 3_600_000));
      expect((await readOutbox(aron.db)).carried).toBe(5);
      await syncAll(aron);
      expect(carried(), 'a day later once more').toBe(before + 1);

      server.strangers.delete(ARON);
      await syncAll(aron);
      expect(await titles(aron)).toEqual(['Of Lena']);
      expect(await aron.db.carried.count()).toBe(0);
    },
  );

  testLong('rests also where whoever brought it has written upon it, and that is not called held', async () => {
    const server = new ModelServer();
    const photos = new PhotoServer(server);
    const [lena, aron] = [await tabletFor(LENA, server), await photos.tabletFor(ARON)];
    server.strangers.add(ARON);
    await commit(lena.db, AUDIT, START);
    await takenIn(aron, await takenOut(lena));
    await syncAll(aron);
    const isHeld = async () => (await once(watchAudits(aron.db)))![0]!.isHeldForOthers;
    const sent = (what: string): number =>
      server.requests.filter((request) => request.startsWith('POST') && request.endsWith(what)).length;
    const [carried, pushed] = [sent('/carried'), sent('/operations')];
    const { sha256, file } = photo(1000);
    await commit(aron.db, AUDIT, [...finding('f9', 'Of Aron, here alone'), evidence(sha256)], [file]);
    expect(await isHeld()).toBe(false);

    await syncAll(aron);
    expect([sent('/carried'), sent('/operations')], 'his own work, once').toEqual([carried, pushed + 1]);
    expect([await isHeld(), await readOutbox(aron.db)]).toMatchObject([
      false,
      { operations: 3, photos: 1, carried: 0 },
    ]);

    expect(photos.announced).toBe(1);
    await aron.db.carried.toCollection().modify((row) => void (row.held_at! -= 25 * 3_600_000));
    await syncAll(aron);
    expect(sent('/carried'), 'a day later once more').toBe(carried + 1);

    // Now the server lets him hear of his own part of it, and of no more: at once, and not in a day.
    server.strangers.delete(ARON);
    server.left.add(ARON);
    await commit(aron.db, AUDIT, finding('f10', 'Of Aron again'));
    await syncAll(aron);
    expect([await readOutbox(aron.db), sent('/carried')]).toMatchObject([{ operations: 0 }, carried + 1]);
    server.left.delete(ARON);

    photos.isTaken = true;
    server.strangers.delete(ARON);
    await syncAll(aron);
    expect(await titles(aron)).toEqual(['Of Aron again', 'Of Aron, here alone']);
    expect(await readOutbox(aron.db)).toMatchObject({ operations: 0, photos: 0, carried: 0 });
  });

  testLong(
    'does not say of a file that is taken in while the first one is on its way that the server holds it',
    async () => {
      const server = new ModelServer();
      const lena = await tabletFor(LENA, server);
      const db = await openTablet(ARON);
      const api = server.apiFor(() => ARON);
      const aron = { db, engine: new SyncEngine(db, api, { upload: () => Promise.resolve(0) }) };
      server.strangers.add(ARON);
      await commit(lena.db, AUDIT, [...START, ...finding('f1', 'In the first file')]);
      const first = await takenOut(lena);
      await commit(lena.db, AUDIT, finding('f2', 'In the second file'));
      const second = await takenOut(lena);
      await takenIn(aron, first);
      let isSecondIn = false;
      const pull = api.pull.bind(api);
      api.pull = async (...asked) => {
        if (!isSecondIn) await takenIn(aron, second);
        isSecondIn = true;
        return pull(...asked);
      };

      await aron.engine.syncNow();
      expect(aron.engine.state.problem).toBeNull();
      expect(server.texts(AUDIT)).toHaveLength(5);
      expect((await readOutbox(db)).carried, 'waits: it was not sent').toBeGreaterThan(0);
      await aron.engine.syncNow();
      expect(server.texts(AUDIT)).toHaveLength(7);
      expect((await readOutbox(db)).carried).toBe(0);
    },
  );

  testLong('leaves its photos on the tablet until the work counts, and no run fails for them', async () => {
    const server = new ModelServer();
    const photos = new PhotoServer(server);
    const [lena, aron] = [await tabletFor(LENA, server), await photos.tabletFor(ARON)];
    const { sha256, file } = photo(1000);
    await commit(lena.db, AUDIT, [...START, evidence(sha256)], [file]);
    server.unknown.add(await installationOf(lena.db));
    server.strangers.add(ARON);
    await takenIn(aron, await takenOut(lena));
    const resting = () => once(watchRestingPhotos(aron.db, AUDIT));

    await syncAll(aron);
    expect(aron.engine.state).toMatchObject({ phase: 'idle', lastSuccessAt: expect.any(Number) });
    expect(photos.announced, 'once, not in every run').toBe(1);
    expect(await readOutbox(aron.db), 'it is not on the server').toMatchObject({ photos: 1, carried: 0 });
    expect(await resting()).toBe(1);

    await aron.db.uploads.toCollection().modify((row) => void (row.resting_since! -= 25 * 3_600_000));
    await syncAll(aron);
    expect(photos.announced, 'a day later once more').toBe(2);

    server.unknown.clear();
    server.strangers.delete(ARON);
    photos.isTaken = true;
    await syncAll(lena, aron);
    expect(photos.announced, 'as soon as the audit is listed').toBe(3);
    expect(await readOutbox(aron.db)).toMatchObject({ photos: 0, carried: 0 });
    expect(await resting()).toBe(0);
  });

  testLong('brings its photos where the audit is there, and not for whoever brings them to see', async () => {
    const server = new ModelServer();
    const photos = new PhotoServer(server);
    const [lena, aron] = [await tabletFor(LENA, server), await photos.tabletFor(ARON)];
    const { sha256, file } = photo(1000);
    await commit(lena.db, AUDIT, [...START, evidence(sha256)], [file]);
    server.strangers.add(ARON);
    photos.isTaken = true;
    await takenIn(aron, await takenOut(lena));
    await aron.engine.syncNow();
    expect(aron.engine.state.problem).toBeNull();
    expect((await readOutbox(aron.db)).photos).toBe(0);
  });

  test('says so where a photo of one’s own is not taken', async () => {
    const server = new ModelServer();
    const photos = new PhotoServer(server);
    const aron = await photos.tabletFor(ARON);
    const { sha256, file } = photo(1000);
    await commit(aron.db, AUDIT, [...START, evidence(sha256)], [file]);
    server.strangers.add(ARON);
    await expect(aron.upload()).rejects.toMatchObject({ problem: { code: 'request.not_found' } });
    expect(await once(watchRestingPhotos(aron.db, AUDIT))).toBe(0);
  });

  testLong('leaves out a photo that was withdrawn while the file was on its way', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    const { sha256, file } = photo(1000);
    const { operations } = await commit(lena.db, AUDIT, [...START, evidence(sha256, 1000)], [file]);
    const out = await takenOut(lena);
    await syncAll(lena);
    server.erase(AUDIT, operations.at(-1)!.digest, sha256);
    await syncAll(lena, aron);
    expect(await takenIn(aron, out)).toEqual({ entries: 0, operations: 0, photos: 0 });
    expect([await aron.db.uploads.count(), await aron.db.evidence_bytes.count()]).toEqual([0, 0]);
    expect(await takenIn(lena, out)).toMatchObject({ photos: 0 });
    expect([await lena.db.uploads.count(), await lena.db.evidence_bytes.count()]).toEqual([0, 0]);
  });

  /** Aron has left, heard that the entry of a photo was erased, and has a file from before that. */
  async function erasedAfterLeaving(named: { isFileNamed: boolean }): Promise<{ aron: Tablet; out: Blob }> {
    const server = new ModelServer();
    const photos = new PhotoServer(server);
    const [lena, aron] = [await tabletFor(LENA, server), await photos.tabletFor(ARON)];
    const { sha256, file } = photo(1000);
    const { operations } = await commit(lena.db, AUDIT, [...START, evidence(sha256)], [file]);
    const out = await takenOut(lena);
    await syncAll(lena, aron);
    server.strangers.add(ARON);
    server.erase(AUDIT, operations.at(-1)!.digest, named.isFileNamed ? sha256 : undefined);
    await syncAll(aron);
    return { aron, out };
  }

  testLong('leaves out a photo of whose withdrawal its taker heard after leaving the team', async () => {
    const { aron, out } = await erasedAfterLeaving({ isFileNamed: true });
    expect(await takenIn(aron, out)).toMatchObject({ photos: 0 });
    expect([await aron.db.uploads.count(), await aron.db.evidence_bytes.count()]).toEqual([0, 0]);
    await syncAll(aron);
  });

  testLong('fails no run for a photo whose entry was erased and which the server takes from nobody', async () => {
    const { aron, out } = await erasedAfterLeaving({ isFileNamed: false });
    expect(await takenIn(aron, out)).toMatchObject({ photos: 1 });
    await syncAll(aron);
    expect(await once(watchRestingPhotos(aron.db, AUDIT))).toBe(1);
  });

  test('survives a restored server: what it has never had is not lost', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    await commit(lena.db, AUDIT, START);
    await syncAll(lena, aron);
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, finding('f1', 'Of Lena'));
    await takenIn(aron, await takenOut(lena));
    server.restore(backup);
    // Pulled anew, and not brought yet.
    server.fault = (path) => (path.endsWith('/carried') ? 'no network' : 'none');
    await aron.engine.syncNow();
    expect(await titles(aron)).toEqual(['Of Lena']);
    server.fault = () => 'none';
    await syncAll(aron);
    expect(await titles(aron)).toEqual(['Of Lena']);
    expect((await readOutbox(aron.db)).carried).toBe(0);
  });
});

describe('a spare tablet', () => {
  test('goes on with a dead one’s audit, in a chain of its own', async () => {
    const server = new ModelServer();
    const [dead, spare] = [await tabletFor(LENA, server), await tabletFor(LENA, server)];
    await commit(dead.db, AUDIT, [...START, ...finding('f1', 'Synced')]);
    await syncAll(dead, spare);
    await commit(dead.db, AUDIT, finding('f2', 'On the dead one only'));
    const out = await takenOut(dead);
    await takenIn(spare, out);
    await commit(spare.db, AUDIT, [
      ...finding('f3', 'On the spare one'),
      set('finding', 'f2', 'title', 'Gone on with'),
    ]);
    expect(await titles(spare)).toEqual(['Gone on with', 'On the spare one', 'Synced']);
    await syncAll(spare);
    expect((await readOutbox(spare.db)).byAudit.size).toBe(0);
    expect(await installationOf(spare.db)).not.toBe(await installationOf(dead.db));
  });

  test('that is the same one, put back to yesterday, finds its own work and goes on in its own chain', async () => {
    const server = new ModelServer();
    const before = await tabletFor(LENA, server);
    await commit(before.db, AUDIT, START);
    await syncAll(before);
    const again = await tabletFor(LENA, server);
    for (const table of before.db.tables.filter(({ name }) => name !== 'keys')) {
      await again.db.table(table.name).clear();
      await again.db.table(table.name).bulkPut(await table.toArray());
    }
    await commit(before.db, AUDIT, finding('f1', 'Lost with the storage'));
    await takenIn(again, await takenOut(before));
    expect((await readOutbox(again.db)).operations).toBe(2);
    await commit(again.db, AUDIT, finding('f2', 'Written since'));
    await syncAll(again);
    expect(await titles(again)).toEqual(['Lost with the storage', 'Written since']);
    expect(await installationOf(again.db)).toBe(await installationOf(before.db));
  });
});

describe('the log in the file', () => {
  async function team(): Promise<{ server: ModelServer; lena: Tablet; aron: Tablet }> {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(LENA, server), await tabletFor(ARON, server)];
    await commit(lena.db, AUDIT, START);
    await syncAll(lena, aron);
    return { server, lena, aron };
  }

  test('brings what the other tablet has pulled, as if the server had given it', async () => {
    const { lena, aron } = await team();
    await commit(lena.db, AUDIT, finding('f1', 'Pulled by Lena'));
    await syncAll(lena);
    const found = await opened(aron, await takenOut(lena, AUDIT));
    expect(found.audits.map(({ log, lines, isNew }) => ({ log, lines: lines.length, isNew }))).toEqual([
      { log: 'new', lines: 2, isNew: false },
    ]);
    expect(await takeInHandover(aron.db, found)).toEqual({ entries: 2, operations: 0, photos: 0 });
    expect(await readCursor(aron.db, AUDIT)).toEqual(
      await readCursor(lena.db, AUDIT).then((cursor) => ({ ...cursor, rev: expect.anything() })),
    );
    expect(await titles(aron)).toEqual(['Pulled by Lena']);
    await syncAll(aron);
    expect((await readOutbox(aron.db)).byAudit.size).toBe(0);
  });

  test('makes an audit appear on a tablet that has none of it', async () => {
    const { server, lena } = await team();
    const other = await tabletFor(ARON, server);
    await commit(other.db, '0191e6a0-0000-7000-8000-000000000a0e', [
      add('note', 'n1', { observed_at: '2026-11-24T09:41:07.250Z' }),
    ]);
    server.fault = (path) => (path.includes(AUDIT) ? 'no network' : 'none');
    await other.engine.syncNow();
    server.fault = () => 'none';
    await other.db.audits.clear();
    const found = await opened(other, await takenOut(lena, AUDIT));
    expect(found.audits[0]).toMatchObject({ isNew: true, log: 'new', refusal: null });
    await takeInHandover(other.db, found);
    expect((await readLog(other.db, AUDIT)).find('audit', AUDIT)).toBeDefined();
  });

  test('is no way round permissions', async () => {
    const { server, lena } = await team();
    const mara = await tabletFor(MARA, server);
    await commit(lena.db, AUDIT, finding('f1', 'Not for Mara'));
    const before = await contentOf(mara.db);
    const found = await opened(mara, await takenOut(lena));
    expect(found.audits[0]!.refusal?.code).toBe('handover.unproved');
    await takeInHandover(mara.db, found);
    expect(await contentOf(mara.db)).toEqual(before);
    const own = '0191e6a0-0000-7000-8000-000000000a0f';
    await commit(lena.db, own, [add('audit', own, { workspace: WORKSPACE, type: 'stage_2' })]);
    expect((await opened(mara, await takenOut(lena, own))).audits[0]!.refusal?.code).toBe('handover.not_in_team');
  });

  test.each([
    ['signed by another server', (server: ModelServer) => void (server.logKey = new ModelServer().logKey), 'unproved'],
    ['of another epoch', (server: ModelServer) => server.restore(server.snapshot()), 'other_epoch'],
  ])('is passed over where it is %s; what was not sent is taken all the same', async (_what, spoil, state) => {
    const { server, lena, aron } = await team();
    spoil(server);
    await commit(lena.db, AUDIT, finding('f1', 'In the log'));
    await lena.db.device_state.delete('server_key');
    await lena.db.reference.delete('state');
    await lena.engine.syncNow();
    await lena.engine.syncNow();
    await commit(lena.db, AUDIT, finding('f2', 'Not sent'));
    const found = await opened(aron, await takenOut(lena));
    expect(found.audits[0]!.log).toBe(state);
    expect(await takeInHandover(aron.db, found)).toMatchObject({ entries: 0, operations: 2 });
    expect(await titles(aron)).toEqual(['Not sent']);
  });
});

describe('a file that is not what it should be', () => {
  test('is refused with a reason, and nothing is taken in', async () => {
    const [lena, aron] = [await tabletFor(LENA), await tabletFor(ARON)];
    await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena')]);
    const file = await takenOut(lena);
    const before = await contentOf(aron.db);
    const code = async (blob: Blob, passphrase = PASSPHRASE) => {
      const found = await openHandover(aron.db, blob, passphrase);
      return isRefusal(found) ? found.code : 'opened';
    };
    expect(await code(file, 'another passphrase')).toBe('handover.wrong_passphrase');
    expect(await code(file, `  ${PASSPHRASE} `)).toBe('opened');
    expect(await code(new Blob(['a text']))).toBe('handover.not_a_handover');
    expect(await code(new Blob([]))).toBe('handover.not_a_handover');
    expect(await contentOf(aron.db)).toEqual(before);
  });

  testLong(
    'is refused wherever a byte is another one or the end is missing',
    async () => {
      const [lena, aron] = [await tabletFor(LENA), await tabletFor(ARON)];
      const { sha256, file: kept } = photo(150_000);
      await commit(lena.db, AUDIT, [...START, ...finding('f1', 'Of Lena'), evidence(sha256)], [kept]);
      const bytes = new Uint8Array(await (await takenOut(lena)).arrayBuffer());
      const before = await contentOf(aron.db);
      const poison: Uint8Array<ArrayBuffer>[] = [];
      for (let at = 0; at < bytes.length; at += 1000) {
        const flipped = bytes.slice();
        flipped[at]! ^= 0x10;
        poison.push(flipped, bytes.slice(0, at));
      }
      poison.push(new Uint8Array([...bytes, 0]));
      for (const one of poison) {
        const answer = await takenIn(aron, new Blob([one]));
        expect(isRefusal(answer) && answer.code).toMatch(/^handover\.(damaged|wrong_passphrase|not_a_handover)$/);
      }
      expect(await contentOf(aron.db)).toEqual(before);
      expect(await takenIn(aron, new Blob([bytes]))).toMatchObject({ operations: 6, photos: 1 });
    },
    120_000,
  );

  test('holds nothing where nothing waits', async () => {
    const lena = await tabletFor(LENA);
    expect(await prepareHandover(await sessionOf(lena.db), null)).toMatchObject({ code: 'handover.nothing' });
  });

  test('leaves out a photo that no longer reads as it was taken, and says so', async () => {
    const lena = await tabletFor(LENA);
    const { sha256, file } = photo(1000);
    await commit(lena.db, AUDIT, [...START, evidence(sha256)], [file]);
    await lena.db.evidence_bytes
      .where('[sha256+index]')
      .equals([sha256, 0])
      .modify((row) => {
        new Uint8Array(row.body.value)[0]! ^= 1;
      });
    const prepared = await prepareHandover(await sessionOf(lena.db), null);
    expect(prepared).toMatchObject({ photos: 0, damaged: 1, operations: 4 });
  });
});

describe('the file that the tests of the server read', () => {
  const SAMPLE = new URL('../../../tests/handover/lena.zip.age', import.meta.url);

  // Made anew by AUDITBOOK_WRITE_HANDOVER=1, after a change of the format.
  test('is one that this app takes in', async () => {
    if (process.env['AUDITBOOK_WRITE_HANDOVER']) {
      const lena = await tabletFor(LENA);
      const { sha256, file } = photo(70_000);
      await commit(
        lena.db,
        AUDIT,
        [
          ...START,
          add('team_member', 'm1', { account: LENA }),
          ...finding('f1', 'No calibration record'),
          evidence(sha256, 70_000),
        ],
        [file],
      );
      const prepared = await prepareHandover(await sessionOf(lena.db), null);
      if (isRefusal(prepared)) throw new Error(prepared.code);
      await writeFile(SAMPLE, new Uint8Array(await new Response(await prepared.stream(PASSPHRASE)).arrayBuffer()));
    }
    const aron = await tabletFor(ARON);
    expect(await takenIn(aron, new Blob([await readFile(SAMPLE)]))).toEqual({ entries: 0, operations: 7, photos: 1 });
    expect(await titles(aron)).toEqual(['No calibration record']);
  });
});
