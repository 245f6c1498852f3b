import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { add, set, type Change } from '../store/changes';
import { commit } from '../store/commit';
import { setUpAccount, type AuditbookDatabase } from '../store/database';
import { readLog } from '../store/queries';
import { ARON, AUDIT, LENA } from '../store/testing';
import { SyncEngine } from '../sync/engine';
import { ModelServer } from '../sync/model-server';
import { Disk, failAtRequest } from './disk';
import { broken } from './invariants';
import { modelFar } from './model';
import { say } from './say';
import { tell } from './story';

const START = Number(import.meta.env['VITE_TORTURE_START'] ?? 1);
const SEEDS = Number(import.meta.env['VITE_TORTURE_SEEDS'] ?? 3);
const finding = add('finding', 'f1', { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' });
const title = set('finding', 'f1', 'title', 'Kept');

describe('a power cut', () => {
  const written = async (options: object): Promise<number> => {
    const disk = new Disk();
    const db = await disk.open(LENA, options);
    await setUpAccount(db, '0191e6a0-0000-7000-8000-000000000001', 'marker');
    await commit(db, AUDIT, [finding, title]);
    db.close();
    const after = await disk.afterPowerCut(LENA, options);
    return (await readLog(after.db, AUDIT)).ofKind('finding').length;
  };

  test('takes nothing that was called saved', async () => {
    expect(await written({})).toBe(1);
  });

  test('would take it from a storage that is not asked to flush', async () => {
    expect(await written({ chromeTransactionDurability: 'relaxed' })).toBe(0);
  });
});

/** Of the requests to the storage every so many-th fails; a long hunt asks for each of them. */
const EVERY = Number(import.meta.env['VITE_TORTURE_EVERY'] ?? 61);

describe('a storage that fails at one request', () => {
  const TOGETHER = 2;
  interface Owner {
    name: string;
    db: AuditbookDatabase;
    engine: SyncEngine;
  }

  async function owner(server: ModelServer, account: string, number: number): Promise<Owner> {
    const db = await new Disk().open(account);
    await setUpAccount(db, `0191e6a0-0000-7000-8000-00000000000${number}`, `marker-${number}`);
    const api = server.apiFor(() => account);
    return { name: account, db, engine: new SyncEngine(db, api, { upload: () => Promise.resolve(0) }) };
  }

  /** The first sync with work of one's own, a colleague's and a verdict; or with a server that lost all of it since. */
  async function told(nth: number, problem: string, isRestored: boolean): Promise<number> {
    const server = new ModelServer();
    const backup = server.snapshot();
    const [lena, aron] = [await owner(server, LENA, 1), await owner(server, ARON, 2)];
    server.quarantine = ({ ent }) => (ent === 'note/aside' ? 'operation.not_permitted' : null);
    const made = new Map<string, string>();
    const saved = new Set<string>();
    const write = async ({ db }: Owner, ...changes: Change[]): Promise<void> => {
      for (const { digest, data } of (await commit(db, AUDIT, changes)).operations) {
        made.set(digest, data);
        saved.add(digest);
      }
    };
    await write(aron, finding, title, add('note', 'aside', { observed_at: '2026-11-24T10:00:00.000Z' }));
    await aron.engine.syncNow();
    await write(lena, set('finding', 'f1', 'failure', 'Of Lena'), set('audit', AUDIT, 'scope', 'Milling'));
    if (isRestored) {
      await lena.engine.syncNow();
      await aron.engine.syncNow();
      server.restore(backup);
      await write(lena, set('audit', AUDIT, 'scope', 'Milling and turning'));
    }
    failAtRequest(nth, problem);
    await lena.engine.syncNow();
    const requests = failAtRequest(0);
    if (!lena.db.isOpen()) await lena.db.open();
    for (let round = 0; round < TOGETHER; round += 1) for (const { engine } of [lena, aron]) await engine.syncNow();
    const logs = new Map([...server.logs].map(([audit, log]) => [audit, log.entries]));
    const seen = [lena, aron].map((one) => ({ ...one, problem: one.engine.state.problem, saved }));
    expect(await broken(made, seen, { epoch: server.epoch, logs, files: null })).toEqual([]);
    for (const { db } of [lena, aron]) db.close();
    return requests;
  }

  test.each([
    ['of a first sync', 'QuotaExceededError', false],
    ['of a sync with a restored server', 'QuotaExceededError', true],
    ['of a sync with a restored server, by a lost connection', 'InvalidStateError', true],
  ] as const)(
    '%s costs nothing but that run',
    async (_what, problem, isRestored) => {
      for (let nth = 1; nth <= (await told(nth, problem, isRestored)); nth += EVERY);
    },
    600_000,
  );
});

test.each(Array.from({ length: SEEDS }, (_, index) => START + index))(
  'whatever happens to tablets nothing is lost and everybody sees the same (seed %i)',
  async (seed) => {
    const told = await tell(modelFar(), seed);
    say(seed, told);
    expect(told.broken).toEqual([]);
  },
);
