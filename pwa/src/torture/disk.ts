/**
 * For tests: the storage of a tablet that fails as real ones do.
 *
 * A power cut takes what was not flushed: every transaction that was not strict since the last strict one, and whatever was under way.
 * And the n-th request to the database throws, once.
 */
import { IDBDatabase, IDBFactory, IDBIndex, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb';
import { AuditbookDatabase } from '../store/database';

type Rows = Map<string, unknown[]>;

interface RawStore {
  records: { values(): Iterable<{ value: unknown }> };
}

interface RawDatabase {
  name: string;
  rawObjectStores: Map<string, RawStore>;
}

const disks = new WeakMap<RawDatabase, Disk>();

/** One tablet's storage. What is in `#flushed` outlives a power cut. */
export class Disk {
  readonly indexedDB = new IDBFactory();
  #flushed: Rows = new Map();

  async open(account: string, options: ConstructorParameters<typeof AuditbookDatabase>[1] = {}) {
    const db = new AuditbookDatabase(account, { indexedDB: this.indexedDB, IDBKeyRange, ...options });
    await db.open();
    disks.set((db.backendDB() as unknown as { _rawDatabase: RawDatabase })._rawDatabase, this);
    return db;
  }

  /** Rows are replaced and never changed, so they need not be copied. */
  flush(raw: RawDatabase): void {
    this.#flushed = new Map([...raw.rawObjectStores].map(([name, store]) => [name, [...iterate(store)]]));
  }

  /** What a person finds who switches the tablet on again. */
  async afterPowerCut(
    account: string,
    options: ConstructorParameters<typeof AuditbookDatabase>[1] = {},
  ): Promise<{ disk: Disk; db: AuditbookDatabase }> {
    const disk = new Disk();
    const db = await disk.open(account, options);
    for (const [name, rows] of this.#flushed) await db.table(name).bulkPut(rows);
    disk.#flushed = new Map(this.#flushed);
    return { disk, db };
  }
}

function* iterate(store: RawStore): Iterable<unknown> {
  for (const { value } of store.records.values()) yield value;
}

const transaction = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...given: Parameters<typeof transaction>) {
  const made = transaction.apply(this, given);
  const raw = (this as unknown as { _rawDatabase: RawDatabase })._rawDatabase;
  if (given[1] === 'readwrite' && (given[2] as IDBTransactionOptions | undefined)?.durability === 'strict') {
    made.addEventListener('complete', () => disks.get(raw)?.flush(raw));
  }
  return made;
} as typeof transaction;

let [seen, failing, howMany] = [0, 0, 0];
let problem: () => Error = () => new DOMException('', 'UnknownError');

const WATCHED = [
  'put',
  'add',
  'delete',
  'clear',
  'get',
  'getKey',
  'getAll',
  'getAllKeys',
  'openCursor',
  'openKeyCursor',
  'count',
] as const;
for (const kind of [IDBObjectStore, IDBIndex] as const) {
  const prototype = kind.prototype as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of WATCHED) {
    const original = prototype[name];
    if (original === undefined) continue;
    prototype[name] = function (this: unknown, ...given: unknown[]) {
      seen += 1;
      if (failing > 0 && seen >= failing && seen < failing + howMany) throw problem();
      return original.apply(this, given);
    };
  }
}

/** From now on count requests, and let the n-th throw; `count` of them in a row. 0 for none. Gives back how many there were before. */
export function failAtRequest(nth: number, name = 'QuotaExceededError', count = 1): number {
  const before = seen;
  [seen, failing, howMany] = [0, nth, count];
  problem = () => new DOMException('as a tablet does', name);
  return before;
}
