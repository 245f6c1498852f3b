/**
 * What the server has signed of a log that it may have lost since: kept from the moment the cursor goes back until the server has got
 * it again (sync/hand-back.ts).
 *
 * Only numbers, digests, origins and times stand in here; the texts lie where they always did.
 */
import Dexie from 'dexie';
import type { Origin } from '../domain/vocabulary';
import { decode, encode } from './codec';
import type { AuditbookDatabase, KeptReceipt, OperationRow } from './database';

/** One entry of the old log: digest, origin, milliseconds of receipt. */
export type OldLine = readonly [digest: string, origin: Origin, receivedAt: number];

export interface OldLog {
  readonly audit: string;
  readonly epoch: string;
  readonly receipt: KeptReceipt;
  readonly lines: readonly OldLine[];
}

/** Inside the transaction in which the cursor goes back, before the rows lose their numbers. */
export async function rememberLog(db: AuditbookDatabase, audit: string): Promise<void> {
  const log = await db.logs.get(audit);
  const kept = await db.receipts.get(audit);
  const receipt = kept === undefined ? null : decode(kept.body);
  // Where some entries are only named, what they say cannot be handed back.
  if (log === undefined || receipt === null || log.partial === 1) return;
  if (receipt.epoch !== log.epoch || receipt.seq === 0 || receipt.seq > log.seq) return;
  const rows = await db.operations.where('[audit+seq]').between([audit, 1], [audit, receipt.seq], true, true).toArray();
  const lines = rows
    .toSorted((one, other) => one.seq! - other.seq!)
    .map((row): OldLine => [row.digest, row.origin, row.received_at!]);
  const before = await db.old_logs.get([audit, receipt.epoch]);
  const isLonger = before === undefined || decode(before.body).lines.length < lines.length;
  if (lines.length !== receipt.seq || !isLonger) return;
  await db.old_logs.put({
    audit,
    epoch: receipt.epoch,
    body: encode({ receipt, lines: lines.map((line) => [...line]) }),
  });
}

/** What is to be handed back, the eldest first. What the server has refused in this epoch is not tried again in it. */
export async function readOldLogs(db: AuditbookDatabase, audit: string): Promise<OldLog[]> {
  const rows = await db.old_logs.where('[audit+epoch]').between([audit, Dexie.minKey], [audit, Dexie.maxKey]).toArray();
  const epoch = (await db.logs.get(audit))?.epoch ?? null;
  return rows
    .filter((row) => row.refused === undefined || row.refused.epoch !== epoch)
    .map((row) => ({ audit, epoch: row.epoch, ...decode(row.body) }));
}

/** Why the server did not take them; empty where it has refused nothing. */
export async function readRefusedCodes(db: AuditbookDatabase, audit: string): Promise<string[]> {
  const rows = await db.old_logs.where('[audit+epoch]').between([audit, Dexie.minKey], [audit, Dexie.maxKey]).toArray();
  return [...new Set(rows.flatMap((row) => row.refused?.code ?? []))];
}

/** It is kept all the same: a server that gets its old key back, or another epoch, is asked again. */
export async function noteRefused(db: AuditbookDatabase, { audit, epoch }: OldLog, code: string): Promise<void> {
  const now = (await db.logs.get(audit))?.epoch ?? null;
  await db.old_logs.update([audit, epoch], { refused: { code, epoch: now } });
}

export async function forgetOldLog(db: AuditbookDatabase, { audit, epoch }: OldLog): Promise<void> {
  await db.old_logs.delete([audit, epoch]);
}

/** How many entries the server has in common with the old log: the same ones in the same places. */
export async function countCommon(db: AuditbookDatabase, { audit, lines }: OldLog): Promise<number> {
  const rows = await db.operations.bulkGet(lines.map(([digest]) => [audit, digest] as [string, string]));
  const differs = rows.findIndex((row, index) => {
    const [, origin, receivedAt] = lines[index]!;
    return row?.seq !== index + 1 || row.origin !== origin || row.received_at !== receivedAt;
  });
  return differs < 0 ? lines.length : differs;
}

/**
 * The next entries that the server lacks, from this place on, as many as fit: at least one, and never a tablet's without what the
 * server said right behind it. The first is taken whether the server seems to have it or not.
 */
export async function nextPart(
  db: AuditbookDatabase,
  { audit, lines }: OldLog,
  from: number,
  most: { operations: number; bytes: number },
): Promise<OperationRow[]> {
  const part: OperationRow[] = [];
  let bytes = 0;
  for (let index = from; index < lines.length; index += 1) {
    const [digest, origin] = lines[index]!;
    const row = await db.operations.get([audit, digest]);
    if (row === undefined || row.hidden === 1) break;
    if (row.seq !== undefined && index !== from) continue;
    bytes += decode(row.body).length;
    const isFull = part.length >= most.operations || bytes > most.bytes;
    if (part.length > 0 && isFull) {
      const isCut =
        origin === 'server' && part.at(-1)!.origin === 'device' && part.at(-1)!.digest === lines[index - 1]![0];
      if (!isCut) break;
      // It goes with what was said about it, and both in the next part; alone it takes that along.
      if (part.length > 1) {
        part.pop();
        break;
      }
    }
    part.push(row);
  }
  return part;
}
