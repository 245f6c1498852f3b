/**
 * What tablets of earlier versions hold and send. Each file in testdata/ was written once by the code of its time, and is never
 * written again: the app has to go on opening it, and the server to go on taking it (tests/sync/test_old_versions.py).
 */
import 'fake-indexeddb/auto';
import { writeFileSync } from 'node:fs';
import Dexie from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { expect, test } from 'vitest';
import { ApiClient } from '../api/client';
import { createAudit } from '../commands/audit';
import type { Created } from '../commands/session';
import { digestOf, sha256Of } from '../domain/operation';
import { lengthen } from '../domain/short-form';
import { SyncEngine } from '../sync/engine';
import { ModelServer } from '../sync/model-server';
import { readAgain } from './read-again';
import { add, set, setAll } from './changes';
import { commit } from './commit';
import { AuditbookDatabase, installationOf } from './database';
import { APP_VERSION, instant, newId } from './device';
import { draftKeeper, readDrafts } from './drafts';
import { cutEvidence, readEvidence } from './evidence-bytes';
import { readOutbox } from './outbox';
import { appendToRecording, beginRecording } from './recordings';
import { readEntity } from './queries';
import { freezeRows, storesOf, thaw, type OldTablet } from './frozen';
import { base64url } from './keys';
import type { Session } from './session';
import { LENA, openTablet, WORKSPACE } from './testing';

const VERSIONS = Object.entries(
  import.meta.glob<OldTablet>('./testdata/tablet-of-version-*.json', { import: 'default', eager: true }),
);

/** The storage as it lay on that tablet when the new version of the app started. */
async function storageOf(old: OldTablet): Promise<IDBFactory> {
  const indexedDB = new IDBFactory();
  const storage = new Dexie(`auditbook:${old.account}`, { indexedDB, IDBKeyRange });
  storage.version(old.version).stores(old.stores);
  await storage.open();
  for (const [name, rows] of Object.entries(old.rows)) await storage.table(name).bulkAdd(await thaw(rows));
  storage.close();
  return indexedDB;
}

async function openToday(old: OldTablet): Promise<AuditbookDatabase> {
  const db = new AuditbookDatabase(old.account, { indexedDB: await storageOf(old), IDBKeyRange });
  await db.open();
  await readAgain(db);
  return db;
}

test.each(VERSIONS)('%s: everything that was recorded is shown, half sentence and photo too', async (_, old) => {
  const db = await openToday(old);
  for (const { kind, id, fields } of old.shows) {
    const entity = await readEntity(db, old.audit, kind, id);
    for (const [name, value] of Object.entries(fields)) expect(entity?.fields.get(name)?.value, name).toEqual(value);
  }
  expect((await readDrafts(db, old.audit)).map(({ text }) => text)).toEqual(old.drafts);
  for (const { sha256, size } of old.photos) expect((await readEvidence(db, sha256))?.byteLength).toBe(size);
  expect(await readOutbox(db)).toMatchObject(old.outbox);
});

test.each(VERSIONS)('%s: what waited is sent as it was written, and work goes on in its chain', async (_, old) => {
  const db = await openToday(old);
  await commit(db, old.audit, [set('finding', old.finding, 'title', 'Written by the version of today')]);
  const server = new ModelServer();
  await new SyncEngine(
    db,
    server.apiFor(() => old.account),
    { upload: () => Promise.resolve(0) },
  ).syncNow();
  const texts = server.logs
    .get(old.audit)!
    .entries.filter(({ origin }) => origin === 'device')
    .map(({ data }) => data);
  const sent = old.batches.flatMap((body) => {
    const { operations } = JSON.parse(body) as { operations: string[] };
    return lengthen(operations, (_, whole) => digestOf(whole))!;
  });
  expect(texts.slice(0, -1)).toEqual(sent);
  expect((await readOutbox(db)).operations).toBe(0);
});

test('there is a tablet of every version of the storage', async () => {
  const now = new AuditbookDatabase('nobody', { indexedDB: new IDBFactory(), IDBKeyRange });
  await now.open();
  const versions = VERSIONS.map(([, { version }]) => version).sort((one, other) => one - other);
  expect(versions).toEqual(Array.from({ length: now.verno }, (_, index) => index + 1));
  now.close();
});

/** `VITE_FREEZE=1 npx vitest run src/store/old-versions.test.ts` writes the file of a new version, once, before it is released. */
test.skipIf(!import.meta.env['VITE_FREEZE'])('a tablet of this version is put by', async () => {
  const frozen = await makeTablet();
  const file = `src/store/testdata/tablet-of-version-${frozen.version}.json`;
  writeFileSync(file, `${JSON.stringify(frozen, null, 1)}\n`, { flag: 'wx' });
});

async function makeTablet(): Promise<OldTablet> {
  const db = await openTablet(LENA);
  const installation = await installationOf(db);
  // This one can leave, to go into the file.
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const public_key = base64url(new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)));
  await db.keys.put({ installation, private_key: pair.privateKey, public_key });
  const session: Session = {
    account: LENA,
    name: 'Lena Hartmann',
    email: 'lena@example.org',
    language: 'en',
    installation,
    workspaces: [{ id: WORKSPACE, kind: 'certification_body', name: 'Nordcert', roles: ['lead_auditor'] }],
    database: db,
  };
  const batches: string[] = [];
  const server = new ModelServer();
  const send = server.fetchFor(() => LENA);
  const api = new ApiClient('http://auditbook.test', async (input, init) => {
    const request = new Request(input, init);
    if (request.method === 'POST' && request.url.endsWith('/operations')) batches.push(await textOf(request.clone()));
    return send(request);
  });
  const engine = new SyncEngine(db, api, { upload: () => Promise.resolve(0) });

  const audit = (
    (await createAudit(session, { workspace: WORKSPACE, type: 'stage_2', title: 'Stage 2 at Spanwerk' })) as Created
  ).id;
  const [finding, note, photo] = [newId(), newId(), newId()];
  await commit(db, audit, [
    add('finding', finding, { raised_at: instant(), raised_by: LENA }),
    ...setAll('finding', finding, { title: 'Caliper without a mark', grade: 'minor_nonconformity' }),
  ]);
  await engine.syncNow();

  await commit(db, audit, [
    ...setAll('finding', finding, { title: 'Caliper 17 without a mark', failure: 'Größe „M“: kein Prüfzeichen' }),
    add('note', note, { observed_at: instant() }),
    ...setAll('note', note, { text: 'Petra keeps the recall list on paper' }),
  ]);
  const voice = { id: newId(), audit, captured_at: instant(), media_type: 'audio/webm', about: {} };
  await beginRecording(db, voice);
  await appendToRecording(db, voice.id, 0, Uint8Array.from({ length: 300 }, (_, index) => index % 251).buffer, 1000);
  const bytes = Uint8Array.from({ length: 2000 }, (_, index) => (index * 7) % 251).buffer;
  const sha256 = sha256Of(new Uint8Array(bytes));
  const born = {
    kind: 'photo',
    sha256,
    size: bytes.byteLength,
    media_type: 'image/jpeg',
    source: 'camera_still',
    file_name: null,
    captured_at: instant(),
  } as const;
  await commit(
    db,
    audit,
    [add('evidence', photo, born), add('evidence_link', newId(), { evidence: photo, finding, criterion: null })],
    [cutEvidence(bytes, sha256, 'image/jpeg')],
  );
  const keeper = draftKeeper(db, audit, `finding/${finding}`, 'requirement');
  keeper.type('7.1.5.2 asks for');
  await keeper.flush();

  const rows = (await freezeRows(db)) as OldTablet['rows'];
  const { operations, photos } = await readOutbox(db);
  await engine.syncNow();
  return {
    version: db.verno,
    app: APP_VERSION,
    account: LENA,
    workspace: WORKSPACE,
    installation,
    public_key,
    audit,
    finding,
    stores: storesOf(db),
    rows,
    shows: [
      { kind: 'audit', id: audit, fields: { title: 'Stage 2 at Spanwerk' } },
      {
        kind: 'finding',
        id: finding,
        fields: {
          title: 'Caliper 17 without a mark',
          grade: 'minor_nonconformity',
          failure: 'Größe „M“: kein Prüfzeichen',
        },
      },
      { kind: 'note', id: note, fields: { text: 'Petra keeps the recall list on paper' } },
    ],
    drafts: ['7.1.5.2 asks for'],
    photos: [{ sha256, size: bytes.byteLength }],
    outbox: { operations, photos },
    batches,
  };
}

async function textOf(request: Request): Promise<string> {
  if (request.headers.get('Content-Encoding') !== 'gzip') return request.text();
  return new Response(request.body!.pipeThrough(new DecompressionStream('gzip'))).text();
}
