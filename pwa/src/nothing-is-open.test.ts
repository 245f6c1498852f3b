import 'fake-indexeddb/auto';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { raised } from './components/modals.svelte';
import { nothingIsOpen } from './nothing-is-open';
import { OpenAudit } from './screens/field/open-audit.svelte';
import { Saving } from './screens/field/saving.svelte';
import { add } from './store/changes';
import { commit, type Written } from './store/commit';
import { AuditbookDatabase } from './store/database';
import { readEntity } from './store/queries';
import { AUDIT, LENA, openTablet } from './store/testing';

class NextDatabase extends AuditbookDatabase {
  constructor(indexedDB: IDBFactory) {
    super(LENA, { indexedDB, IDBKeyRange });
    this.version(2).stores({ plans: 'id' });
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('HTMLElement', EventTarget);
  vi.stubGlobal('document', { activeElement: null });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A newer version asks for the storage while `keep` is on its way, which is read for long before anything is written. */
async function asksWhile(keep: (audit: OpenAudit, write: () => Promise<Written>) => Promise<unknown>) {
  const indexedDB = new IDBFactory();
  const older = await openTablet(LENA, indexedDB);
  older.beforeGivingAway = nothingIsOpen;
  let isRead!: () => void;
  const reading = new Promise<void>((done) => (isRead = done));
  const audit = new OpenAudit(AUDIT, LENA, older);
  const kept = keep(audit, async () => {
    await reading;
    return commit(older, AUDIT, [add('note', 'n1', { observed_at: '2026-11-24T09:41:07.250Z' })]);
  });

  const newer = new NextDatabase(indexedDB);
  const blocked = new Promise<void>((heard) => newer.on('blocked', () => heard()));
  const opening = newer.open();
  await blocked;
  await vi.advanceTimersByTimeAsync(10_000);
  isRead();
  await kept;
  await vi.advanceTimersByTimeAsync(10_000);
  await opening;
  const found = await readEntity(newer, AUDIT, 'note', 'n1');
  newer.close();
  audit.close();
  return found;
}

test('what was entered just before a newer version asks for the storage is kept, however long it takes', async () => {
  expect(await asksWhile((audit, write) => audit.keep(new Saving(), write))).toBeDefined();
});

test('a large file of a camera that was closed at once is kept before the storage is given away', async () => {
  expect(await asksWhile((audit, write) => audit.asked(write))).toBeDefined();
});

test('a signature or the words of a report are kept before the storage is given away', async () => {
  expect(await asksWhile((audit, write) => audit.keepBesideSeal(new Saving(), write))).toBeDefined();
});

test('a sheet that was opened while the last word was being kept holds the storage as well', async () => {
  const given = vi.fn();
  const giving = nothingIsOpen().then(given);
  await vi.advanceTimersByTimeAsync(100);
  const close = raised({} as HTMLDialogElement);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(given).not.toHaveBeenCalled();
  close();
  await vi.advanceTimersByTimeAsync(10_000);
  await giving;
  expect(given).toHaveBeenCalledOnce();
});
