import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { sha256 } from '@noble/hashes/sha2.js';
import { GENESIS, makeOperation, sha256Of } from '../domain/operation';
import { add, set } from '../store/changes';
import { decode, encode } from '../store/codec';
import { commit } from '../store/commit';
import { readLeaving, takeCustody } from '../store/custody';
import { installationOf, type AuditbookDatabase } from '../store/database';
import { cutEvidence } from '../store/evidence-bytes';
import { base64 } from '../store/keys';
import { ARON, AUDIT, LENA, openTab, openTablet } from '../store/testing';
import { once, watchEvidence } from '../store/queries';
import { dropBytes, filesOnServer } from '../store/space';
import { SyncEngine } from './engine';
import { ModelServer } from './model-server';
import { uploadWaiting } from './upload-evidence';

interface Tablet {
  db: AuditbookDatabase;
  engine: SyncEngine;
}

async function tabletFor(server: ModelServer, account: string): Promise<Tablet> {
  const db = await openTablet(account);
  const engine = new SyncEngine(
    db,
    server.apiFor(() => account),
    { upload: () => confirm(server, db) },
  );
  return { db, engine };
}

/** What tus does is another test's: here the bytes have arrived where the model says that it has them. */
async function confirm(server: ModelServer, db: AuditbookDatabase): Promise<number> {
  for (const { audit, sha256 } of await db.uploads.where('state').equals('waiting').toArray()) {
    if (server.stored.has(`${audit}/${sha256}`)) await db.uploads.update([audit, sha256], { state: 'stored' });
  }
  return 0;
}

const TAKEN = '2026-11-24T09:41:07.250Z';
const title = (text: string) => set('finding', 'f1', 'title', text);
const RAISED = { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' };

async function record(db: AuditbookDatabase): Promise<void> {
  await commit(db, AUDIT, [add('finding', 'f1', RAISED), title('Gauges in use past their date')]);
}

async function photograph(db: AuditbookDatabase, byte: number): Promise<string> {
  const bytes = new Uint8Array(1000).fill(byte).buffer;
  const sha256 = sha256Of(new Uint8Array(bytes));
  const born = { kind: 'photo', sha256, size: 1000, media_type: 'image/jpeg', captured_at: TAKEN };
  await commit(db, AUDIT, [add('evidence', `e${byte}`, born as never)], [cutEvidence(bytes, sha256, 'image/jpeg')]);
  return sha256;
}

/** What a storage that loses its files leaves: the entries, and of a photo at most that there was one. */
async function loseBytes(db: AuditbookDatabase, sha256: string, isForgotten: boolean): Promise<void> {
  await db.evidence_bytes.where('[sha256+index]').between([sha256, 0], [sha256, Infinity]).delete();
  if (isForgotten) await db.uploads.delete([AUDIT, sha256]);
}

const leaving = ({ db }: Tablet) => readLeaving(db, AUDIT);

describe('safe to leave the site', () => {
  test('is said once the server has signed for every entry and the bytes of every photo, and stays over a restart', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await record(lena.db);
    const sha256 = await photograph(lena.db, 1);
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: false, waiting: { operations: 0, photos: 1 } });
    server.stored.add(`${AUDIT}/${sha256}`);
    await lena.engine.syncNow();
    expect(lena.engine.state.problem).toBeNull();
    expect(await leaving(lena)).toMatchObject({ isSafe: true, signed: { entries: 3, files: 1 }, problem: null });
    expect(await readLeaving(await openTab(lena.db), AUDIT)).toMatchObject({ isSafe: true });
  });

  test('ends with the next thing that is written, and comes back when the server has signed for that, too', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await record(lena.db);
    await lena.engine.syncNow();
    expect((await leaving(lena)).isSafe).toBe(true);
    await commit(lena.db, AUDIT, [title('Gauges without a mark')]);
    expect(await leaving(lena)).toMatchObject({ isSafe: false, waiting: { operations: 1 } });
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: true, signed: { entries: 3 } });
  });

  test('is not said where everything arrived and the network went before the server could sign', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await record(lena.db);
    server.fault = (path) => (path.endsWith('/custody') ? 'no network' : 'none');
    await lena.engine.syncNow();
    const said = await leaving(lena);
    expect(said).toMatchObject({ isSafe: false, problem: 'not_signed_yet', waiting: { operations: 0 } });
  });

  test('is not said on the word of somebody who is not the server', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await record(lena.db);
    await lena.engine.syncNow();
    await commit(lena.db, AUDIT, [title('Gauges without a mark')]);
    server.sign = async () => ({ at: '2026-11-24T09:41:07.250Z', key: 'b'.repeat(64), signature: 'A'.repeat(86) });
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: false, problem: 'other_key' });
    const key = await keyOf(server);
    server.sign = async () => ({ at: '2026-11-24T09:41:07.250Z', key, signature: 'A'.repeat(86) });
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: false, problem: 'wrong' });
  });

  test('is not said where a photo is kept quiet about: the list that was signed is not that of this log', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const here = await photograph(lena.db, 1);
    const lost = await photograph(lena.db, 2);
    server.stored.add(`${AUDIT}/${here}`);
    await lena.engine.syncNow();
    // Both count as sent on this tablet, and the answer names none that is lacking.
    await lena.db.uploads.toCollection().modify({ state: 'stored' });
    const api = server.apiFor(() => LENA);
    const { epoch, seq } = (await lena.db.logs.get(AUDIT))!;
    const answer = await api.readCustody(AUDIT, { epoch: epoch!, seq });
    if (answer.kind !== 'ok') throw new Error('no answer');
    expect(answer.value.lacking).toEqual([lost]);
    expect(await takeCustody(lena.db, AUDIT, { ...answer.value, lacking: [] })).toBe(true);
    expect(await leaving(lena)).toMatchObject({ isSafe: false, problem: 'wrong' });
  });

  test('is not said where a colleague with a newer app took a photo: this app is to be updated, and the server did no wrong', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await record(lena.db);
    await lena.engine.syncNow();
    await aron.engine.syncNow();
    server.stored.add(`${AUDIT}/${await photograph(aron.db, 1)}`);
    await aron.engine.syncNow();
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: true, signed: { files: 1 } });
    // As Lena's app keeps what it cannot read.
    const photo = (await lena.db.operations.toArray()).find(({ ent }) => ent?.startsWith('evidence/'))!;
    const { ent: _, chain: __, dseq: ___, ...unread } = photo;
    const body = encode(decode(photo.body).replace('"v":1', '"v":9'));
    await lena.db.operations.put({ ...unread, body });
    const { epoch, seq } = (await lena.db.logs.get(AUDIT))!;
    const answer = await server.apiFor(() => LENA).readCustody(AUDIT, { epoch: epoch!, seq });
    if (answer.kind !== 'ok') throw new Error('no answer');
    await takeCustody(lena.db, AUDIT, answer.value);
    expect(await leaving(lena)).toMatchObject({ isSafe: false, signed: null, problem: 'older_app' });
    // What the server itself cannot read is in no list of its: the lists differ for another reason.
    const val = { state: 'quarantined', code: 'envelope.unknown_version', facts: {} };
    await lena.db.verdicts.put({ audit: AUDIT, digest: photo.digest, body: encode({ operation: { val } } as never) });
    await takeCustody(lena.db, AUDIT, answer.value);
    expect(await leaving(lena)).toMatchObject({ isSafe: false, problem: 'wrong' });
    // The update reads it, and asks again.
    await lena.db.verdicts.clear();
    await lena.db.operations.put(photo);
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: true, problem: null });
  });

  test('a photo that the server had confirmed and lacks now is sent again', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const sha256 = await photograph(lena.db, 1);
    server.stored.add(`${AUDIT}/${sha256}`);
    await lena.engine.syncNow();
    expect((await leaving(lena)).isSafe).toBe(true);
    server.stored.clear();
    await commit(lena.db, AUDIT, [add('finding', 'f1', RAISED)]);
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: false, waiting: { photos: 1 } });
  });

  test('is not said on a statement that lacks a photo which has arrived since: the server signs for it first', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const sha256 = await photograph(lena.db, 1);
    await lena.engine.syncNow();
    server.stored.add(`${AUDIT}/${sha256}`);
    server.fault = (path) => (path.endsWith('/custody') ? 'no network' : 'none');
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: false, problem: 'not_signed_yet', waiting: { photos: 0 } });
    server.fault = () => 'none';
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: true, signed: { files: 1 } });
  });

  test('a photo that is freed before the server has signed for it is missing nowhere, and it is signed for all the same', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const sha256 = await photograph(lena.db, 1);
    await lena.engine.syncNow();
    server.stored.add(`${AUDIT}/${sha256}`);
    await confirm(server, lena.db);
    await dropBytes(lena.db, await filesOnServer(lena.db));
    expect(await leaving(lena)).toMatchObject({ isSafe: false, problem: 'not_signed_yet', missing: [] });
    expect((await once(watchEvidence(lena.db, AUDIT))).map(({ bytes }) => bytes)).not.toContain('missing');
    await lena.engine.syncNow();
    expect(await leaving(lena)).toMatchObject({ isSafe: true, signed: { files: 1 }, missing: [] });
  });

  test.each([
    ['and that they were there is known', false],
    ['and nothing of them is known', true],
  ])('is never said where the bytes of a photo are gone from the tablet that took it, %s', async (_, isForgotten) => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await record(lena.db);
    await commit(lena.db, AUDIT, [
      add('team_member', 'm1', { account: LENA }),
      set('team_member', 'm1', 'name', 'Lena Brandt'),
    ]);
    const [sent, lost] = [await photograph(lena.db, 1), await photograph(lena.db, 2)];
    await loseBytes(lena.db, lost, isForgotten);
    server.stored.add(`${AUDIT}/${sent}`);
    await uploadWaiting(
      lena.db,
      server.apiFor(() => LENA),
    );
    await lena.engine.syncNow();

    const said = await leaving(lena);
    expect(said.waiting.operations, 'the words arrive all the same').toBe(0);
    expect(said).toMatchObject({ isSafe: false, elsewhere: [] });
    const told = { account: LENA, name: 'Lena Brandt', sha256: lost, capturedAt: TAKEN, isDamaged: !isForgotten };
    expect(said.missing).toEqual([told]);
    const bytes = (await once(watchEvidence(lena.db, AUDIT))).map((one) => [one.sha256, one.bytes]);
    expect(bytes).toEqual([
      [lost, isForgotten ? 'missing' : 'damaged'],
      [sent, 'safe'],
    ]);
  });

  test('photos of others whose bytes are still on their tablets are said apart, and keep nobody else on the site', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await record(lena.db);
    await lena.engine.syncNow();
    await aron.engine.syncNow();
    await photograph(aron.db, 1);
    await aron.engine.syncNow();
    await lena.engine.syncNow();
    const said = await leaving(lena);
    expect(said.isSafe).toBe(true);
    expect(said.elsewhere).toEqual([{ account: ARON, name: null, count: 1 }]);
    expect(await leaving(aron)).toMatchObject({ isSafe: false, waiting: { photos: 1 } });
    expect((await leaving(aron)).elsewhere).toEqual([]);
  });

  test('is heard of a tablet that announced more than it sent, until that has arrived', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const waiting = { account: ARON, name: 'Aron', installation: LENA, arrived: 4, announced: 6 };
    server.announced = [waiting];
    await record(lena.db);
    await lena.engine.syncNow();
    expect((await leaving(lena)).tablets).toEqual([waiting]);
    server.announced = [];
    await lena.engine.syncNow();
    expect((await leaving(lena)).tablets).toEqual([]);
    const asked = server.requests.filter((one) => one.endsWith('/custody')).length;
    await lena.engine.syncNow();
    expect(
      server.requests.filter((one) => one.endsWith('/custody')).length,
      'nothing is open, so it is not asked',
    ).toBe(asked);
  });

  test('ends when the server turns out to be another than the one that signed', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await record(lena.db);
    await lena.engine.syncNow();
    server.restore(new Map());
    server.fault = (path) => (path.endsWith('/custody') ? 'no network' : 'none');
    await lena.engine.syncNow();
    expect((await leaving(lena)).isSafe).toBe(false);
  });
});

/** The name of the key that tablets of this server have pinned. */
async function keyOf(server: ModelServer): Promise<string> {
  const honest = new ModelServer();
  honest.logKey = server.logKey;
  return (await honest.sign(() => '')).key;
}

test('a photo that somebody writes under my name keeps me nowhere', async () => {
  const server = new ModelServer();
  const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
  await record(lena.db);
  await lena.engine.syncNow();
  await lena.engine.syncNow();
  expect((await readLeaving(lena.db, AUDIT)).isSafe).toBe(true);
  server.quarantine = ({ ent }) => (ent === 'evidence/e9' ? 'operation.not_yours' : null);
  const forged = makeOperation({
    chain: { installation: await installationOf(lena.db), account: LENA, audit: AUDIT },
    dseq: 1,
    prev: GENESIS,
    wall: 1_795_513_267_250,
    start: 'A'.repeat(11),
    mono: 1,
    hlc: '001795513267250-00000000',
    seen: { epoch: null, seq: 0 },
    ent: 'evidence/e9',
    fld: 'born',
    bases: [],
    kind: 'add',
    val: { kind: 'photo', sha256: '5'.repeat(64), size: 5, media_type: 'image/jpeg', captured_at: TAKEN },
    ctx: { app: '0.1.0', schema: 1, zone: 'UTC' },
    salt: 'A'.repeat(22),
  });
  const installation = await installationOf(aron.db);
  const api = server.apiFor(() => ARON);
  await api.enrol({ id: installation, name: 'Tablet', public_key: null });
  const announced = { dseq: 1, digest: forged.digest };
  const sent = { protocol: 1, installation, account: ARON, announced, head_signature: null, form: 'whole' };
  const body = new TextEncoder().encode(JSON.stringify({ ...sent, operations: [forged.data] }));
  expect(await api.push(AUDIT, body, base64(sha256(body)), false)).toMatchObject({ kind: 'ok' });
  await lena.engine.syncNow();
  await lena.engine.syncNow();
  expect(await readLeaving(lena.db, AUDIT)).toMatchObject({ isSafe: true, missing: [] });
});
