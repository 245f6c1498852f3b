/**
 * Before anything else is written, Chromium's storage is made to begin a new log.
 *
 * Chromium keeps IndexedDB in LevelDB, whose log is a file that each write is appended to. A battery that dies in the middle of a write
 * leaves half a record at its end. At the next start that half is passed over, rightly, but the log is gone on with behind it; at the
 * start after that it cannot be read any more, and Chromium throws the whole storage of the app away without a word
 * (google/leveldb#1287, open; seen with Chromium 156, tests/torture/test_kill_browser.py). A log that has grown over 4 MiB is closed
 * and a new one begun, so that much is written here, and taken away again: half a record is then in no log that is ever read.
 *
 * Until that is done, a few tenths of a second after each start, the old log is what counts. See docs/adr/0016-two-dead-batteries.md.
 */
const NAME = 'auditbook-fresh-log';
const STORE = 'filling';
/** Larger values would go into files of their own. */
const PIECE_BYTES = 48 * 1024;
/** What a LevelDB of Chromium holds in memory, and so in one log, is 4 MiB at most. */
const PIECES = 100;
/** A start never waits longer: what is stored can be read all the same. */
const PATIENCE_MS = 5_000;

/** Resolves when it is done, is of no use in this browser, or cannot be done: never rejects. */
export async function beginFreshLog(given: IDBFactory | undefined = globalThis.indexedDB): Promise<void> {
  if (given === undefined || !isChromium()) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
  await Promise.race([fill(given).catch(() => undefined), patience]);
  clearTimeout(timer);
}

function isChromium(): boolean {
  const brands = (navigator as { userAgentData?: { brands?: readonly { brand: string }[] } }).userAgentData?.brands;
  return brands?.some(({ brand }) => brand === 'Chromium') ?? false;
}

async function fill(factory: IDBFactory): Promise<void> {
  const opening = factory.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const db = await answerOf(opening);
  try {
    const filling = db.transaction(STORE, 'readwrite', { durability: 'strict' });
    for (let piece = 0; piece < PIECES; piece += 1) {
      // By chance: what can be pressed together would fill nothing.
      filling.objectStore(STORE).put(crypto.getRandomValues(new Uint8Array(PIECE_BYTES)), piece);
    }
    await endOf(filling);
    await endOf(emptied(db));
  } finally {
    db.close();
  }
}

function emptied(db: IDBDatabase): IDBTransaction {
  const emptying = db.transaction(STORE, 'readwrite');
  emptying.objectStore(STORE).clear();
  return emptying;
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('refused'));
  });
}

function endOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
  });
}
