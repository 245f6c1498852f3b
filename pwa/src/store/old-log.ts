/**
 * What the server has signed of a log that it may have lost since: kept from the moment the cursor goes back until the server has got
 * it again (sync/hand-back.ts).
 *
 * A long log is kept in stretches, each from one receipt to the next: so neither side ever holds the whole of it in memory. Only numbers,
 * digests, origins and times stand in here; the texts lie where they always did.
 */
import Dexie from 'dexie';
import { decode, encode } from './codec';
import type { AuditbookDatabase, KeptReceipt, OldLine, OldLogRow, OperationRow } from './database';
import { device } from './device';
import { ownChains } from './own-chains';

/** The old log behind its first `after` entries, up to a receipt. `begin` is the one under which it begins; null at the very start. */
export interface OldStretch {
  readonly audit: string;
  readonly epoch: string;
  readonly after: number;
  readonly begin: KeptReceipt | null;
  readonly receipt: KeptReceipt;
}

export interface OldLog extends OldStretch {
  readonly lines: readonly OldLine[];
}

const NOT_FOUND = 'request.not_found';
const FIRST_WAIT_MS = 5 * 60_000;
const LONGEST_WAIT_MS = 24 * 60 * 60_000;

/** Inside the transaction in which the cursor goes back, before the rows lose their numbers. */
export async function rememberLog(db: AuditbookDatabase, audit: string): Promise<void> {
  // The server may not be where it was: what it has taken in this epoch it may have lost in it.
  await stretchesOf(db, audit).modify((row) => {
    delete row.taken;
  });
  const log = await db.logs.get(audit);
  const kept = await db.receipts.get(audit);
  const receipt = kept === undefined ? null : decode(kept.body);
  // Where some entries are only named, what they say cannot be handed back.
  if (log === undefined || receipt === null || log.partial === 1) return;
  const { epoch } = receipt;
  if (epoch !== log.epoch || receipt.seq === 0 || receipt.seq > log.seq) return;
  const count = await db.operations.where('[audit+seq]').between([audit, 1], [audit, receipt.seq], true, true).count();
  const before = await stretchesOf(db, audit, epoch).last();
  if (count !== receipt.seq || (before !== undefined && decode(before.body).receipt.seq >= receipt.seq)) return;
  await forgetOldLog(db, { audit, epoch });
  const earlier = kept?.earlier === undefined ? [] : decode(kept.earlier);
  const ends = [
    ...earlier.filter((one) => one.epoch === epoch && one.key === receipt.key && one.seq < receipt.seq),
    receipt,
  ];
  let begin: KeptReceipt | null = null;
  for (const end of ends) {
    const after: number = begin?.seq ?? 0;
    const rows = await db.operations
      .where('[audit+seq]')
      .between([audit, after], [audit, end.seq], false, true)
      .toArray();
    const lines = rows
      .toSorted((one, other) => one.seq! - other.seq!)
      .map((row): OldLine => [row.digest, row.origin, row.received_at!]);
    await db.old_logs.put({ audit, epoch, after, body: encode({ begin, receipt: end }) });
    await db.old_lines.put({ audit, epoch, after, body: encode(lines) });
    begin = end;
  }
}

function stretchesOf(db: AuditbookDatabase, audit: string, epoch?: string) {
  return db.old_logs.where('[audit+epoch+after]').between(...rangeOf(audit, epoch));
}

function rangeOf(audit: string, epoch?: string): [unknown[], unknown[]] {
  const start = epoch === undefined ? [audit] : [audit, epoch];
  return [
    [...start, Dexie.minKey],
    [...start, Dexie.maxKey],
  ];
}

/** In which epoch the server is, as far as this log says. */
async function epochOf(db: AuditbookDatabase, audit: string): Promise<string | null> {
  return (await db.logs.get(audit))?.epoch ?? null;
}

/**
 * What is to be handed back, the eldest first. What the server has taken or refused in this epoch is not tried again in it. `now`: the
 * server's epoch, where somebody knows it better than the log, which says nothing while the cursor is at the start.
 */
export async function readOldLogs(db: AuditbookDatabase, audit: string, now?: string): Promise<OldStretch[]> {
  const epoch = now ?? (await epochOf(db, audit));
  return (await stretchesOf(db, audit).toArray())
    .filter((row) => isToBeAsked(row, epoch))
    .map((row) => ({ audit, epoch: row.epoch, after: row.after, ...decode(row.body) }));
}

/** Whether anything of it lies here, also what the server has refused. */
export async function isOldLogKept(
  db: AuditbookDatabase,
  { audit, epoch }: { readonly audit: string; readonly epoch: string },
): Promise<boolean> {
  return (await stretchesOf(db, audit).toArray()).some((row) => row.epoch === epoch);
}

/**
 * That the server knows nothing of the audit may be over soon: whoever was in no workspace is let in again. So it is asked again after
 * five minutes, and ever more rarely, up to once a day.
 */
function isToBeAsked({ refused, taken }: OldLogRow, epoch: string | null): boolean {
  if (taken !== undefined && taken === epoch) return false;
  if (refused === undefined || refused.epoch !== epoch) return true;
  if (refused.code !== NOT_FOUND) return false;
  const waited = device.now() - refused.at;
  return waited < 0 || waited >= Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (refused.times - 1));
}

/** The lines of one of them. */
export async function readLines(db: AuditbookDatabase, { audit, epoch, after, ...more }: OldStretch): Promise<OldLog> {
  const row = await db.old_lines.get([audit, epoch, after]);
  return { audit, epoch, after, ...more, lines: row === undefined ? [] : decode(row.body) };
}

/** Why the server did not take them; empty where it has refused nothing. */
export async function readRefusedCodes(db: AuditbookDatabase, audit: string): Promise<string[]> {
  const rows = await stretchesOf(db, audit).toArray();
  return [...new Set(rows.flatMap((row) => row.refused?.code ?? []))];
}

/** It is kept all the same: a server that gets its old key back, or another epoch, is asked again. */
export async function noteRefused(
  db: AuditbookDatabase,
  { audit, epoch }: Pick<OldStretch, 'audit' | 'epoch'>,
  code: string,
  now?: string,
): Promise<void> {
  const asked = now ?? (await epochOf(db, audit));
  await stretchesOf(db, audit, epoch).modify((row) => {
    row.refused = { code, epoch: asked, times: (row.refused?.times ?? 0) + 1, at: device.now() };
  });
}

/** The server has all of it, in this epoch. It is kept all the same, until `forgetCovered`. */
export async function noteTaken(
  db: AuditbookDatabase,
  { audit, epoch }: Pick<OldStretch, 'audit' | 'epoch'>,
  taken: string,
): Promise<void> {
  await stretchesOf(db, audit, epoch).modify((row) => {
    delete row.refused;
    row.taken = taken;
  });
}

/**
 * What the server has taken back can be proved a second time only by a receipt of its new epoch: until one covers it, the old one stays.
 * Whoever is out of the team gets none, and hands it back once in each epoch.
 */
export async function forgetCovered(db: AuditbookDatabase, audit: string): Promise<void> {
  const log = await db.logs.get(audit);
  const kept = await db.receipts.get(audit);
  const signed = kept === undefined ? null : decode(kept.body);
  if (log === undefined || signed === null || signed.epoch !== log.epoch || log.partial === 1) return;
  for (const { epoch, after } of await stretchesOf(db, audit)
    .filter((row) => row.taken === log.epoch)
    .toArray()) {
    const lines = decode((await db.old_lines.get([audit, epoch, after]))!.body);
    const rows = await db.operations.bulkGet(lines.map(([digest]) => [audit, digest] as [string, string]));
    if (!rows.every((row) => row?.seq !== undefined && row.seq <= signed.seq)) continue;
    await db.old_logs.delete([audit, epoch, after]);
    await db.old_lines.delete([audit, epoch, after]);
  }
}

/** Let in again: what was not found may be found now, so it is asked for at once. */
export async function askAgain(db: AuditbookDatabase, audit: string): Promise<void> {
  await stretchesOf(db, audit).modify((row) => {
    if (row.refused?.code === NOT_FOUND) delete row.refused;
  });
}

export async function forgetOldLog(
  db: AuditbookDatabase,
  { audit, epoch }: Pick<OldStretch, 'audit' | 'epoch'>,
): Promise<void> {
  const range = rangeOf(audit, epoch);
  await db.old_logs
    .where('[audit+epoch+after]')
    .between(...range)
    .delete();
  await db.old_lines
    .where('[audit+epoch+after]')
    .between(...range)
    .delete();
}

/** How many entries of the stretch the server has in the same places, from its beginning on. */
export async function countCommon(db: AuditbookDatabase, { audit, after, lines }: OldLog): Promise<number> {
  const rows = await db.operations.bulkGet(lines.map(([digest]) => [audit, digest] as [string, string]));
  const differs = rows.findIndex((row, index) => {
    const [, origin, receivedAt] = lines[index]!;
    return row?.seq !== after + index + 1 || row.origin !== origin || row.received_at !== receivedAt;
  });
  return differs < 0 ? lines.length : differs;
}

export interface PartSize {
  readonly operations: number;
  readonly bytes: number;
}

/**
 * The next entries that the server lacks, from this place in the stretch on, as many as fit: at least one, and never a tablet's without
 * what the server said right behind it. The first is taken whether the server seems to have it or not.
 */
export async function nextPart(
  db: AuditbookDatabase,
  { audit, lines }: OldLog,
  from: number,
  most: PartSize,
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

/** Of these entries the server has the header alone, and here is the text: its backup is older than what it got since. */
export async function digestsOfHollow(db: AuditbookDatabase, audit: string): Promise<string[]> {
  const told = await db.operations.where('[audit+hollow]').equals([audit, 1]).toArray();
  const own = new Set((await ownChains(db, audit)).map((row) => row.chain));
  // Of our own it is said by a verdict (content-back.ts), since they come back as digests.
  const waiting = await db.operations
    .where('[audit+waiting]')
    .between([audit, Dexie.minKey], [audit, Dexie.maxKey])
    .filter((row) => row.seq !== undefined && own.has(row.chain ?? ''))
    .toArray();
  return [...told, ...waiting].filter((row) => row.content_sha256 === undefined).map((row) => row.digest);
}

/** The server has them now. */
export async function noteWhole(db: AuditbookDatabase, audit: string, digests: readonly string[]): Promise<void> {
  await db.operations
    .where('[audit+digest]')
    .anyOf(digests.map((digest) => [audit, digest]))
    .modify((row) => {
      delete row.hollow;
    });
}

/** The texts of the first of these, as many as fit; at least one. */
export async function partOfHollow(
  db: AuditbookDatabase,
  audit: string,
  digests: readonly string[],
  most: PartSize,
): Promise<OperationRow[]> {
  const part: OperationRow[] = [];
  let bytes = 0;
  for (const digest of digests) {
    const row = await db.operations.get([audit, digest]);
    if (row === undefined) continue;
    bytes += decode(row.body).length;
    if (part.length > 0 && (part.length >= most.operations || bytes > most.bytes)) break;
    part.push(row);
  }
  return part;
}
