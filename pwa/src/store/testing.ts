/** For tests: databases in memory, two tablets that know each other, faults at the n-th request. */
import Dexie from 'dexie';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, test } from 'vitest';
import { AuditbookDatabase, setUpAccount } from './database';

export const LENA = '0191e6a0-0000-7000-8000-0000000000a1';
export const ARON = '0191e6a0-0000-7000-8000-0000000000a2';
export const AUDIT = '0191e6a0-0000-7000-8000-000000000a0d';
export const WORKSPACE = '0191e6a0-0000-7000-8000-00000000c0de';

/** What takes a seventh of a second or more by itself: in `make test`, and not in `make check`, which is run before each commit. */
export const testLong = import.meta.env['VITE_QUICK'] ? test.skip : test;
export const describeLong = import.meta.env['VITE_QUICK'] ? describe.skip : describe;

let tablets = 0;

/** A tablet with a storage of its own. */
export async function openTablet(
  account: string = LENA,
  indexedDB: IDBFactory = new IDBFactory(),
): Promise<AuditbookDatabase> {
  const db = new AuditbookDatabase(account, { indexedDB, IDBKeyRange });
  await db.open();
  tablets += 1;
  await setUpAccount(db, `0191e6a0-0000-7000-8000-${String(tablets).padStart(12, '0')}`, `marker-${tablets}`);
  return db;
}

/** Another tab of the same tablet. */
export async function openTab(db: AuditbookDatabase): Promise<AuditbookDatabase> {
  const indexedDB = (db as unknown as { _deps: { indexedDB: IDBFactory } })._deps.indexedDB;
  const tab = new AuditbookDatabase(db.account, { indexedDB, IDBKeyRange });
  await tab.open();
  return tab;
}

/** Everything in a database, to compare before and after. */
export async function contentOf(db: Dexie): Promise<Record<string, unknown[]>> {
  const tables = await Promise.all(db.tables.map(async (table) => [table.name, await table.toArray()] as const));
  return Object.fromEntries(tables);
}
