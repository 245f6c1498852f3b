/**
 * What comes back from the server: pages of the log, and what follows from them for the outbox.
 *
 * A page and its cursor are one transaction. An operation of our own is safe once it has come back with an equal digest.
 */
import { erasedBy, isOnOperation, isToldToGo, lastVerdicts, type Entry } from '../domain/fold';
import {
  advanceRunningHash,
  digestOf,
  digestOfErased,
  entityIdOf,
  eraseContent,
  parseOperation,
} from '../domain/operation';
import { isRefusal } from '../domain/refusal';
import type { Schemas } from '../domain/vocabulary';
import { advanceChains, type PulledLine } from './chain-tips';
import { decode, encode } from './codec';
import { emptyLog, read } from './commit';
import { noteMissing } from './content-back';
import { dropWithdrawn, tablesOfBytes } from './evidence-bytes';
import { chainName, type AuditbookDatabase, type LogRow, type OperationRow } from './database';
import { entryOf, filesIn, refoldEntities } from './refold';
import { checkReceipt, noteReceipt } from './receipts';
import { setLostAside } from './repair';

export interface Cursor {
  readonly epoch: string | null;
  readonly seq: number;
  readonly hash: string;
}

/** A page whose texts are as they were made (sync/short-lists.ts). */
export type WholePage = Omit<Schemas['PullPage'], 'form'>;

export type PageResult =
  | { readonly kind: 'applied'; readonly count: number; readonly isForked: boolean }
  /** The page names operations that are not here: it has to be asked for whole. */
  | { readonly kind: 'incomplete' }
  /** Another tab was faster; look at the cursor again. */
  | { readonly kind: 'stale' }
  /** Numbers, epoch or running hash do not fit what is here: the cursor has to go back. */
  | { readonly kind: 'mismatch'; readonly what: 'epoch' | 'sequence' | 'hash' };

export async function readCursor(db: AuditbookDatabase, audit: string): Promise<Cursor> {
  return (await db.logs.get(audit)) ?? emptyLog(audit);
}

/** Whether some of what others wrote is not for this account to see, as it was pulled. */
export async function isPartial(db: AuditbookDatabase, audit: string): Promise<boolean> {
  return (await db.logs.get(audit))?.partial === 1;
}

/**
 * Verify a page against the cursor that it was asked with and apply it. Of a page that was asked for `whole`, what is only named
 * is not for this account to see: whoever left the team learns that the own work arrived, and nothing of the others'.
 */
export async function applyPage(
  db: AuditbookDatabase,
  audit: string,
  asked: Cursor,
  page: WholePage,
  isAskedWhole = false,
): Promise<PageResult> {
  if (asked.epoch !== null && page.epoch !== asked.epoch) return { kind: 'mismatch', what: 'epoch' };
  let hash = asked.hash;
  const arrived: Arrived[] = [];
  const named = await readNamed(db, audit, page);
  for (const [index, pulled] of page.operations.entries()) {
    if (pulled.seq !== asked.seq + index + 1) return { kind: 'mismatch', what: 'sequence' };
    const arrival = readArrival(pulled, named) ?? (isAskedWhole ? hiddenArrival(pulled) : null);
    if (arrival === null) return { kind: 'incomplete' };
    hash = advanceRunningHash(hash, arrival.digest, arrival.origin, arrival.receivedAt);
    arrived.push(arrival);
  }
  if (page.next !== asked.seq + page.operations.length) return { kind: 'mismatch', what: 'sequence' };
  if (page.hash !== hash) return { kind: 'mismatch', what: 'hash' };

  const point = { audit, epoch: page.epoch, seq: page.next, hash };
  const proof = await checkReceipt(db, point, page.receipt);
  const tables = [
    ...[db.operations, db.entities, db.chains, db.logs, db.verdicts, db.device_state, db.receipts],
    ...tablesOfBytes(db),
  ];
  return db.transaction('rw', tables, async () => {
    const log = (await db.logs.get(audit)) ?? emptyLog(audit);
    if (log.seq !== asked.seq || log.epoch !== asked.epoch || log.hash !== asked.hash) return { kind: 'stale' };
    await noteReceipt(db, point, page.receipt, proof);
    const isWhole = page.next >= page.head.seq;
    const isNewer = arrived.length > 0 || (isWhole && log.unsettled === 1);
    const rev = isNewer ? log.rev + 1 : log.rev;
    const { unsettled: _, ...settled } = log;
    const shown: Pick<LogRow, 'partial'> = arrived.some(({ isHidden }) => isHidden) ? { partial: 1 } : {};
    await db.logs.put({ ...(isWhole ? settled : log), ...shown, rev, epoch: page.epoch, seq: page.next, hash });
    if (!isNewer) return { kind: 'applied', count: 0, isForked: false };
    const strange = await storeArrived(db, audit, arrived);
    const touched = await hearWords(db, audit, arrived);
    if (isWhole && log.unsettled === 1) for (const ref of await setLostAside(db, audit)) touched.add(ref);
    const isForked = await advanceChains(db, audit, arrived, strange);
    await refoldEntities(db, audit, touched, rev);
    return { kind: 'applied', count: arrived.length, isForked };
  });
}

interface Arrived {
  /** Null where it is here already. */
  readonly data: string | null;
  readonly contentSha256: string | undefined;
  readonly digest: string;
  readonly entry: Entry | null;
  readonly prev: string | null;
  readonly origin: OperationRow['origin'];
  readonly seq: number;
  readonly receivedAt: number;
  readonly isHidden: boolean;
}

function hiddenArrival({ digest, origin, seq, received_at }: Schemas['PulledEntry']): Arrived | null {
  const unread = { data: null, contentSha256: undefined, entry: null, prev: null, isHidden: true };
  return digest === undefined ? null : { ...unread, digest, origin, seq, receivedAt: Date.parse(received_at) };
}

/** What a page only names, as it lies here: by its digest, in one request and not in hundreds. */
async function readNamed(
  db: AuditbookDatabase,
  audit: string,
  page: WholePage,
): Promise<ReadonlyMap<string, OperationRow>> {
  const digests = page.operations.flatMap(({ data, digest }) => (data === undefined ? [digest ?? ''] : []));
  const rows = await db.operations.bulkGet(digests.map((digest) => [audit, digest] as [string, string]));
  return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.digest, row] as const])));
}

/** One line of a page; null where it only names what this tablet should have made itself, and has not. */
function readArrival(pulled: Schemas['PulledEntry'], named: ReadonlyMap<string, OperationRow>): Arrived | null {
  const { seq, origin } = pulled;
  const receivedAt = Date.parse(pulled.received_at);
  const own = pulled.data === undefined ? named.get(pulled.digest ?? '') : undefined;
  const text = pulled.data ?? (own === undefined || own.hidden === 1 ? undefined : decode(own.body));
  if (text === undefined) return null;
  const contentSha256 = own === undefined ? pulled.content_sha256 : own.content_sha256;
  const operation = parseOperation(text, contentSha256);
  const isReadable = !isRefusal(operation);
  return {
    data: pulled.data ?? null,
    contentSha256,
    digest: isReadable ? operation.digest : digestOfText(text, contentSha256),
    entry: isReadable ? { operation, origin, seq, receivedAt } : null,
    prev: isReadable ? operation.prev : null,
    origin,
    seq,
    receivedAt,
    isHidden: false,
  };
}

function digestOfText(text: string, contentSha256: string | undefined): string {
  return contentSha256 === undefined ? digestOf(text) : digestOfErased(text, contentSha256);
}

/** Keeps what came; gives back the digests of what this tablet did not have. */
async function storeArrived(db: AuditbookDatabase, audit: string, arrived: readonly Arrived[]): Promise<Set<string>> {
  const known = await db.operations.bulkGet(arrived.map(({ digest }) => [audit, digest] as [string, string]));
  const rows: OperationRow[] = [];
  const strange = new Set<string>();
  for (const [index, arrival] of arrived.entries()) {
    const { digest, data, contentSha256, entry, origin, seq, receivedAt } = arrival;
    const before = known[index];
    // What was hidden and is given now is new.
    if (before !== undefined && (before.hidden !== 1 || data === null)) {
      const { waiting: _, lost: __, carried: ___, hollow: ____, ...rest } = before;
      const isHollow = data !== null && contentSha256 !== undefined && before.content_sha256 === undefined;
      rows.push({ ...rest, origin, seq, received_at: receivedAt, ...(isHollow && { hollow: 1 }) });
      continue;
    }
    const row: OperationRow = { audit, digest, origin, seq, received_at: receivedAt, body: encode(data ?? '') };
    if (arrival.isHidden) row.hidden = 1;
    if (contentSha256 !== undefined) row.content_sha256 = contentSha256;
    if (entry !== null) {
      const { ent, chain, dseq } = entry.operation;
      Object.assign(row, { ent, chain: chainName(chain), dseq });
      strange.add(digest);
    }
    rows.push(row);
  }
  await db.operations.bulkPut(rows);
  return strange;
}

/** What the server says among these lines happens here too; the entities that look different after that, and after the lines themselves. */
export async function hearWords(
  db: AuditbookDatabase,
  audit: string,
  lines: readonly PulledLine[],
): Promise<Set<string>> {
  await eraseTold(db, audit, lines);
  const touched = await touchedBy(db, audit, lines);
  await storeVerdicts(db, audit, lines);
  return touched;
}

/** What the server has taken out of the log goes from this tablet too, with the file of evidence. Header, digest and place stay. */
async function eraseTold(db: AuditbookDatabase, audit: string, arrived: readonly PulledLine[]): Promise<void> {
  const told = erasedBy(arrived.flatMap(({ entry }) => (entry === null ? [] : [entry])));
  const rows = await db.operations.bulkGet([...told.keys()].map((digest) => [audit, digest] as [string, string]));
  for (const row of rows) {
    if (row === undefined || row.content_sha256 !== undefined) continue;
    const entry = entryOf(row);
    if (entry !== null && !isToldToGo(entry, told)) continue;
    const { header, contentSha256 } = eraseContent(decode(row.body));
    await db.operations.put({ ...row, content_sha256: contentSha256, body: encode(header) });
  }
  await dropWithdrawn(db, audit, filesIn(told.values()));
}

async function touchedBy(db: AuditbookDatabase, audit: string, arrived: readonly PulledLine[]): Promise<Set<string>> {
  const touched = new Set<string>();
  const judged: [string, string][] = [];
  for (const { entry } of arrived) {
    if (entry === null) continue;
    if (!isOnOperation(entry.operation)) touched.add(entry.operation.ent);
    else if (entry.origin === 'server') judged.push([audit, entityIdOf(entry.operation.ent)]);
  }
  for (const row of await db.operations.bulkGet(judged)) if (row?.ent !== undefined) touched.add(row.ent);
  return touched;
}

async function storeVerdicts(db: AuditbookDatabase, audit: string, arrived: readonly PulledLine[]): Promise<void> {
  const entries = arrived.flatMap(({ entry }) => (entry === null ? [] : [entry]));
  const latest = lastVerdicts(entries);
  const before = await db.verdicts.bulkGet([...latest.keys()].map((digest) => [audit, digest] as [string, string]));
  const all = lastVerdicts([
    ...before.flatMap((row) => (row === undefined ? [] : decode(row.body))),
    ...latest.values(),
  ]);
  await db.verdicts.bulkPut(
    [...all].map(([digest, entry]) => ({
      audit,
      digest,
      body: encode({ ...entry, operation: read(entry.operation) }),
    })),
  );
  await noteMissing(db, audit, latest.values());
}
