import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ApiClient } from '../api/client';
import { foldLog, readEntry, type Entry, type Issuance, type LogView } from '../domain/fold';
import { eraseContent, makeOperation, parseOperation, type Operation } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { readLogWithBasis } from '../store/basis';
import { add, resolve, seal, set } from '../store/changes';
import { decode, encode } from '../store/codec';
import { commit } from '../store/commit';
import { readLeaving } from '../store/custody';
import { device } from '../store/device';
import { installationOf, type AuditbookDatabase, type OldLine } from '../store/database';
import { OFFICE, readLost } from '../store/lost';
import { countCommon, nextPart, readLines, readOldLogs, readRefusedCodes } from '../store/old-log';
import { readOutbox } from '../store/outbox';
import { disputesOf, readLog, watchLog } from '../store/queries';
import { acceptServerKey, checkReceipt, readReceipt, readServerTrust, RECEIPTS } from '../store/receipts';
import { entriesOf } from '../store/refold';
import { readSetAside } from '../store/set-aside';
import { ARON, AUDIT, contentOf, LENA, openTab, openTablet, WORKSPACE, describeLong, testLong } from '../store/testing';
import { SyncEngine, type Lock } from './engine';
import { handBack } from './hand-back';
import { newId } from '../store/device';
import { makeLogKey, ModelServer, type Fault } from './model-server';
import { problemToTell, readBlocked } from './problem';
import { pullAudit } from './pull';
import { BatchSize } from './push';

const RAISED = { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' };
const finding = add('finding', 'f1', RAISED);
const SALT = 'A'.repeat(22);
const title = (text: string) => set('finding', 'f1', 'title', text);
const note = (id: string) => add('note', id, { observed_at: '2026-11-24T10:00:00.000Z' });

interface Tablet {
  db: AuditbookDatabase;
  engine: SyncEngine;
  /** Who the cookie says is signed in. */
  signedIn: { account: string | null };
}

function attach(server: ModelServer, db: AuditbookDatabase): Tablet {
  const signedIn: Tablet['signedIn'] = { account: db.account };
  const engine = new SyncEngine(
    db,
    server.apiFor(() => signedIn.account),
    { upload: () => Promise.resolve(0) },
  );
  return { db, engine, signedIn };
}

async function tabletFor(server: ModelServer, account: string): Promise<Tablet> {
  return attach(server, await openTablet(account));
}

async function syncAll(...tablets: Tablet[]): Promise<void> {
  for (let round = 0; round < 2; round += 1) for (const { engine } of tablets) await engine.syncNow();
}

function codeFor(fault: Fault): string {
  if (fault === 'no network') return 'sync.unreachable';
  return fault.startsWith('proxy') && fault !== 'proxy 401' ? 'sync.gateway' : 'sync.not_the_server';
}

/** Copy everything, as a restored device image does. */
async function cloned(tablet: Tablet, server: ModelServer): Promise<Tablet> {
  const twin = await openTablet(tablet.db.account);
  const tables = ['operations', 'entities', 'chains', 'logs', 'verdicts', 'device_state'] as const;
  for (const name of tables) {
    await twin.table(name).clear();
    await twin.table(name).bulkPut(await tablet.db.table(name).toArray());
  }
  return attach(server, twin);
}

/** A pull that nothing was pushed before, as when somebody writes while a run is under way. */
async function pullOnly({ db }: Tablet, server: ModelServer): Promise<void> {
  const api = server.apiFor(() => db.account);
  await api.enrol({ id: await installationOf(db), name: 'Tablet', public_key: null });
  await pullAudit(db, api, AUDIT);
}

const readTrust = ({ db }: Tablet) => readServerTrust(db);

/** The folded log in plain words, to compare two tablets. */
function plain(view: LogView): unknown {
  return [...view.entities.values()]
    .map((entity) => ({
      ref: entity.ref,
      born: entity.born,
      isDeleted: entity.isDeleted,
      isDeletionDisputed: entity.isDeletionDisputed,
      fields: [...entity.fields].map(([name, { value, heads }]) => ({
        name,
        value,
        heads: heads.map(({ digest }) => digest),
      })),
    }))
    .sort((one, other) => (one.ref < other.ref ? -1 : 1));
}

async function shown(tablet: Tablet): Promise<unknown> {
  return plain(await readLog(tablet.db, AUDIT));
}

function serverView(server: ModelServer): LogView {
  const entries = (server.logs.get(AUDIT)?.entries ?? []).map(({ data, origin, receivedAt, contentSha256 }, index) =>
    readEntry(data, origin, index + 1, receivedAt, contentSha256),
  );
  return foldLog(entries.filter((entry): entry is Entry => entry !== null));
}

/** Invariants after every story: one truth everywhere, nothing waiting, chains without gaps. */
async function expectAgreement(server: ModelServer, ...tablets: Tablet[]): Promise<void> {
  for (const tablet of tablets) {
    expect(tablet.engine.state.problem).toBeNull();
    expect(await shown(tablet)).toEqual(plain(serverView(server)));
    const rows = (await tablet.db.operations.toArray()).filter(({ audit }) => audit === AUDIT);
    expect(plain(foldLog(entriesOf(rows)))).toEqual(await shown(tablet));
    expect((await readLog(tablet.db, AUDIT)).issued).toEqual(serverView(server).issued);
    expect((await readOutbox(tablet.db)).operations).toBe(0);
  }
  const dseqs = new Map<string, number[]>();
  for (const entry of server.logs.get(AUDIT)?.entries ?? []) {
    const { chain, dseq } = parseOperation(entry.data, entry.contentSha256) as Operation;
    const name = JSON.stringify(chain);
    dseqs.set(name, [...(dseqs.get(name) ?? []), dseq]);
  }
  for (const found of dseqs.values()) {
    const distinct = [...new Set(found)].sort((one, other) => one - other);
    expect(distinct).toEqual(distinct.map((_, index) => index + 1));
  }
}

describe('two tablets', () => {
  testLong('see what the other wrote, and count their own as safe once it came back', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding, title('Caliper overdue')]);
    expect((await readOutbox(lena.db)).operations).toBe(2);
    await syncAll(lena, aron);
    expect((await readLog(aron.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Caliper overdue');
    await expectAgreement(server, lena, aron);
  });

  testLong('that wrote different values offline show the same dispute, whichever syncs first', async () => {
    for (const isLenaFirst of [true, false]) {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding, title('Before')]);
      await syncAll(lena, aron);
      await commit(lena.db, AUDIT, [title('Of Lena')]);
      await commit(aron.db, AUDIT, [title('Of Aron')]);
      await (isLenaFirst ? syncAll(lena, aron) : syncAll(aron, lena));
      await expectAgreement(server, lena, aron);
      const [dispute] = disputesOf(await readLog(lena.db, AUDIT));
      expect(dispute!.values.map((head) => head.value).sort()).toEqual(['Of Aron', 'Of Lena']);
      await commit(aron.db, AUDIT, [resolve('finding/f1', 'title', 'Of both')]);
      await syncAll(aron, lena);
      expect(disputesOf(await readLog(lena.db, AUDIT))).toEqual([]);
      await expectAgreement(server, lena, aron);
    }
  });

  testLong('fold the same thing when the server keeps something aside, and when it is released', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    server.quarantine = (operation) => (operation.chain.account === ARON ? 'operation.not_permitted' : null);
    await commit(lena.db, AUDIT, [finding, title('Before')]);
    await syncAll(lena, aron);
    await commit(aron.db, AUDIT, [title('Not his to say')]);
    await syncAll(aron, lena);
    await expectAgreement(server, lena, aron);
    expect((await readLog(aron.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Before');
    const [kept] = await readSetAside(lena.db, AUDIT);
    expect(kept).toMatchObject({
      code: 'operation.not_permitted',
      fld: 'title',
      value: 'Not his to say',
      account: ARON,
    });
    server.release(AUDIT, kept!.digest);
    await syncAll(lena, aron);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Not his to say');
    await expectAgreement(server, lena, aron);
  });
});

describe('who was first', () => {
  testLong('does not change when what was set aside counts later, on any tablet', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena, aron);
    server.quarantine = (operation) => (operation.chain.account === ARON ? 'operation.not_permitted' : null);
    await commit(aron.db, AUDIT, [add('process', 'p', { name: 'of Aron' })]);
    await syncAll(aron);
    server.now += 1000;
    await commit(lena.db, AUDIT, [add('process', 'p', { name: 'of Lena' })]);
    await syncAll(lena, aron);
    server.now += 1000;
    const [kept] = await readSetAside(lena.db, AUDIT);
    server.release(AUDIT, kept!.digest);
    await syncAll(lena, aron);
    for (const { db } of [lena, aron]) {
      expect((await readLog(db, AUDIT)).find('process', 'p')!.born).toEqual({ name: 'of Lena' });
    }
    await expectAgreement(server, lena, aron);
  });
});

describe('a bad line', () => {
  test('an answer that is lost after the server stored the batch leaves one copy', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Once')]);
    server.fault = (path, method) => (method === 'POST' && path.endsWith('operations') ? 'answer lost' : 'none');
    await lena.engine.syncNow();
    expect(server.texts(AUDIT)).toHaveLength(2);
    expect((await readOutbox(lena.db)).operations).toBe(2);
    server.fault = () => 'none';
    await lena.engine.syncNow();
    expect(server.texts(AUDIT)).toHaveLength(2);
    await expectAgreement(server, lena);
  });

  test.each<Fault>([
    'hotel page',
    'empty 204',
    'empty json',
    'redirect',
    'proxy 401',
    'proxy 408',
    'proxy 429',
    'proxy 502',
    'proxy 504',
    'no network',
  ])('whoever else answers (%s) is not taken for the server, and nothing on the tablet changes', async (fault) => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Kept')]);
    await lena.db.device_state.put({ key: 'enrolled', value: '' });
    for (const onlyPush of [false, true]) {
      server.fault = (path, method) =>
        !onlyPush || (method === 'POST' && path.endsWith('/operations')) ? fault : 'none';
      const { operations, entities, chains } = await contentOf(lena.db);
      const state = await lena.engine.syncNow();
      expect(state.problem?.code).toBe(codeFor(fault));
      expect(state.phase, 'nobody has to sign in for that').toBe('waiting');
      expect(await contentOf(lena.db)).toMatchObject({ operations, entities, chains });
    }
    server.fault = () => 'none';
    await lena.engine.syncNow();
    await expectAgreement(server, lena);
  });

  testLong.each([408, 504])(
    'a proxy that gives a batch up (%i) is left alone until the next attempt, which brings less',
    async (status) => {
      const server = new ModelServer();
      const lena = await tabletFor(server, LENA);
      await commit(lena.db, AUDIT, [finding]);
      for (let index = 0; index < 40; index += 1) await commit(lena.db, AUDIT, [title(`Title ${index}`)]);
      [server.limit, server.beyondLimit] = [8_000, status];
      const isPush = (one: string): boolean => /^POST .*operations$/.test(one);
      let attempts = 0;
      while ((await lena.engine.syncNow()).problem !== null && attempts < 10) {
        attempts += 1;
        expect(server.requests.filter(isPush), 'one request an attempt').toHaveLength(attempts);
        expect(server.texts(AUDIT)).toEqual([]);
      }
      expect(attempts).toBe(2);
      await expectAgreement(server, lena);
      expect(server.texts(AUDIT)).toHaveLength(41);
    },
  );

  testLong('a proxy that finds the batch too large gets smaller ones, down to a single operation', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    for (let index = 0; index < 40; index += 1) await commit(lena.db, AUDIT, [title(`Title ${index}`)]);
    server.limit = 2_500;
    await lena.engine.syncNow();
    await expectAgreement(server, lena);
    expect(server.requests.filter((request) => request.startsWith('POST')).length).toBeGreaterThan(15);
  });

  test('an older server, which does not know the short form, gets and gives whole texts', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding, title('Before the update')]);
    await lena.engine.syncNow();
    server.knowsShort = false;
    await commit(lena.db, AUDIT, [title('After somebody went back')]);
    await lena.engine.syncNow();
    await aron.engine.syncNow();
    await expectAgreement(server, lena, aron);
    expect(server.forms).toEqual(['short', 'whole']);
  });
});

describe('who is signed in', () => {
  test('when the session has ended the tablet says so and keeps everything', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Kept')]);
    lena.signedIn.account = null;
    const before = await contentOf(lena.db);
    expect(await lena.engine.syncNow()).toMatchObject({
      phase: 'sign_in_needed',
      problem: { code: 'account.sign_in_needed' },
    });
    expect(await contentOf(lena.db)).toEqual(before);
    lena.signedIn.account = LENA;
    await lena.engine.syncNow();
    await expectAgreement(server, lena);
  });

  test('each new session is made that of this tablet: no other one may pull', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const again = attach(server, lena.db);
    const enrolments = () => server.requests.filter((request) => request.startsWith('PUT')).length;
    const before = enrolments();
    await syncAll(again);
    expect(enrolments()).toBe(before + 1);
    await expectAgreement(server, again);
  });

  test('nothing is sent under the name of somebody else who signed in on this browser', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    lena.signedIn.account = ARON;
    expect(await lena.engine.syncNow()).toMatchObject({
      phase: 'sign_in_needed',
      problem: { code: 'sync.other_account' },
    });
    expect(server.texts(AUDIT)).toEqual([]);
  });
});

describe('who left the team', () => {
  testLong(
    'hears that the last work arrived and nothing of the others, and sees all of it when let in again',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding, title('Before')]);
      await commit(aron.db, AUDIT, [note('n1')]);
      await syncAll(lena, aron);
      server.left.add(ARON);
      server.quarantine = (operation) => (operation.chain.account === ARON ? 'audit.not_assigned' : null);
      await commit(lena.db, AUDIT, [set('finding', 'f1', 'failure', 'For the team alone')]);
      await commit(aron.db, AUDIT, [note('n2'), set('note', 'n2', 'text', 'Of the last day')]);
      await syncAll(lena, aron);
      expect(aron.engine.state.problem).toBeNull();
      expect((await readOutbox(aron.db)).operations).toBe(0);
      expect((await readSetAside(aron.db, AUDIT)).map(({ ent }) => ent)).toEqual(['note/n2', 'note/n2']);
      expect(JSON.stringify(await aron.db.operations.toArray())).not.toContain('For the team alone');
      const log = server.logs.get(AUDIT)!;
      expect(await aron.db.logs.get(AUDIT)).toMatchObject({ seq: log.entries.length, hash: log.hashes.at(-1) });
      server.left.clear();
      await syncAll(aron, lena);
      await expectAgreement(server, lena, aron);
      expect((await readLog(aron.db, AUDIT)).find('finding', 'f1')!.get('failure')).toBe('For the team alone');
    },
  );
});

describe('a blocked tablet', () => {
  testLong('says so, receives nothing, hands in what was recorded on it, and loses nothing', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding, title('Before')]);
    await syncAll(lena, aron);
    server.blocked.add(await installationOf(lena.db));
    await commit(aron.db, AUDIT, [note('n1')]);
    await syncAll(aron);
    await commit(lena.db, AUDIT, [title('Recorded all the same')]);
    const before = await contentOf(lena.db);
    expect(await lena.engine.syncNow()).toMatchObject({
      phase: 'waiting',
      problem: { code: 'account.installation_revoked' },
    });
    const after = await contentOf(lena.db);
    expect(after).toMatchObject({ entities: before['entities'], logs: before['logs'], audits: before['audits'] });
    expect(after['operations']).toHaveLength(before['operations']!.length);
    expect((await readLog(lena.db, AUDIT)).ofKind('note')).toEqual([]);
    await syncAll(aron);
    expect(await readSetAside(aron.db, AUDIT)).toMatchObject([
      { code: 'account.installation_revoked', value: 'Recorded all the same' },
    ]);
    await commit(lena.db, AUDIT, [title('And on')]);
    await lena.engine.syncNow();
    const sent = server.requests.filter((request) => request === `POST /api/audits/${AUDIT}/operations`).length;
    await lena.engine.syncNow();
    expect(server.requests.filter((request) => request === `POST /api/audits/${AUDIT}/operations`)).toHaveLength(sent);
    server.blocked.clear();
    await syncAll(lena, aron);
    await expectAgreement(server, lena, aron);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Before');
  });

  test('stays blocked for whoever looks at it without a network, until the server says otherwise', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const told = async ({ db, engine }: Tablet) => problemToTell({ ...engine.state, blocked: await readBlocked(db) });
    server.blocked.add(await installationOf(lena.db));
    await lena.engine.syncNow();
    expect((await told(lena))?.code).toBe('account.installation_revoked');
    for (const fault of ['no network', 'proxy 401', 'proxy 502'] as const) {
      server.fault = () => fault;
      // As after a new start of the app.
      const again = attach(server, lena.db);
      expect((await again.engine.syncNow()).problem?.code, 'what stopped it is known as well').toBe(codeFor(fault));
      expect((await told(again))?.code).toBe('account.installation_revoked');
    }
    server.fault = (path) => (path.endsWith('/operations') ? 'no network' : 'none');
    await commit(lena.db, AUDIT, [title('Where the line goes while it is handed in')]);
    await lena.engine.syncNow();
    expect((await told(lena))?.code).toBe('account.installation_revoked');
    server.fault = () => 'none';
    server.blocked.clear();
    await syncAll(lena);
    expect(await told(lena)).toBeNull();
  });

  test('on which somebody signs in anew hands in what waits as well', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    server.blocked.add(await installationOf(lena.db));
    await commit(lena.db, AUDIT, [title('Recorded all the same')]);
    const again = attach(server, lena.db);
    expect((await again.engine.syncNow()).problem?.code).toBe('account.installation_revoked');
    expect(server.texts(AUDIT).some((text) => text.includes('Recorded all the same'))).toBe(true);
  });
});

describe('a server that is not what it was', () => {
  testLong('restored from a backup, it gets again what it lacks; nothing is wiped', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding, title('Yesterday')]);
    await syncAll(lena, aron);
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [title('Today')]);
    await commit(aron.db, AUDIT, [note('n1')]);
    await syncAll(lena, aron);
    server.restore(backup);
    await commit(lena.db, AUDIT, [title('Tonight')]);
    await syncAll(aron, lena, aron);
    await expectAgreement(server, lena, aron);
    expect((await readLog(aron.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Tonight');
    expect((await readLog(lena.db, AUDIT)).ofKind('note')).toHaveLength(1);
  });

  testLong('restored from a backup that is older than the audit, it gets the whole audit again', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [finding, title('Safe, as it seemed')]);
    await syncAll(lena, aron);
    server.restore(backup);
    await syncAll(lena, aron);
    await expectAgreement(server, lena, aron);
    expect(server.texts(AUDIT)).toHaveLength(2);
  });

  testLong(
    'restored from before an audit that was sent and could not be pulled yet, it gets the audit again',
    async () => {
      const server = new ModelServer();
      const lena = await tabletFor(server, LENA);
      const backup = server.snapshot();
      await commit(lena.db, AUDIT, [finding, title('Sent over a line that broke')]);
      server.fault = (path, method) => (method === 'GET' && path.endsWith('/operations') ? 'no network' : 'none');
      await lena.engine.syncNow();
      expect(server.texts(AUDIT)).toHaveLength(2);
      server.fault = () => 'none';
      server.restore(backup);
      await lena.engine.syncNow();
      await expectAgreement(server, lena);
      expect(server.texts(AUDIT)).toHaveLength(2);
    },
  );

  testLong('emptied without a new epoch, it is noticed by the cursor and filled again', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Kept')]);
    await syncAll(lena);
    const { epoch } = server;
    server.restore(new Map([[AUDIT, { entries: [], hashes: [], chains: new Map(), branches: new Set() }]]));
    server.epoch = epoch;
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(server.texts(AUDIT)).toHaveLength(2);
  });

  testLong(
    'two tabs that sync at once, in a browser without Web Locks, keep one cursor and send nothing twice',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(aron.db, AUDIT, [note('n1')]);
      await syncAll(aron, lena);
      const fetched = server.fetchFor(() => LENA);
      const slowly: typeof fetch = async (input, init) => {
        const answer = await fetched(input, init);
        for (let turn = 0; turn < 300; turn += 1) await new Promise(setImmediate);
        return answer;
      };
      const tabs = [fetched, slowly].map(async (line) => {
        const db = await openTab(lena.db);
        const upload = () => Promise.resolve(0);
        const lock: Lock = async (_, work) => work().then(() => true);
        return { db, engine: new SyncEngine(db, new ApiClient('http://auditbook.test', line), { upload, lock }) };
      });
      const both = (await Promise.all(tabs)).map((tab) => ({ ...tab, signedIn: lena.signedIn }));
      const wentBack: unknown[] = [];
      for (const { db } of both) {
        db.logs.hook('updating', (changes: { seq?: number }, _, before) => {
          if (changes.seq !== undefined && changes.seq < before.seq) wentBack.push([before.seq, changes.seq]);
        });
      }
      for (let round = 0; round < 3; round += 1) {
        for (const [index, { db }] of both.entries()) {
          await commit(db, AUDIT, [add('finding', `f${round}-${index}`, RAISED), title(`Round ${round}`)]);
        }
        for (let index = 0; index < 12; index += 1) {
          await commit(aron.db, AUDIT, [set('note', 'n1', 'text', `Round ${round}, ${index}`)]);
        }
        await aron.engine.syncNow();
        await Promise.all(both.map(({ engine }) => engine.syncNow()));
      }
      await syncAll(...both, aron);
      await expectAgreement(server, ...both, aron);
      const texts = server.texts(AUDIT);
      expect(new Set(texts).size).toBe(texts.length);
      const rows = (await lena.db.operations.toArray()).filter(({ audit }) => audit === AUDIT);
      expect(rows.map(({ seq }) => seq!).sort((one, other) => one - other)).toEqual(texts.map((_, index) => index + 1));
      expect(wentBack).toEqual([]);
    },
  );

  testLong('another history of the same length is noticed by the running hash', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding, title('Of Lena')]);
    const empty = server.snapshot();
    const { epoch } = server;
    await syncAll(lena);
    server.restore(empty);
    server.epoch = epoch;
    await commit(aron.db, AUDIT, [note('n1'), set('note', 'n1', 'text', 'x')]);
    await syncAll(aron);
    await syncAll(lena, aron);
    await expectAgreement(server, lena, aron);
    expect(server.texts(AUDIT)).toHaveLength(4);
  });

  testLong('put back without a word and without the audit, it gets it all again from whoever has read it', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [finding, title('Safe, as it seemed')]);
    await syncAll(lena, aron);
    const { epoch } = server;
    server.putBack(backup);
    await syncAll(aron);
    expect(server.epoch).not.toBe(epoch);
    await syncAll(lena, aron);
    await expectAgreement(server, lena, aron);
    expect(server.texts(AUDIT)).toHaveLength(2);
  });

  testLong('put back without a word, the audit and its key lost, it gets again what was sent from here', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [finding, title('Safe, as it seemed')]);
    await syncAll(lena);
    await lena.db.receipts.clear();
    server.putBack(backup);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(server.texts(AUDIT)).toHaveLength(2);
  });

  testLong(
    'put back without the audit, under another key and the same epoch, gets it again and calls nothing safe',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      const backup = server.snapshot();
      await commit(lena.db, AUDIT, [finding, title('Safe, as it seemed')]);
      await syncAll(lena, aron);
      expect(await readLeaving(aron.db, AUDIT)).toMatchObject({ isSafe: true });
      server.putBack(backup);
      server.logKey = makeLogKey();
      await syncAll(aron);
      expect(await readLeaving(aron.db, AUDIT)).toMatchObject({ isSafe: false });
      expect(await readRefusedCodes(aron.db, AUDIT)).toEqual(['sync.receipt_of_another_key']);
      await syncAll(lena, aron);
      await expectAgreement(server, lena, aron);
      expect(server.texts(AUDIT)).toHaveLength(2);
    },
  );

  testLong(
    'put back without a word after somebody left, and grown again since, it gets what only that one has',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding]);
      await syncAll(lena, aron);
      const backup = server.snapshot();
      await commit(aron.db, AUDIT, [note('n1'), set('note', 'n1', 'text', 'Of Aron alone')]);
      await syncAll(aron);
      server.left.add(ARON);
      await syncAll(aron);
      server.putBack(backup);
      const other = await tabletFor(server, LENA);
      await syncAll(other);
      await commit(other.db, AUDIT, [title('a'), note('n2'), note('n3'), note('n4')]);
      await syncAll(other);
      expect(server.texts(AUDIT).join()).not.toContain('Of Aron alone');
      await syncAll(aron);
      expect(server.texts(AUDIT).join()).toContain('Of Aron alone');

      const sent = () => server.requests.filter((one) => one === `POST /api/audits/${AUDIT}/operations`).length;
      const before = sent();
      await syncAll(aron);
      expect(sent(), 'no more than once').toBe(before);
    },
  );

  testLong.each(['proxy 504', 'proxy 413', 'proxy 404', 'hotel page'] as const)(
    'that cannot be asked about an audit that left the list (%s) gets the others all the same, and is asked again',
    async (fault) => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding]);
      await syncAll(lena, aron);
      server.left.add(ARON);
      server.fault = (path) => (path.endsWith('/handed-back') ? fault : 'none');
      const other = newId();
      await commit(aron.db, other, [finding]);
      expect((await aron.engine.syncNow()).problem).toMatchObject({ audit: AUDIT });
      expect(server.texts(other)).toHaveLength(1);
      const asked = () => server.requests.filter((one) => one.endsWith(`${AUDIT}/operations/handed-back`)).length;
      const before = asked();
      server.fault = () => 'none';
      expect((await aron.engine.syncNow()).problem).toBeNull();
      const after = asked();
      expect(after).toBeGreaterThan(before);
      await aron.engine.syncNow();
      expect(asked()).toBe(after);
    },
  );

  testLong(
    'whose key is gone refuses what is shown to it; whoever leaves the team keeps that all the same',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding]);
      await syncAll(lena, aron);
      const backup = server.snapshot();
      await commit(lena.db, AUDIT, [title('Not in the backup')]);
      await syncAll(lena, aron);
      server.logKey = makeLogKey();
      server.putBack(backup);
      await aron.engine.syncNow();
      const kept = await aron.db.old_logs.count();
      expect(kept).toBeGreaterThan(0);
      server.left.add(ARON);
      await aron.engine.syncNow();
      expect(await aron.db.old_logs.count()).toBe(kept);
    },
  );

  testLong('is shown once, by whoever left the team, what it had signed; and nothing changes', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena, aron);
    const { epoch } = server;
    server.left.add(ARON);
    await syncAll(aron);
    await syncAll(aron);
    expect(server.requests.filter((request) => request.endsWith('/operations/handed-back'))).toHaveLength(1);
    expect(server.epoch).toBe(epoch);
    expect((await readLog(aron.db, AUDIT)).ofKind('finding')).toHaveLength(1);
  });

  test('is asked once about an audit that it has never listed for this tablet, where it was sent from here', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await lena.engine.syncNow();
    server.left.add(LENA);
    for (let run = 0; run < 3; run += 1) expect((await lena.engine.syncNow()).problem).toBeNull();
    expect(server.requests.filter((request) => request.endsWith('/operations/handed-back'))).toHaveLength(1);
  });

  test('is shown it in stretches whose lines take no more than a batch does, however long the log is', () => {
    const line = `"${'f'.repeat(64)} device 1795513267250",`;
    const page = 500;
    expect((RECEIPTS.every + page) * line.length).toBeLessThanOrEqual(BatchSize.MOST_BYTES);
  });

  testLong('is shown what it had signed over a line that bears little at once', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [finding, ...Array.from({ length: 40 }, (_, index) => note(`n${index}`))]);
    await syncAll(lena);
    const { epoch } = server;
    server.putBack(backup);
    // The lines, and one text.
    server.limit = 41 * 90 + 2000;
    server.beyondLimit = 504;
    await lena.engine.syncNow();
    expect(server.epoch).not.toBe(epoch);
  });

  test('one that does not agree with itself is told, and does not keep the tablet busy', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    server.logs.get(AUDIT)!.hashes[0] = 'f'.repeat(64);
    const before = server.requests.length;
    expect((await lena.engine.syncNow()).problem?.code).toBe('sync.inconsistent');
    expect(server.requests.length - before).toBeLessThan(12);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')).toHaveLength(1);
  });
});

describe('a report that was issued', () => {
  const [record, closing] = ['a'.repeat(64), 'c'.repeat(64)];
  const born = {
    record: '{}',
    sha256: record,
    closing_sha256: closing,
    closing_seal_sha256: closing,
    revision: 1,
    reason: null,
  };
  const vouched = { purpose: 'report', sha256: record } as unknown as Schemas['Seal'];
  const said = (pdf: string, at: string): Issuance => {
    return { revision: 1, sha256: record, state: 'draft', pdf_sha256: pdf.repeat(64), pages: 12, by: LENA, at };
  };
  const issuedOn = async ({ db }: Tablet): Promise<string[]> =>
    [...(await readLog(db, AUDIT)).issued.values()].flat().map((one) => one.pdf_sha256[0]!);

  async function sealed(): Promise<{ server: ModelServer; lena: Tablet; aron: Tablet; digest: string }> {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    const changes = [add('report_record', 'r1', born), seal('report_record', 'r1', vouched)];
    const digest = (await commit(lena.db, AUDIT, changes)).operations[1]!.digest;
    await syncAll(lena, aron);
    return { server, lena, aron, digest };
  }

  testLong(
    'is known on every tablet without asking the server, and nothing waits to be sent because of it',
    async () => {
      const { server, lena, aron, digest } = await sealed();
      const watched: string[][] = [];
      const stop = watchLog(aron.db, AUDIT).subscribe((view) => view && watched.push([...view.issued.keys()]));
      server.issue(AUDIT, digest, said('d', '2026-11-27T09:00:00.000Z'));
      await syncAll(lena, aron);
      expect([await issuedOn(lena), await issuedOn(aron)]).toEqual([['d'], ['d']]);
      await expect.poll(() => watched.at(-1)).toEqual([digest]);
      stop();
      await expectAgreement(server, lena, aron);
      // A record made from here on says that this tablet has heard of it.
      const heads = [...(await readLogWithBasis(lena.db, AUDIT)).basis.heads];
      expect(heads.map(({ chain }) => chain.account).sort()).toEqual([LENA, 'server']);
    },
  );

  testLong('is handed back to a server that was restored, so that no second one takes its number', async () => {
    const { server, lena, aron, digest } = await sealed();
    const backup = server.snapshot();
    server.issue(AUDIT, digest, said('d', '2026-11-27T09:00:00.000Z'));
    await syncAll(lena, aron);
    server.restore(backup);
    await syncAll(lena, aron);
    expect([...serverView(server).issued]).toMatchObject([[digest, [{ revision: 1 }]]]);
    await expectAgreement(server, lena, aron);
  });
});

describe('a report whose record is gone', () => {
  test('was issued all the same, as every tablet hears: its number is taken', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Caliper overdue')]);
    await syncAll(lena);
    // A restored server still knows what had gone out; the tablet that had sealed it is lost.
    const [sha256, pdf_sha256] = ['a'.repeat(64), 'd'.repeat(64)];
    const told = {
      revision: 1,
      sha256,
      state: 'draft',
      pdf_sha256,
      pages: 12,
      by: ARON,
      at: '2026-11-27T09:00:00.000Z',
    };
    server.issue(AUDIT, 'b'.repeat(64), told);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect([...(await readLog(lena.db, AUDIT)).issued.values()]).toMatchObject([[{ revision: 1, sha256 }]]);
  });
});

describe('what was erased', () => {
  const said = (text: string) => set('note', 'n1', 'text', text);
  const SECRET = 'Mr Novak, a cleaner, was not trained.';

  async function erased(): Promise<{ server: ModelServer; lena: Tablet; aron: Tablet; digest: string }> {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [note('n1')]);
    const { digest } = (await commit(lena.db, AUDIT, [said(SECRET)])).operations[0]!;
    await syncAll(lena);
    server.erase(AUDIT, digest);
    return { server, lena, aron, digest };
  }

  testLong('goes from the tablet that wrote it and never reaches another, and all agree', async () => {
    const { server, lena, aron, digest } = await erased();
    await syncAll(lena, aron);
    await expectAgreement(server, lena, aron);
    for (const { db } of [lena, aron]) {
      expect(JSON.stringify(await db.operations.toArray())).not.toContain('Novak');
      expect(JSON.stringify(await db.entities.toArray())).not.toContain('Novak');
      const shownNote = (await readLog(db, AUDIT)).ofKind('note')[0]!;
      expect(shownNote.get('text')).toBeNull();
      expect(shownNote.fields.get('text')!.isErased).toBe(true);
      expect((await db.operations.get([AUDIT, digest]))!.content_sha256).toBeDefined();
    }
  });

  testLong('can be written anew by whoever may', async () => {
    const { server, lena, aron } = await erased();
    await syncAll(lena, aron);
    await commit(aron.db, AUDIT, [said('A cleaner was not trained.')]);
    await syncAll(aron, lena);
    await expectAgreement(server, lena, aron);
    expect((await readLog(lena.db, AUDIT)).ofKind('note')[0]!.get('text')).toBe('A cleaner was not trained.');
  });

  testLong(
    "on one tablet only, and by nobody's decision, is whole again everywhere once its author sends it",
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      const { operations } = await commit(lena.db, AUDIT, [finding, title('No calibration at all')]);
      const twin = await cloned(lena, server);
      const { digest } = operations[1]!;
      const row = (await twin.db.operations.get([AUDIT, digest]))!;
      const { header, contentSha256 } = eraseContent(operations[1]!.data);
      await twin.db.operations.put({ ...row, content_sha256: contentSha256, body: encode(header) });
      await syncAll(twin, aron);
      expect(await readSetAside(aron.db, AUDIT)).toMatchObject([{ code: 'operation.content_missing' }]);
      await syncAll(lena);
      // The verdict comes, and the line goes down before the content does.
      let pages = 0;
      server.fault = (path, method) =>
        method === 'GET' && path.endsWith('/operations') && (pages += 1) > 1 ? 'no network' : 'none';
      await aron.engine.syncNow();
      expect(pages).toBe(2);
      server.fault = () => 'none';
      await syncAll(aron, twin);
      await expectAgreement(server, lena, aron, twin);
      expect((await readLog(aron.db, AUDIT)).find('finding', 'f1')!.get('title')).toBe('No calibration at all');
      const asked = server.requests.length;
      await aron.engine.syncNow();
      expect(server.requests.slice(asked).filter((request) => request.endsWith('/operations'))).toEqual([]);
    },
  );

  testLong(
    'is sent whole again by the tablet that has it, when the restored server got only what was left of it',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding]);
      await syncAll(lena, aron);
      const backup = server.snapshot();
      const { operations } = await commit(lena.db, AUDIT, [title('No calibration at all')]);
      const twin = await cloned(lena, server);
      const { digest } = operations[0]!;
      const row = (await twin.db.operations.get([AUDIT, digest]))!;
      const { header, contentSha256 } = eraseContent(operations[0]!.data);
      await twin.db.operations.put({ ...row, content_sha256: contentSha256, body: encode(header) });
      await syncAll(lena);
      server.restore(backup);
      await syncAll(twin);
      await syncAll(lena, aron, twin);
      await expectAgreement(server, lena, aron, twin);
      expect((await readLog(aron.db, AUDIT)).find('finding', 'f1')!.get('title')).toBe('No calibration at all');
    },
  );

  testLong('does not stop the chain when the server forgets it and the tablet sends what is left', async () => {
    const { server, lena, aron } = await erased();
    const backup = new Map();
    await syncAll(lena);
    await commit(lena.db, AUDIT, [set('note', 'n1', 'criterion', 'iso9001-2015:7.2')]);
    server.restore(backup);
    await syncAll(lena, aron);
    await expectAgreement(server, lena, aron);
    expect(JSON.stringify([...server.logs])).not.toContain('Novak');
    expect((await readLog(aron.db, AUDIT)).ofKind('note')[0]!.get('criterion')).toBe('iso9001-2015:7.2');
  });
});

describe('what comes back', () => {
  test('of ones own is only named, and asked for whole where it is not here', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Mine')]);
    const bare = await openTablet(LENA);
    await bare.device_state.bulkPut(await lena.db.device_state.toArray());
    await syncAll(lena);
    // A tablet under the same name that has nothing: its storage was emptied.
    const emptied = attach(server, bare);
    await syncAll(emptied);
    expect(await shown(emptied)).toEqual(await shown(lena));
  });

  testLong('under my name from somebody else moves no end of my chain', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const installation = await installationOf(lena.db);
    const envelope = parseOperation(server.texts(AUDIT)[0]!) as Operation;
    let prev = envelope.digest;
    for (const dseq of [2, 3]) {
      const title = { fld: 'title', kind: 'set', val: `forged ${dseq}` } as const;
      const forged = makeOperation({ ...envelope, dseq, prev, ...title, salt: SALT });
      prev = forged.digest;
      server.bring(AUDIT, forged.data);
    }
    await syncAll(lena);
    expect(await installationOf(lena.db)).toBe(installation);
    await commit(lena.db, AUDIT, [title('Truly mine'), set('finding', 'f1', 'failure', 'x')]);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Truly mine');
  });

  test('and that nobody can read says who sent it, for the verdict says so', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    server.bring(AUDIT, 'not json at all', ARON);
    await syncAll(lena);
    expect(await readSetAside(lena.db, AUDIT)).toMatchObject([{ code: 'envelope.not_plain_json', account: ARON }]);
  });

  testLong(
    'from a colleague does not count any more when the server has lost it and its key, until he sends it again',
    async () => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding, title('Before')]);
      await syncAll(lena, aron);
      const backup = server.snapshot();
      await commit(aron.db, AUDIT, [title('Of Aron')]);
      await syncAll(aron, lena);
      expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Of Aron');
      server.restore(backup);
      server.logKey = makeLogKey();
      await syncAll(lena);
      await expectAgreement(server, lena);
      expect(await readLost(lena.db, AUDIT)).toEqual([{ author: ARON, count: 1 }]);
      expect(await readRefusedCodes(lena.db, AUDIT)).toEqual(['sync.receipt_of_another_key']);
      const asked = server.requests.length;
      await syncAll(lena);
      expect(server.requests.slice(asked).filter((request) => request.endsWith('handed-back'))).toEqual([]);
      expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Before');
      const tips = await lena.db.chains.toArray();
      expect(tips.filter((tip) => tip.own === 0)).toEqual([]);
      await syncAll(aron, lena);
      await expectAgreement(server, lena, aron);
      expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Of Aron');
      expect(await readLost(lena.db, AUDIT)).toEqual([]);
    },
  );

  testLong('a verdict that the server has lost, and its key with it, is forgotten', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    const backup = server.snapshot();
    server.quarantine = () => 'audit.not_assigned';
    await commit(lena.db, AUDIT, [finding, title('Kept aside')]);
    await syncAll(lena, aron);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')).toEqual([]);
    server.quarantine = () => null;
    server.restore(backup);
    server.logKey = makeLogKey();
    await syncAll(lena, aron, lena);
    await expectAgreement(server, lena, aron);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Kept aside');
  });
});

/** Ninety notes of Aron's that came after the backup, in a log of which a tablet keeps every twentieth receipt. */
async function withLongLog(quarantine: ModelServer['quarantine'] = () => null) {
  const every = RECEIPTS.every;
  RECEIPTS.every = 20;
  onTestFinished(() => void (RECEIPTS.every = every));
  const server = new ModelServer();
  const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
  await commit(lena.db, AUDIT, [finding]);
  await syncAll(lena, aron);
  const backup = server.snapshot();
  server.quarantine = quarantine;
  for (let number = 0; number < 90; number += 1) await commit(aron.db, AUDIT, [note(`n${number}`)]);
  await syncAll(aron, lena);
  return { server, lena, backup, before: await shown(lena), length: server.texts(AUDIT).length };
}

describeLong('a server that was restored', () => {
  /** After the backup the office and Aron wrote, and something of his was set aside; then his tablet fell into the basin. */
  async function restored(): Promise<{ server: ModelServer; lena: Tablet; before: unknown }> {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding, title('Before')]);
    await syncAll(lena, aron);
    const backup = server.snapshot();
    server.write(AUDIT, WORKSPACE, { ent: 'audit/x', fld: 'title', kind: 'set', val: 'From the office' });
    server.quarantine = ({ fld }) => (fld === 'failure' ? 'operation.not_permitted' : null);
    await commit(aron.db, AUDIT, [note('n1'), set('finding', 'f1', 'failure', 'Not his to say')]);
    await syncAll(aron, lena);
    const before = await shown(lena);
    server.restore(backup);
    return { server, lena, before };
  }

  test('gets its own words and those of a tablet that is gone from another tablet, and all show the same', async () => {
    const { server, lena, before } = await restored();
    const mara = await tabletFor(server, WORKSPACE);
    await syncAll(mara);
    expect(await shown(mara)).not.toEqual(before);
    await syncAll(lena, mara);
    await expectAgreement(server, lena, mara);
    expect(server.takenBack).toBe(4);
    expect(await shown(mara)).toEqual(before);
    expect(await readSetAside(mara.db, AUDIT)).toMatchObject([{ code: 'operation.not_permitted', account: ARON }]);
    expect(await readLost(lena.db, AUDIT)).toEqual([]);
    expect(await lena.db.old_logs.count()).toBe(0);
    const asked = server.requests.length;
    await lena.engine.syncNow();
    expect(server.requests.slice(asked).filter((request) => request.includes(AUDIT))).toEqual([]);
  });

  test('gets it before it is sent anything new, which it would judge without its memory', async () => {
    const { server, lena } = await restored();
    await commit(lena.db, AUDIT, [title('Written since')]);
    const asked = server.requests.length;
    await syncAll(lena);
    const posts = server.requests.slice(asked).filter((request) => request.startsWith('POST'));
    expect(posts.map((request) => request.split('/').at(-1))).toEqual(['handed-back', 'operations']);
    await expectAgreement(server, lena);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Written since');
  });

  test('gets it in parts where it is large, and where the line goes down it goes on from there', async () => {
    const { server, lena, before } = await restored();
    server.limit = 2_600;
    let answers = 0;
    server.fault = (path) => (path.endsWith('handed-back') && (answers += 1) > 2 ? 'answer lost' : 'none');
    await lena.engine.syncNow();
    expect(lena.engine.state.problem?.code).toBe('sync.unreachable');
    server.fault = () => 'none';
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(await shown(lena)).toEqual(before);
    expect(server.takenBack).toBe(4);
  });

  test('from a backup older than the audit gets the whole of it, though only one of the team has his tablet', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [finding, title('Of Lena')]);
    await syncAll(lena, aron);
    const before = await shown(aron);
    server.restore(backup);
    await syncAll(aron);
    await expectAgreement(server, aron);
    expect(await shown(aron)).toEqual(before);
  });

  test('and says nothing of it, so that only its numbers tell, gets it all the same', async () => {
    const { server, lena, before } = await restored();
    server.epoch = (await lena.db.logs.get(AUDIT))!.epoch!;
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(server.takenBack).toBe(4);
    expect(await shown(lena)).toEqual(before);
  });

  test('gets more of its own words in a row than one request carries', async () => {
    const server = new ModelServer();
    [server.page, server.limitHandedBack] = [50, 10];
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const backup = server.snapshot();
    for (let number = 0; number < 35; number += 1) {
      server.write(AUDIT, WORKSPACE, { ent: `site/s${number}`, fld: 'name', kind: 'set', val: `Hall ${number}` });
    }
    await syncAll(lena);
    server.restore(backup);
    await pullOnly(lena, server);
    const size = Object.assign(new BatchSize(), { operations: 10, grow: () => undefined });
    const old = await readLines(lena.db, (await readOldLogs(lena.db, AUDIT))[0]!);
    expect(await nextPart(lena.db, old, await countCommon(lena.db, old), size)).toHaveLength(10);
    const api = server.apiFor(() => LENA);
    expect(await handBack(lena.db, api, AUDIT, size)).toBe(true);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(server.takenBack).toBe(35);
  });

  test('gets an entry and what it said right behind it in one part, and no part is larger than it takes', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena, aron);
    const backup = server.snapshot();
    server.quarantine = () => 'operation.not_permitted';
    await commit(aron.db, AUDIT, [note('n1'), note('n2'), note('n3')]);
    await syncAll(aron, lena);
    server.restore(backup);
    await pullOnly(lena, server);
    const old = await readLines(lena.db, (await readOldLogs(lena.db, AUDIT))[0]!);
    const common = await countCommon(lena.db, old);
    for (const [operations, expected] of [
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 4],
      [5, 4],
      [6, 6],
    ] as const) {
      const part = await nextPart(lena.db, old, common, { operations, bytes: 1e6 });
      expect(part.map(({ origin }) => origin)).toEqual(
        old.lines.slice(common, common + expected).map((line) => line[1]),
      );
    }
  });

  test('twice gets everything that it has signed in either life', async () => {
    const { server, lena, before } = await restored();
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [note('n2')]);
    server.fault = (path) => (path.endsWith('handed-back') ? 'no network' : 'none');
    await lena.engine.syncNow();
    server.fault = () => 'none';
    server.restore(backup);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(await readLost(lena.db, AUDIT)).toEqual([]);
    const after = await readLog(lena.db, AUDIT);
    expect(after.ofKind('note').map(({ id }) => id)).toEqual(['n1', 'n2']);
    expect(before).toEqual((plain(after) as { ref: string }[]).filter(({ ref }) => ref !== 'note/n2'));
  });

  test('does not get back what lies beyond its last signature, and the tablet says whose work that is', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena, aron);
    const backup = server.snapshot();
    await commit(aron.db, AUDIT, [title('Signed')]);
    await syncAll(aron, lena);
    const sign = server.receipt.bind(server);
    server.receipt = async (audit, seq, hash) => ({ ...(await sign(audit, seq, hash)), signature: 'A'.repeat(86) });
    await commit(aron.db, AUDIT, [note('n1'), note('n2')]);
    server.write(AUDIT, WORKSPACE, { ent: 'audit/x', fld: 'title', kind: 'set', val: 'From the office' });
    await syncAll(aron, lena);
    server.receipt = sign;
    server.restore(backup);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect((await readLog(lena.db, AUDIT)).ofKind('finding')[0]!.get('title')).toBe('Signed');
    expect(await readLost(lena.db, AUDIT)).toEqual([
      { author: ARON, count: 2 },
      { author: OFFICE, count: 1 },
    ]);
    await syncAll(aron, lena);
    await expectAgreement(server, lena, aron);
    expect(await readLost(lena.db, AUDIT)).toEqual([{ author: OFFICE, count: 1 }]);
  });

  testLong('gets a log that is longer than one request names, from one signature to the next', async () => {
    const { server, lena, backup, before, length } = await withLongLog(({ ent }) =>
      ent.endsWith('0') ? 'operation.not_permitted' : null,
    );
    server.restore(backup);
    server.quarantine = () => null;
    // Somebody was there first, so every number is another.
    const mara = await tabletFor(server, WORKSPACE);
    await commit(mara.db, AUDIT, [title('Since')]);
    await syncAll(mara);
    server.limitStretch = 30;
    await syncAll(lena, mara);
    await expectAgreement(server, lena, mara);
    expect(server.takenBack).toBe(length - 1);
    expect(server.longestStretch).toBeLessThanOrEqual(27);
    const since = (plain(serverView(server)) as { ref: string }[]).filter(({ ref }) => ref.startsWith('note/'));
    expect(since).toEqual((before as { ref: string }[]).filter(({ ref }) => ref.startsWith('note/')));
    expect([await lena.db.old_logs.count(), await lena.db.old_lines.count()]).toEqual([0, 0]);
  });

  testLong('goes on with a long log where the line went down in the middle of it', async () => {
    const { server, lena, backup, before, length } = await withLongLog();
    server.restore(backup);
    let asked = 0;
    server.fault = (path) => (path.endsWith('handed-back') && (asked += 1) > 2 ? 'answer lost' : 'none');
    await lena.engine.syncNow();
    server.fault = () => 'none';
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(await shown(lena)).toEqual(before);
    expect(server.takenBack).toBe(length - 1);
  });

  test('gets the text again of which its backup has the header alone', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    const { operations } = await commit(lena.db, AUDIT, [finding, title('No calibration at all')]);
    const twin = await cloned(lena, server);
    const { digest, data } = operations[1]!;
    const row = (await twin.db.operations.get([AUDIT, digest]))!;
    const { header, contentSha256 } = eraseContent(data);
    await twin.db.operations.put({ ...row, content_sha256: contentSha256, body: encode(header) });
    await syncAll(twin, aron);
    const backup = server.snapshot();
    await syncAll(lena, aron);
    server.restore(backup);
    // Lena's tablet is gone; Aron had pulled what she sent.
    await syncAll(aron, twin);
    await expectAgreement(server, aron, twin);
    expect((await readLog(twin.db, AUDIT)).find('finding', 'f1')!.get('title')).toBe('No calibration at all');
    expect(server.texts(AUDIT)).toContain(data);
    expect(await aron.db.operations.where('[audit+hollow]').equals([AUDIT, 1]).count()).toBe(0);
  });

  test('gets it also where somebody on the way said 404 for a while: that was not the server', async () => {
    const { server, lena, before } = await restored();
    server.fault = (path) => (path.endsWith('/handed-back') ? 'proxy 404' : 'none');
    await lena.engine.syncNow();
    server.fault = () => 'none';
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(await shown(lena)).toEqual(before);
  });

  test('says that it knows nothing of the audit, and is asked again later, and ever more rarely', async () => {
    const { server, lena, before } = await restored();
    const handedBack = async (): Promise<number> => {
      const asked = server.requests.length;
      await lena.engine.syncNow();
      return server.requests.slice(asked).filter((request) => request.endsWith('handed-back')).length;
    };
    const now = device.now;
    let later = 0;
    device.now = () => now() + later;
    try {
      server.isUnknowing = true;
      const told: number[] = [];
      for (const minutes of [0, 1, 5, 8, 15, 24 * 60, 24 * 60 + 15]) {
        later = minutes * 60_000 + 1_000;
        told.push(await handedBack());
      }
      expect(told).toEqual([1, 0, 1, 0, 1, 1, 0]);
      expect(await readRefusedCodes(lena.db, AUDIT)).toEqual(['request.not_found']);
      server.isUnknowing = false;
      later += 24 * 3_600_000;
      expect(await handedBack()).toBe(1);
      await expectAgreement(server, lena);
      expect(await shown(lena)).toEqual(before);
    } finally {
      device.now = now;
    }
  });

  test('gets it from whoever was out of the workspace when it was restored, as soon as he is let in again', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding]);
    await commit(aron.db, AUDIT, [note('n1')]);
    await syncAll(lena, aron);
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [title('Of Lena, whose tablet is gone')]);
    await syncAll(lena, aron);
    const before = await shown(aron);
    server.left.add(ARON);
    server.isUnknowing = true;
    server.restore(backup);
    await commit(aron.db, AUDIT, [note('n2')]);
    await syncAll(aron);
    expect(await readRefusedCodes(aron.db, AUDIT)).toEqual(['request.not_found']);
    server.left.delete(ARON);
    server.isUnknowing = false;
    await syncAll(aron);
    await expectAgreement(server, aron);
    expect((await shown(aron)) as unknown[]).toEqual(expect.arrayContaining(before as unknown[]));
  });

  test.each(['a forged line', 'an origin that was flipped', 'a stretch that was cut', 'the receipt of another audit'])(
    'takes nothing of %s',
    async (how) => {
      const { server, lena } = await restored();
      const other = WORKSPACE;
      await commit(lena.db, other, [note('n9')]);
      server.fault = (path) => (path.endsWith('handed-back') ? 'no network' : 'none');
      await lena.engine.syncNow();
      const row = (await lena.db.old_logs.toArray()).find(({ audit }) => audit === AUDIT)!;
      const [kept, lines] = [
        decode(row.body),
        decode((await lena.db.old_lines.get([AUDIT, row.epoch, row.after]))!.body),
      ];
      const last = lines.at(-1)!;
      const bent: Record<string, readonly OldLine[]> = {
        'a forged line': [...lines.slice(0, -1), ['0'.repeat(64), last[1], last[2]]],
        'an origin that was flipped': [...lines.slice(0, -1), [last[0], 'device', last[2]]],
        'a stretch that was cut': lines.slice(0, -1),
      };
      await lena.db.old_lines.put({
        audit: AUDIT,
        epoch: row.epoch,
        after: row.after,
        body: encode(bent[how] ?? lines),
      });
      const receipt = { ...kept.receipt, ...(bent[how] === undefined && (await readReceipt(lena.db, other))) };
      await lena.db.old_logs.put({ ...row, body: encode({ ...kept, receipt }) });
      server.fault = () => 'none';
      const length = server.texts(AUDIT).length;
      await syncAll(lena);
      await expectAgreement(server, lena);
      expect([server.takenBack, server.texts(AUDIT).length]).toEqual([0, length]);
      expect(await readRefusedCodes(lena.db, AUDIT)).toEqual(['sync.stretch_unproved']);
      expect((await readLost(lena.db, AUDIT)).map(({ author }) => author)).toEqual([ARON, OFFICE]);
    },
  );
});

describe('what the server signs', () => {
  test('is kept with the page, as far as this tablet has the log', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding, title('Before')]);
    await syncAll(lena, aron);
    for (const { db } of [lena, aron]) {
      const { epoch, seq, hash } = (await db.logs.get(AUDIT))!;
      const receipt = await readReceipt(db, AUDIT);
      expect(receipt).toMatchObject({ epoch, seq, hash });
      expect(await checkReceipt(db, { audit: AUDIT, ...receipt! }, receipt)).toBe('good');
      expect(await checkReceipt(db, { audit: WORKSPACE, ...receipt! }, receipt)).toBe('wrong');
    }
  });

  testLong('and does not verify is told, and drops nothing', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const before = await readReceipt(lena.db, AUDIT);
    const sign = server.receipt.bind(server);
    server.receipt = async (audit, seq, hash) => ({ ...(await sign(audit, seq, hash)), signature: 'A'.repeat(86) });
    await commit(lena.db, AUDIT, [title('Written meanwhile')]);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect([...(await readTrust(lena)).wrong.keys()]).toEqual([AUDIT]);
    expect(await readReceipt(lena.db, AUDIT)).toEqual(before);
    server.receipt = sign;
    await commit(lena.db, AUDIT, [title('And on')]);
    await syncAll(lena);
    expect((await readTrust(lena)).wrong.size).toBe(0);
  });

  testLong('by another key is told, not taken, and the tablet goes on; it is taken when a person says so', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    expect((await readTrust(lena)).change).toBeNull();
    const before = await readReceipt(lena.db, AUDIT);
    server.logKey = makeLogKey();
    await commit(lena.db, AUDIT, [title('Written meanwhile')]);
    await syncAll(lena);
    await expectAgreement(server, lena);
    expect(await readReceipt(lena.db, AUDIT)).toEqual(before);
    const { key } = await server.receipt(AUDIT, 1, '0'.repeat(64));
    expect((await readTrust(lena)).change).toMatchObject({ key });
    await acceptServerKey(lena.db);
    await commit(lena.db, AUDIT, [title('And on')]);
    await syncAll(lena);
    expect((await readTrust(lena)).change).toBeNull();
    expect(await readReceipt(lena.db, AUDIT)).toMatchObject({ key, seq: 3 });
  });
});

describeLong('a tablet that has a double', () => {
  test('writes under a new installation once it is noticed, and both branches are kept', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Before')]);
    await syncAll(lena);
    const twin = await cloned(lena, server);
    await commit(lena.db, AUDIT, [title('On the tablet')]);
    await commit(twin.db, AUDIT, [note('n1')]);
    await syncAll(lena);
    const installation = await installationOf(twin.db);
    await syncAll(twin, lena);
    expect(await installationOf(twin.db)).not.toBe(installation);
    expect(await installationOf(lena.db)).toBe(installation);
    // The branch is in the log, in quarantine, and what is written from now on is not.
    expect(await readSetAside(lena.db, AUDIT)).toMatchObject([{ code: 'chain.forked', ent: 'note/n1' }]);
    await commit(twin.db, AUDIT, [note('n2')]);
    await syncAll(twin, lena);
    expect((await readLog(lena.db, AUDIT)).ofKind('note').map((note) => note.id)).toEqual(['n2']);
    expect(await shown(twin)).toEqual(await shown(lena));
  });

  test('that only lost its newest work to an older copy goes on where the server stands', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const older = await cloned(lena, server);
    await commit(lena.db, AUDIT, [title('Written after the copy')]);
    await syncAll(lena);
    await syncAll(older);
    await commit(older.db, AUDIT, [title('Continued')]);
    await syncAll(older);
    await expectAgreement(server, older);
    expect(await readSetAside(older.db, AUDIT)).toEqual([]);
  });

  test('on which somebody writes just before it is noticed still sends that, as a branch', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding, title('Before')]);
    await syncAll(lena);
    const twin = await cloned(lena, server);
    await commit(lena.db, AUDIT, [title('On the tablet'), set('finding', 'f1', 'failure', 'x')]);
    await syncAll(lena);
    await commit(twin.db, AUDIT, [note('n1')]);
    await pullOnly(twin, server);
    await syncAll(twin, lena);
    await commit(twin.db, AUDIT, [note('n2')]);
    await syncAll(twin, lena);
    await expectAgreement(server, lena, twin);
    expect(await readSetAside(lena.db, AUDIT)).toMatchObject([{ code: 'chain.forked', ent: 'note/n1' }]);
    expect((await readLog(lena.db, AUDIT)).ofKind('note').map(({ id }) => id)).toEqual(['n2']);
    expect((await readLog(twin.db, AUDIT)).find('finding', 'f1')!.get('title')).toBe('On the tablet');
  });

  test('takes no further name while the other one goes on under the old one', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const twin = await cloned(lena, server);
    await commit(lena.db, AUDIT, [title('On the tablet')]);
    await syncAll(lena);
    await commit(twin.db, AUDIT, [note('n1')]);
    await syncAll(twin);
    const installation = await installationOf(twin.db);
    await commit(lena.db, AUDIT, [title('And on')]);
    await syncAll(lena, twin);
    expect(await installationOf(twin.db)).toBe(installation);
    await expectAgreement(server, lena, twin);
  });

  test('goes on in an audit that was begun after the copy was made', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    const older = await cloned(lena, server);
    await commit(lena.db, AUDIT, [finding, title('Written after the copy')]);
    await syncAll(lena);
    await syncAll(older);
    await commit(older.db, AUDIT, [title('Continued')]);
    await syncAll(older);
    await expectAgreement(server, older);
    expect(serverView(server).find('finding', 'f1')!.get('title')).toBe('Continued');
  });

  test('learns of it by what the server says of its own work as well', async () => {
    const server = new ModelServer();
    const lena = await tabletFor(server, LENA);
    await commit(lena.db, AUDIT, [finding]);
    await syncAll(lena);
    const twin = await cloned(lena, server);
    const { operations } = await commit(lena.db, AUDIT, [title('On the tablet')]);
    server.bring(AUDIT, operations[0]!.data);
    await syncAll(twin);
    server.confirm(AUDIT, operations[0]!.digest);
    await commit(twin.db, AUDIT, [note('n1')]);
    const installation = await installationOf(twin.db);
    await syncAll(twin);
    expect(await installationOf(twin.db)).not.toBe(installation);
    await syncAll(lena, twin);
    await expectAgreement(server, lena, twin);
  });
});

testLong(
  'whatever tablets do on whatever line, in the end all of them show the same, and nothing is lost',
  async () => {
    const step = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom('write', 'write', 'write', 'delete', 'resolve', 'sync', 'sync', 'restore'),
      entity: fc.constantFrom('f1', 'f2'),
      field: fc.constantFrom('title', 'requirement'),
      value: fc.nat(3),
      fault: fc.constantFrom<Fault>('none', 'none', 'answer lost', 'no network', 'hotel page'),
      faultAt: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const server = new ModelServer();
        const tablets = [await tabletFor(server, LENA), await tabletFor(server, ARON), await tabletFor(server, LENA)];
        let backup = server.snapshot();
        const written = new Set<string>();
        for (const { who, what, entity, field, value, fault, faultAt } of steps) {
          const { db, engine } = tablets[who]!;
          if (what === 'sync') {
            let countdown = faultAt;
            server.fault = () => ((countdown -= 1) < 0 ? fault : 'none');
            await engine.syncNow();
            server.fault = () => 'none';
          } else if (what === 'restore') {
            server.restore(backup);
            backup = server.snapshot();
          } else {
            const isThere = (await readLog(db, AUDIT)).entity(`finding/${entity}`)?.born ?? null;
            const { operations } = await commit(db, AUDIT, [
              ...(isThere === null ? [add('finding', entity, RAISED)] : []),
              what === 'delete'
                ? { kind: 'del', ent: `finding/${entity}`, fld: 'deleted', val: true }
                : {
                    kind: what === 'resolve' ? 'resolve' : 'set',
                    ent: `finding/${entity}`,
                    fld: field,
                    val: String(value),
                  },
            ]);
            for (const { digest } of operations) written.add(digest);
            if (value === 0) backup = server.snapshot();
          }
        }
        for (let round = 0; round < 3; round += 1) await syncAll(...tablets);
        await expectAgreement(server, ...tablets);
        const stored = new Set(server.logs.get(AUDIT)?.entries.map((entry) => entry.digest));
        for (const digest of written) expect(stored).toContain(digest);
        for (const { db } of tablets) db.close();
      }),
      { numRuns: 15 },
    );
  },
  60_000,
);
