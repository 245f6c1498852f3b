import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { add, set } from '../store/changes';
import { commit } from '../store/commit';
import { setUpAccount } from '../store/database';
import { readLog } from '../store/queries';
import { AUDIT, LENA } from '../store/testing';
import { Disk } from './disk';
import { modelFar } from './model';
import { tell } from './story';

const START = Number(import.meta.env['VITE_TORTURE_START'] ?? 1);
const SEEDS = Number(import.meta.env['VITE_TORTURE_SEEDS'] ?? 4);
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

test.each(Array.from({ length: SEEDS }, (_, index) => START + index))(
  'whatever happens to tablets nothing is lost and everybody sees the same (seed %i)',
  async (seed) => {
    expect((await tell(modelFar(), seed)).broken).toEqual([]);
  },
);
