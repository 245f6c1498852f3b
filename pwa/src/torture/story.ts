/**
 * For tests: a story from a seed, on the app's own store and engine. Tablets write, sync over a bad line, lose power in the middle,
 * meet a restored server, get a double; at the end everybody is online, and `broken` says what does not hold.
 *
 * The other end is any server that can be backed up, restored and looked into: the model of sync/model-server.ts, or the real one.
 */
import { ApiClient } from '../api/client';
import { foldLog } from '../domain/fold';
import { sha256Of } from '../domain/operation';
import { isRefusal } from '../domain/refusal';
import { openHandover } from '../handover/read';
import { takeInHandover } from '../handover/take-in';
import { prepareHandover } from '../handover/write';
import { canonicalText, type Value } from '../domain/plain-json';
import { closingRecord } from '../domain/record';
import { readLogWithBasis } from '../store/basis';
import { add, del, resolve, set, undelete, type Change } from '../store/changes';
import { commit } from '../store/commit';
import { installationOf, setUpAccount, type AuditbookDatabase } from '../store/database';
import { device, newId } from '../store/device';
import { cutEvidence } from '../store/evidence-bytes';
import { disputesOf, readLog } from '../store/queries';
import { SyncEngine } from '../sync/engine';
import { makeRoom } from '../sync/make-room';
import { Disk, failAtRequest } from './disk';
import { broken, digestOfLine, entriesIn, type ServerSeen, type TabletSeen } from './invariants';

const RAISED = { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' };
const FIELDS = ['title', 'requirement', 'failure'] as const;
const YEAR = 365 * 86_400_000;
const ROUNDS = 6;

type LineFault =
  'none' | 'answer lost' | 'no network' | 'hotel page' | 'empty json' | 'empty 204' | 'proxy 502' | 'twice';
const FAULTS: readonly LineFault[] = [
  'answer lost',
  'no network',
  'hotel page',
  'empty json',
  'empty 204',
  'proxy 502',
  'twice',
];

/** What a story needs of the other end. */
export interface Far {
  /** Lena leads, Aron writes as well, Ruth reads along. */
  readonly people: readonly string[];
  readonly audit: string;
  /** What the audit is born with. */
  readonly birth: Readonly<Record<string, string>>;
  readonly base: string;
  /** What carries the requests of a new session of this account. */
  signIn(account: string): Promise<typeof fetch>;
  /** For a server that does not read in the log who is in the team. */
  putOut?: (account: string, isOut: boolean) => void;
  /** Sends the bytes of evidence; without it they stay where they are. */
  upload?: (db: AuditbookDatabase, api: ApiClient, through: typeof fetch) => Promise<number>;
  backUp(): Promise<void>;
  restore(): Promise<void>;
  /** The last backup, and nobody tells the server: no new epoch. */
  putBack(): Promise<void>;
  /** Takes a piece of evidence out for good; by SHA-256 the files that went with it. */
  withdraw(evidence: string): Promise<readonly string[]>;
  seen(): Promise<ServerSeen>;
}

/** A file that was taken out by hand, with the digests of what had not come back from the server. */
interface Handed {
  readonly file: Blob;
  readonly digests: readonly string[];
  isTakenIn: boolean;
}

interface Tablet {
  readonly name: string;
  readonly account: string;
  disk: Disk;
  db: AuditbookDatabase;
  engine: SyncEngine;
  api: ApiClient;
  fault: (path: string) => LineFault;
  wall: number;
  readonly saved: Set<string>;
}

/** A small generator that gives the same numbers for the same seed (mulberry32). */
export function chanceOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export interface Told {
  readonly broken: readonly string[];
  readonly operations: number;
  readonly powerCuts: number;
  readonly faults: ReadonlyMap<string, number>;
}

const RULES = [
  ...Array<string>(8).fill('write'),
  ...Array<string>(9).fill('sync'),
  ...Array<string>(7).fill('bad line'),
  ...Array<string>(3).fill('photo'),
  ...Array<string>(2).fill('delete'),
  ...Array<string>(2).fill('resolve'),
  ...Array<string>(4).fill('power cut'),
  ...Array<string>(4).fill('storage fails'),
  ...Array<string>(2).fill('clock'),
  ...Array<string>(2).fill('back up'),
  ...Array<string>(2).fill('restore'),
  'clone',
  'seal',
  ...Array<string>(2).fill('take out'),
  ...Array<string>(3).fill('take in'),
  'drowns',
  ...Array<string>(2).fill('withdraw'),
  ...Array<string>(3).fill('make room'),
  ...Array<string>(2).fill('put back'),
  ...Array<string>(2).fill('only the reader has it'),
  'let in',
];
/** What somebody who only reads along does not do. */
const WRITING = ['write', 'delete', 'resolve', 'photo', 'seal', 'take in', 'clone'];
const PASSPHRASE = 'lusab-babad-gutih-tugad';
const QUICK = 4;

/** Only the first `steps` steps of the seed's story, to see where it goes wrong. */
export async function tell(far: Far, seed: number, steps = 40): Promise<Told> {
  const chance = chanceOf(seed);
  const made = new Map<string, string>();
  const faults = new Map<string, number>();
  const tablets: Tablet[] = [];
  const handed: Handed[] = [];
  const withdrawn = new Set<string>();
  const freed = new Map<string, 'backed_up' | 'everything'>();
  const found: string[] = [];
  let powerCuts = 0;
  const now = device.now;
  let wall = 1_795_513_000_000;
  let current: Tablet | null = null;
  device.now = () => wall + (current?.wall ?? 0);

  const attach = async (tablet: Tablet): Promise<void> => {
    const through = overABadLine(await far.signIn(tablet.account), (path) => tablet.fault(path));
    const api = new ApiClient(far.base, through);
    tablet.api = api;
    const upload = far.upload;
    tablet.engine = new SyncEngine(tablet.db, api, {
      upload: () => (upload === undefined ? Promise.resolve(0) : upload(tablet.db, api, through)),
      lock: async (_name, work) => {
        await work();
        return true;
      },
    });
  };
  const enter = async (name: string, account: string): Promise<Tablet> => {
    const disk = new Disk();
    const db = await disk.open(account);
    await setUpAccount(db, newId(), name);
    const tablet = { name, account, disk, db, fault: () => 'none', wall: 0, saved: new Set() } as unknown as Tablet;
    await attach(tablet);
    tablets.push(tablet);
    return tablet;
  };
  const write = async (tablet: Tablet, changes: readonly Change[], photo?: ArrayBuffer): Promise<void> => {
    const files = photo === undefined ? [] : [cutEvidence(photo, sha256Of(new Uint8Array(photo)), 'image/jpeg')];
    const { operations } = await commit(tablet.db, far.audit, changes, files);
    for (const { digest, data } of operations) {
      made.set(digest, data);
      tablet.saved.add(digest);
    }
  };
  const sync = async (tablet: Tablet): Promise<void> => {
    await tablet.engine.syncNow();
    // Somebody signs in again: a restored server has forgotten the session.
    if (tablet.engine.state.phase === 'sign_in_needed') await attach(tablet);
  };
  const takeOut = async ({ name, account, db }: Tablet): Promise<boolean> => {
    const rows = await db.operations.filter((row) => row.waiting !== undefined || row.carried === 1).toArray();
    const session = { account, name, email: '', language: 'en', workspaces: [], database: db };
    const prepared = await prepareHandover({ ...session, installation: await installationOf(db) }, null);
    if (isRefusal(prepared)) return false;
    const file = await new Response(await prepared.stream(PASSPHRASE, undefined, QUICK)).blob();
    handed.push({ file, digests: rows.map(({ digest }) => digest), isTakenIn: false });
    return true;
  };
  const takeIn = async ({ db }: Tablet, one: Handed): Promise<void> => {
    const opened = await openHandover(db, one.file, PASSPHRASE);
    if (isRefusal(opened)) throw new Error(opened.code);
    const taken = await takeInHandover(db, opened);
    if (isRefusal(taken)) throw new Error(taken.code);
    one.isTakenIn ||= opened.audits.every(({ refusal }) => refusal === null);
  };
  const makeRoomOn = async ({ db, api }: Tablet, what: 'backed_up' | 'everything'): Promise<void> => {
    const namesHere = async (): Promise<string[]> => (await db.uploads.toArray()).map(nameOf);
    const before = await namesHere();
    await makeRoom(db, what, api);
    const after = new Set(await namesHere());
    const { files } = await far.seen();
    for (const name of before.filter((one) => !after.has(one))) {
      if (files?.has(name) !== true) found.push(`I10: ${name} was freed, and the server does not have it`);
      freed.set(name, what);
    }
  };
  /** What went with the disk that was lost: a backup does not have it, and whoever freed it knew that. */
  const noteLost = async (): Promise<void> => {
    const { files } = await far.seen();
    if (files === null) return;
    const here = new Set<string>();
    for (const { db } of tablets) for (const row of await db.uploads.toArray()) here.add(nameOf(row));
    for (const [name, what] of freed) {
      if (files.has(name) || here.has(name) || withdrawn.has(name)) continue;
      if (what === 'backed_up') found.push(`I10: ${name} was freed because a backup has it, and the backup has it not`);
      freed.delete(name);
    }
  };
  /** The first hand-back of each tablet does not get through. */
  const cutFirst = (): void => {
    for (const tablet of tablets) {
      tablet.fault = (path) => {
        if (!path.endsWith('/handed-back')) return 'none';
        tablet.fault = () => 'none';
        return 'no network';
      };
    }
  };
  const reopened = async (tablet: Tablet): Promise<void> => {
    tablet.db.close();
    const after = await tablet.disk.afterPowerCut(tablet.account);
    Object.assign(tablet, after);
    await attach(tablet);
  };

  try {
    const [lena, aron, ruth] = far.people as [string, string, string];
    const first = await enter('lena', lena);
    await enter('aron', aron);
    await enter("lena's second", lena);
    const reader = await enter('ruth', ruth);
    let isOut = false;
    const putOut = async (isNow: boolean): Promise<void> => {
      await write(first, [isNow ? del('team_member', ruth) : undelete('team_member', ruth)]);
      await sync(first);
      far.putOut?.(ruth, isNow);
      isOut = isNow;
    };
    current = first;
    await write(first, [
      { kind: 'add', ent: `audit/${far.audit}`, fld: 'born', val: far.birth as Value },
      add('team_member', aron, { account: aron }),
      set('team_member', aron, 'role', 'auditor'),
      add('team_member', ruth, { account: ruth }),
      set('team_member', ruth, 'role', 'auditor'),
      add('finding', 'f0', RAISED),
    ]);
    await sync(first);

    for (let step = 0; step < steps; step += 1) {
      wall += chance(60_000);
      const tablet = tablets[chance(tablets.length)]!;
      current = tablet;
      const rule = RULES[chance(RULES.length)]!;
      if (tablet === reader && WRITING.includes(rule)) continue;
      const view = await readLog(tablet.db, far.audit);
      const findings = [...view.entities.keys()].filter((ref) => ref.startsWith('finding/'));
      const id = `f${chance(4)}`;
      const change = (): Change => set('finding', id, FIELDS[chance(FIELDS.length)]!, `said ${chance(5)}`);
      const writing = async (): Promise<void> => {
        const isThere = view.entity(`finding/${id}`)?.born != null;
        await write(tablet, [...(isThere ? [] : [add('finding', id, RAISED)]), change(), change()]);
      };
      if (rule === 'write') await writing();
      else if (rule === 'delete' && findings.includes(`finding/${id}`)) {
        await write(tablet, [chance(3) === 0 ? undelete('finding', id) : del('finding', id)]);
      } else if (rule === 'resolve') {
        const [dispute] = disputesOf(view).filter(({ field }) => field !== 'deleted');
        if (dispute !== undefined) await write(tablet, [resolve(dispute.ref, dispute.field, `agreed ${chance(3)}`)]);
      } else if (rule === 'photo') {
        const bytes = Uint8Array.from(
          { length: [1, 700, 530_000][chance(3)]! },
          (_, index) => (index * (step + 3)) % 251,
        );
        const photo = bytes.buffer;
        await write(
          tablet,
          [
            add('evidence', `0191e6a0-0000-7000-8000-${(seed * 100 + step).toString(16).padStart(12, '0')}`, {
              kind: 'photo',
              sha256: sha256Of(bytes),
              size: bytes.length,
              media_type: 'image/jpeg',
              source: 'system_camera',
              file_name: null,
              captured_at: '2026-11-24T09:41:07.250Z',
            }),
          ],
          photo,
        );
      } else if (rule === 'sync') await sync(tablet);
      else if (rule === 'bad line') {
        let ahead = chance(12);
        const fault = FAULTS[chance(FAULTS.length)]!;
        faults.set(fault, (faults.get(fault) ?? 0) + 1);
        tablet.fault = () => ((ahead -= 1) < 0 ? fault : 'none');
        await sync(tablet);
        tablet.fault = () => 'none';
      } else if (rule === 'power cut') {
        // In the middle of something, or between two things: either way only what was flushed is there.
        powerCuts += 1;
        const doing = tablet === reader || chance(2) === 0 ? tablet.engine.syncNow() : writing();
        let ticks = chance(60);
        let isDone = false;
        void doing.catch(() => undefined).then(() => (isDone = true));
        while (!isDone && (ticks -= 1) > 0) await new Promise((resolve) => setTimeout(resolve));
        void tablet.engine.stop();
        await reopened(tablet);
        await doing.catch(() => undefined);
      } else if (rule === 'storage fails') {
        const nth = 1 + chance(60);
        const name = ['QuotaExceededError', 'UnknownError', 'InvalidStateError'][chance(3)]!;
        faults.set(name, (faults.get(name) ?? 0) + 1);
        failAtRequest(nth, name, 1 + chance(3));
        // What is not kept is told: it is thrown, so nobody says `saved`.
        await (tablet === reader || chance(2) === 0 ? sync(tablet) : writing()).catch(() => undefined);
        failAtRequest(0);
        if (!tablet.db.isOpen()) await tablet.db.open();
      } else if (rule === 'clock') tablet.wall = [0, YEAR, -10 * YEAR, 10 * YEAR, -wall][chance(5)]!;
      else if (rule === 'back up') await far.backUp();
      else if (rule === 'restore' || rule === 'put back') {
        await (rule === 'restore' ? far.restore() : far.putBack());
        await noteLost();
        cutFirst();
      } else if (rule === 'take out') await takeOut(tablet);
      else if (rule === 'take in' && handed.length > 0) await takeIn(tablet, handed[chance(handed.length)]!);
      else if (rule === 'drowns' && tablets.length > 2 && tablet !== first && tablet !== reader) {
        // All that was on it and not on the server is in the file.
        await takeOut(tablet);
        tablets.splice(tablets.indexOf(tablet), 1);
        tablet.db.close();
      } else if (rule === 'let in' && isOut) await putOut(false);
      else if (rule === 'only the reader has it' && !isOut && tablet !== first && tablet !== reader) {
        // What came after the backup, its author's tablet drowned; her hand-back does not get through, and she is put out of the team.
        for (const one of [tablet, reader]) await sync(one);
        await far.backUp();
        await writing();
        for (const one of [tablet, reader]) await sync(one);
        await takeOut(tablet);
        tablets.splice(tablets.indexOf(tablet), 1);
        tablet.db.close();
        await (chance(2) === 0 ? far.restore() : far.putBack());
        await noteLost();
        cutFirst();
        // Somebody signs in again: a restored server has forgotten the session.
        await attach(reader);
        await sync(reader);
        if (chance(2) === 0) await putOut(true);
      } else if (rule === 'withdraw') {
        const pieces = view.ofKind('evidence');
        const piece = pieces[chance(Math.max(1, pieces.length))];
        for (const sha256 of piece === undefined ? [] : await far.withdraw(piece.id)) {
          withdrawn.add(`${far.audit}/${sha256}`);
        }
      } else if (rule === 'make room') await makeRoomOn(tablet, chance(2) === 0 ? 'backed_up' : 'everything');
      else if (rule === 'clone' && tablets.length < 5) {
        const twin = await enter(`${tablet.name}, cloned ${step}`, tablet.account);
        for (const table of tablet.db.tables) {
          await twin.db.table(table.name).clear();
          await twin.db.table(table.name).bulkPut(await table.toArray());
        }
        for (const row of await twin.db.operations.toArray()) if (made.has(row.digest)) twin.saved.add(row.digest);
        await attach(twin);
      } else if (rule === 'seal' && disputesOf(view).length === 0) {
        const { view: shown, basis } = await readLogWithBasis(tablet.db, far.audit);
        const record = canonicalText(
          closingRecord(shown, far.audit, { supersedes: null, reason: null, catalogues: [] }, basis),
        );
        await write(tablet, [add('closing_record', `c${step}`, { record, sha256: sha256Of(record) })]);
      }
    }

    current = null;
    for (const one of handed) if (!one.isTakenIn) await takeIn(tablets[0]!, one);
    let lastWords = new Set<string>();
    // Two copies of a tablet find out about each other by what they write; after that, what anybody writes counts.
    for (let again = 0; again < 3; again += 1) {
      for (let round = 0; round < ROUNDS; round += 1) for (const tablet of tablets) await sync(tablet);
      if (again === 2) break;
      lastWords = new Set();
      for (const [index, tablet] of tablets.entries()) {
        if (tablet === reader) continue;
        const before = new Set(tablet.saved);
        await write(tablet, [add('note', `last-${again}-${index}`, { observed_at: RAISED.raised_at })]);
        for (const digest of tablet.saved) if (!before.has(digest)) lastWords.add(digest);
      }
    }
    const server = await far.seen();
    const seen: TabletSeen[] = tablets.map(({ name, db, engine, saved }) => ({
      name,
      db,
      saved,
      problem: engine.state.problem,
      isOut: isOut && db === reader.db,
    }));
    const onBranches = [...server.logs.values()].flatMap((lines) => {
      const { quarantined } = foldLog(entriesIn(lines));
      return [...quarantined].filter(([digest, { code }]) => lastWords.has(digest) && code?.startsWith('chain.'));
    });
    const unheard = onBranches.map(([, { code }]) => `I8: what a tablet writes now does not count (${code})`);
    const anywhere = new Set(entriesOn(server));
    for (const { db } of tablets) for (const { digest } of await db.operations.toArray()) anywhere.add(digest);
    const lost = handed
      .flatMap(({ digests }) => digests)
      .filter((digest) => !anywhere.has(digest))
      .map((digest) => `I2: it was taken out by hand, and nobody has it: ${digest}`);
    const gone = [...freed.keys()]
      .filter((name) => server.files?.has(name) === false && !withdrawn.has(name))
      .map((name) => `I10: ${name} was freed, and is not there again`);
    const told = [...found, ...(await broken(made, seen, server, withdrawn)), ...unheard, ...lost, ...gone];
    return { broken: told, operations: made.size, powerCuts, faults };
  } finally {
    device.now = now;
    failAtRequest(0);
    for (const { db } of tablets) db.close();
  }
}

function nameOf({ audit, sha256 }: { readonly audit: string; readonly sha256: string }): string {
  return `${audit}/${sha256}`;
}

function entriesOn({ logs }: ServerSeen): string[] {
  return [...logs.values()].flatMap((lines) => lines.map(digestOfLine));
}

/** Answers get lost, requests come twice, and somebody else answers. */
function overABadLine(through: typeof fetch, fault: (path: string) => LineFault): typeof fetch {
  return async (input, init) => {
    const now = fault(String(input));
    if (now === 'no network') throw new TypeError('Failed to fetch');
    if (now === 'hotel page') return page('<html>Please sign in to HotelNet</html>', 200);
    if (now === 'proxy 502') return page('<html>Bad gateway</html>', 502);
    if (now === 'empty 204') return new Response(null, { status: 204 });
    if (now === 'empty json') return new Response('{}', { headers: { 'Content-Type': 'application/json' } });
    if (now === 'twice') await through(input, init);
    const answer = await through(input, init);
    if (now === 'answer lost') throw new TypeError('The network connection was lost.');
    return answer;
  };
}

function page(text: string, status: number): Response {
  return new Response(text, { status, headers: { 'Content-Type': 'text/html' } });
}
