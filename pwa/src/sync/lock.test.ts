/** One tab at a time: locks as browsers keep them, also one that is stolen from a tab that was frozen. */
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { add } from '../store/changes';
import { commit } from '../store/commit';
import { device } from '../store/device';
import { AUDIT, LENA, openTab, openTablet } from '../store/testing';
import { ApiClient } from '../api/client';
import { SyncEngine } from './engine';
import { ModelServer } from './model-server';

/** What `navigator.locks.request` promises: the one from which a lock is stolen hears it as a rejection, and its work goes on. */
class Locks {
  readonly #held = new Map<string, (why: Error) => void>();

  async request(name: string, options: { steal?: boolean }, work: (lock: object | null) => unknown): Promise<void> {
    const rob = this.#held.get(name);
    if (rob !== undefined && options.steal !== true) return void (await work(null));
    rob?.(new DOMException('The lock was broken by another request with the steal option.', 'AbortError'));
    let mine!: (why: Error) => void;
    const stolen = new Promise<never>((_, reject) => (mine = reject));
    this.#held.set(name, mine);
    try {
      await Promise.race([work({ name }), stolen]);
    } finally {
      if (this.#held.get(name) === mine) this.#held.delete(name);
    }
  }
}

beforeEach(() => void vi.stubGlobal('navigator', { locks: new Locks() }));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('a tab whose lock is stolen while it is frozen ends its work, and goes on by the clock', async () => {
  const server = new ModelServer();
  const frozen = await openTablet(LENA);
  const other = await openTab(frozen);
  const line = server.fetchFor(() => LENA);
  let thaw!: () => void;
  const isThawed = new Promise<void>((resolve) => (thaw = resolve));
  const slow: typeof fetch = async (input, init) => {
    await isThawed;
    return line(input, init);
  };
  const options = { upload: () => Promise.resolve(0) };
  const [first, second] = [slow, line].map(
    (through, index) =>
      new SyncEngine([frozen, other][index]!, new ApiClient('http://auditbook.test', through), options),
  ) as [SyncEngine, SyncEngine];
  const now = vi.spyOn(device, 'now');
  const start = Date.now();
  now.mockImplementation(() => start);
  first.start();
  await vi.waitFor(() => expect(first.state.phase).toBe('checking'));
  await commit(other, AUDIT, [add('note', 'n1', { observed_at: '2026-11-24T10:00:00.000Z' })]);
  await second.syncNow();
  expect(server.texts(AUDIT)).toHaveLength(0);
  now.mockImplementation(() => start + 7 * 60_000);
  await second.syncNow();
  expect(server.texts(AUDIT)).toHaveLength(1);

  const timers = vi.spyOn(globalThis, 'setTimeout');
  thaw();
  await first.syncNow();
  expect(first.state).toMatchObject({ phase: 'idle', problem: null });
  expect(timers.mock.calls.some(([work]) => String(work).includes('nudge'))).toBe(true);
  await first.stop();
});
