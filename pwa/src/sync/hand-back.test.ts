/** Who hands back, and what stays here until that has worked: also where the line goes down in it, and whoever read along has left. */
import 'fake-indexeddb/auto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { add, set } from '../store/changes';
import { commit } from '../store/commit';
import type { AuditbookDatabase } from '../store/database';
import { device } from '../store/device';
import { RECEIPTS } from '../store/receipts';
import { resetCursor } from '../store/repair';
import { ARON, AUDIT, describeLong, LENA, openTablet } from '../store/testing';
import { SyncEngine } from './engine';
import { makeLogKey, ModelServer, type Fault } from './model-server';

const finding = add('finding', 'f1', { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' });
const title = (text: string) => set('finding', 'f1', 'title', text);
const note = (id: string) => add('note', id, { observed_at: '2026-11-24T10:00:00.000Z' });

interface Tablet {
  readonly db: AuditbookDatabase;
  readonly engine: SyncEngine;
}

async function tabletFor(server: ModelServer, account: string): Promise<Tablet> {
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
}

function cut(server: ModelServer, fault: Fault, from = 1): void {
  let count = 0;
  server.fault = (path) => (path.endsWith('/handed-back') && (count += 1) >= from ? fault : 'none');
}

function handedBack(server: ModelServer): number {
  return server.requests.filter((one) => one.endsWith('/handed-back')).length;
}

/** A backup from before what Lena wrote, which lies on Aron's tablet; hers is gone, and he has written nothing. */
async function readAlong(changes = [finding, title('Of Lena, whose tablet is gone')]) {
  const server = new ModelServer();
  const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
  const backup = server.snapshot();
  await commit(lena.db, AUDIT, changes);
  await syncAll(lena, aron);
  return { server, aron, backup, length: server.texts(AUDIT).length };
}

describeLong('whoever only read along hands back', () => {
  test.each<Fault>(['no network', 'answer lost', 'proxy 502', 'hotel page'])(
    'what a restored server lacks, however the first attempt ended (%s)',
    async (fault) => {
      const { server, aron, backup, length } = await readAlong();
      server.restore(backup);
      cut(server, fault);
      await aron.engine.syncNow();
      expect(aron.engine.state.problem).not.toBeNull();
      server.fault = () => 'none';
      await syncAll(aron);
      expect(aron.engine.state.problem).toBeNull();
      expect(server.texts(AUDIT)).toHaveLength(length);
      expect(await aron.db.old_logs.count()).toBe(0);
    },
  );

  test('also where the tab was closed right before', async () => {
    const { server, aron, backup, length } = await readAlong();
    server.restore(backup);
    await resetCursor(aron.db, AUDIT);
    await syncAll(aron);
    expect(server.texts(AUDIT)).toHaveLength(length);
  });

  test('also out of the team, where a long log was cut at its second part', async () => {
    const every = RECEIPTS.every;
    RECEIPTS.every = 20;
    onTestFinished(() => void (RECEIPTS.every = every));
    const { server, aron, backup, length } = await readAlong(
      Array.from({ length: 70 }, (_, index) => note(`n${index}`)),
    );
    server.left.add(ARON);
    await syncAll(aron);
    server.restore(backup);
    server.limitHandedBack = 30;
    cut(server, 'no network', 2);
    await aron.engine.syncNow();
    expect(server.texts(AUDIT).length).toBeLessThan(length);
    server.fault = () => 'none';
    await syncAll(aron);
    expect(server.texts(AUDIT)).toHaveLength(length);
    expect(aron.engine.state.problem).toBeNull();
  });

  test.each([
    ['is cut then', false],
    ['had been cut before', true],
  ])(
    'also out of the team, where a backup was put back without a word and grew, and it %s',
    async (_when, isBefore) => {
      const server = new ModelServer();
      const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
      await commit(lena.db, AUDIT, [finding]);
      await syncAll(lena, aron);
      const backup = server.snapshot();
      await commit(lena.db, AUDIT, [title('Of Lena, whose tablet is gone')]);
      await syncAll(lena, aron);
      server.left.add(ARON);
      if (isBefore) cut(server, 'no network');
      await aron.engine.syncNow();
      server.fault = () => 'none';
      await syncAll(aron);
      server.putBack(backup);
      const other = await tabletFor(server, LENA);
      await commit(other.db, AUDIT, [note('n1'), note('n2'), note('n3')]);
      await syncAll(other);
      if (!isBefore) cut(server, 'no network');
      await aron.engine.syncNow();
      server.fault = () => 'none';
      await syncAll(aron);
      expect(server.texts(AUDIT).join()).toContain('Of Lena, whose tablet is gone');
    },
  );
});

describe('what was handed back by somebody who is out of the team', () => {
  async function outOfTheTeam() {
    const world = await readAlong();
    world.server.left.add(ARON);
    await syncAll(world.aron);
    world.server.restore(world.backup);
    return world;
  }

  test('is kept, goes once in each epoch, and says nothing wrong', async () => {
    const { server, aron, backup, length } = await outOfTheTeam();
    expect((await aron.engine.syncNow()).problem).toBeNull();
    expect(server.texts(AUDIT)).toHaveLength(length);
    const before = handedBack(server);
    await syncAll(aron);
    expect(handedBack(server)).toBe(before);
    server.restore(backup);
    await syncAll(aron);
    expect(server.texts(AUDIT)).toHaveLength(length);
    expect(handedBack(server)).toBe(before + 1);
  });

  test('goes once he is in it again and has a new receipt of all of it', async () => {
    const { server, aron } = await outOfTheTeam();
    await syncAll(aron);
    expect(await aron.db.old_logs.count()).toBe(1);
    server.left.clear();
    await syncAll(aron);
    expect(await aron.db.old_logs.count()).toBe(0);
  });
});

describe('a server with another key', () => {
  test('is left in peace by whoever is out of the team, also on the days after', async () => {
    const server = new ModelServer();
    const [lena, aron] = [await tabletFor(server, LENA), await tabletFor(server, ARON)];
    await commit(lena.db, AUDIT, [finding]);
    await commit(aron.db, AUDIT, [note('n1')]);
    await syncAll(lena, aron);
    const backup = server.snapshot();
    await commit(lena.db, AUDIT, [title('x'), title('y'), title('z')]);
    await syncAll(lena, aron);
    server.left.add(ARON);
    await syncAll(aron);
    server.logKey = makeLogKey();
    server.restore(backup);
    await syncAll(aron);
    const real = device.now;
    onTestFinished(() => void (device.now = real));
    let later = 0;
    device.now = () => real() + later;
    const asked = () => server.requests.filter((one) => one.includes(`${AUDIT}/operations`)).length;
    const before = asked();
    for (let day = 1; day < 4; day += 1) {
      later = day * 90_000_000;
      await syncAll(aron);
    }
    expect(asked()).toBe(before);
  });
});
