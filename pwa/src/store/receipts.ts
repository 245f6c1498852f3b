/**
 * The server's signature under how far each log goes, and the key that makes it.
 *
 * The key is pinned on first sight. What another key has signed is not kept in the place of what the known one has: the app goes on
 * syncing and says that the server's key changed, until a person says that this was meant. A receipt that does not verify is told
 * and changes nothing else: entries are what counts, and a log without a receipt is a log all the same.
 */
import { receiptStatement, type LogPoint } from '../domain/receipt';
import type { Schemas } from '../domain/vocabulary';
import { decode, encode } from './codec';
import type { AuditbookDatabase, KeptReceipt } from './database';
import { device } from './device';
import { isSignedBy, nameOfKey } from './keys';
import { fromDatabase, type Live } from './live';

const PINNED = 'server_key';
const CHANGED = 'server_key_changed';

/**
 * Every how many entries one more is kept: a restored server gets a long log back in stretches of so many, and up to a page more. The lines
 * of one take no more than a batch (sync/push.ts), since nothing can make them fewer; far fewer than one request may name (`MAX_STRETCH`
 * in schemas/sync.py).
 */
export const RECEIPTS = { every: 2_000 };

/** `unknown`: nobody here can tell, since no key was seen yet or the browser checks no signatures. The server can. */
export type Proof = 'good' | 'unknown' | 'wrong' | 'other_key';

/** Never inside a transaction: a signature has to be awaited. */
export async function checkReceipt(
  db: AuditbookDatabase,
  point: LogPoint,
  receipt: Schemas['Receipt'] | null | undefined,
): Promise<Proof> {
  return checkSigned(db, receipt, (at) => receiptStatement(point, at));
}

/** Whether the pinned key has signed a statement. Never inside a transaction. */
export async function checkSigned(
  db: AuditbookDatabase,
  receipt: Schemas['Receipt'] | null | undefined,
  statementAt: (at: string) => string,
): Promise<Proof> {
  const pinned = (await db.device_state.get(PINNED))?.value as string | undefined;
  if (!receipt || pinned === undefined) return 'unknown';
  if (nameOfKey(pinned) !== receipt.key) return 'other_key';
  if (globalThis.crypto?.subtle === undefined) return 'unknown';
  try {
    return (await isSignedBy(statementAt(receipt.at), receipt.signature, pinned)) ? 'good' : 'wrong';
  } catch {
    return 'wrong';
  }
}

/** Inside the transaction that brought the page; of a push there is nothing to keep but a bad sign. */
export async function noteReceipt(
  db: AuditbookDatabase,
  point: LogPoint,
  receipt: Schemas['Receipt'] | null | undefined,
  proof: Proof,
  isPulled = true,
): Promise<void> {
  if (!receipt) return;
  const { audit, epoch, seq, hash } = point;
  const before = await db.receipts.get(audit);
  if (proof === 'other_key') {
    const known = (await db.device_state.get(CHANGED))?.value as ServerKeyChange | undefined;
    if (known?.key !== receipt.key) {
      await db.device_state.put({
        key: CHANGED,
        value: { key: receipt.key, at: device.now() } satisfies ServerKeyChange,
      });
    }
  } else if (proof === 'wrong') {
    const kept = before ?? { audit, body: encode(null) };
    await db.receipts.put({ ...kept, wrong_at: device.now() });
  } else if (isPulled) {
    const kept: KeptReceipt = { epoch, seq, hash, ...receipt };
    const earlier = before?.earlier === undefined ? [] : decode(before.earlier);
    await db.receipts.put({ audit, body: encode(kept), earlier: encode(withMore(earlier, kept)) });
  }
}

/** Of the same life of the server and before this one; and this one where the last is far back. */
function withMore(earlier: readonly KeptReceipt[], kept: KeptReceipt): KeptReceipt[] {
  const before = earlier.filter((one) => one.epoch === kept.epoch && one.seq < kept.seq);
  return kept.seq - (before.at(-1)?.seq ?? 0) >= RECEIPTS.every ? [...before, kept] : before;
}

/** What the server last signed about an audit's log, as far as this tablet has pulled it; null for nothing yet. */
export async function readReceipt(db: AuditbookDatabase, audit: string): Promise<KeptReceipt | null> {
  const row = await db.receipts.get(audit);
  return row === undefined ? null : decode(row.body);
}

export interface ServerKeyChange {
  /** The name of the new key: SHA-256, hex. */
  readonly key: string;
  readonly at: number;
}

/** The key that the server tells as its own. The first one that this tablet sees is kept. */
export async function noteServerKey(db: AuditbookDatabase, publicKey: string | undefined): Promise<void> {
  if (publicKey === undefined) return;
  await db.transaction('rw', db.device_state, async () => {
    const pinned = (await db.device_state.get(PINNED))?.value as string | undefined;
    if (pinned === undefined) await db.device_state.put({ key: PINNED, value: publicKey });
    else if (pinned === publicKey) await db.device_state.delete(CHANGED);
    else if ((await db.device_state.get(CHANGED)) === undefined) {
      const value: ServerKeyChange = { key: nameOfKey(publicKey), at: device.now() };
      await db.device_state.put({ key: CHANGED, value });
    }
  });
}

/** Somebody says that the change was meant: the key is learnt anew, as on first sight. */
export async function acceptServerKey(db: AuditbookDatabase): Promise<void> {
  await db.transaction('rw', [db.device_state, db.reference], async () => {
    await db.device_state.bulkDelete([PINNED, CHANGED]);
    await db.reference.delete('state');
  });
}

export interface ServerTrust {
  readonly change: ServerKeyChange | null;
  /** Since when a log's signature does not verify, by audit. */
  readonly wrong: ReadonlyMap<string, number>;
}

export async function readServerTrust(db: AuditbookDatabase): Promise<ServerTrust> {
  const change = ((await db.device_state.get(CHANGED))?.value as ServerKeyChange | undefined) ?? null;
  const rows = await db.receipts.filter((row) => row.wrong_at !== undefined).toArray();
  return { change, wrong: new Map(rows.map((row) => [row.audit, row.wrong_at!])) };
}

export function watchServerTrust(db: AuditbookDatabase): Live<ServerTrust> {
  return fromDatabase(() => readServerTrust(db));
}
