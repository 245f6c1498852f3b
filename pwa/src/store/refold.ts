/** Fold some entities of an audit anew from everything the tablet has of them. Always inside the transaction that brought it. */
import {
  erasedBy,
  foldHeads,
  issuedFrom,
  quarantinedAmong,
  readEntry,
  verdictsOf,
  type Entry,
  type Erasure,
  type Issuance,
  type Verdict,
} from '../domain/fold';
import { parseOperation, type Operation } from '../domain/operation';
import { isRefusal } from '../domain/refusal';
import { decode, encode } from './codec';
import { read } from './commit';
import type { AuditbookDatabase, OperationRow } from './database';

export async function refoldEntities(
  db: AuditbookDatabase,
  audit: string,
  refs: ReadonlySet<string>,
  rev: number,
): Promise<void> {
  const keys = [...refs].map((ref) => [audit, ref]);
  const rows = await db.operations.where('[audit+ent]').anyOf(keys).toArray();
  const heads = foldHeads(entriesOf(rows), await readVerdicts(db, audit));
  await db.entities.bulkPut(
    [...refs].map((ref) => ({ audit, ref, rev, body: encode(Object.fromEntries(heads.get(ref) ?? [])) })),
  );
}

/** What the server keeps aside in this audit, by digest. */
export async function readQuarantine(db: AuditbookDatabase, audit: string): Promise<Map<string, Verdict>> {
  return quarantinedAmong(await readVerdicts(db, audit));
}

/** The server's last verdict on each digest in this audit. */
async function readVerdicts(db: AuditbookDatabase, audit: string): Promise<Map<string, Verdict>> {
  const rows = await db.verdicts.where('audit').equals(audit).toArray();
  return verdictsOf(new Map(rows.map((row) => [row.digest, decode(row.body)])));
}

/**
 * What the server has said about this audit's records: which reports it issued, and what it took out of them. Its word stands also
 * where the record is not here any more.
 */
export async function readWordsOnRecords(
  db: AuditbookDatabase,
  audit: string,
): Promise<{ issued: Map<string, Issuance[]>; erased: Map<string, Erasure> }> {
  const words = await db.operations
    .where('[audit+ent]')
    .between([audit, 'operation/'], [audit, 'operation0'])
    .toArray();
  // There may be thousands of verdicts, and this is read with every change: they are not parsed for it.
  const entries = entriesOf(words.filter((row) => !decode(row.body).includes('"kind":"verdict"')));
  return { issued: issuedFrom(entries), erased: erasedBy(entries) };
}

/** What the server has said about these operations when it took their content out of the log, by digest. */
export async function readErasures(
  db: AuditbookDatabase,
  audit: string,
  digests: Iterable<string>,
): Promise<Map<string, Erasure>> {
  const words = [...digests].map((digest) => [audit, `operation/${digest}`]);
  if (words.length === 0) return new Map();
  return erasedBy(entriesOf(await db.operations.where('[audit+ent]').anyOf(words).toArray()));
}

/** The files that were withdrawn from this audit, as far as is known here. */
export async function readWithdrawn(db: AuditbookDatabase, audit: string): Promise<Set<string>> {
  const words = db.operations.where('[audit+ent]').between([audit, 'operation/'], [audit, 'operation/\uffff']);
  const told = (await db.logs.get(audit))?.told_files ?? [];
  return new Set([...filesIn(erasedBy(entriesOf(await words.toArray())).values()), ...told]);
}

/** The files that went with what was erased, by SHA-256. */
export function filesIn(erasures: Iterable<Erasure>): string[] {
  return [...erasures].flatMap(({ evidence }) => (typeof evidence === 'string' ? [evidence] : []));
}

export function entriesOf(rows: readonly OperationRow[]): Entry[] {
  return rows.flatMap((row) => {
    const entry = row.lost === 1 ? null : entryOf(row);
    return entry === null ? [] : [{ ...entry, operation: read(entry.operation) }];
  });
}

/** The operation of a row; null where it cannot be read. */
export function operationOf(row: OperationRow): Operation | null {
  const operation = parseOperation(decode(row.body), row.content_sha256);
  return isRefusal(operation) ? null : operation;
}

/** What a row says; null where it cannot be read. */
export function entryOf(row: OperationRow): Entry | null {
  return readEntry(decode(row.body), row.origin, row.seq ?? null, row.received_at ?? null, row.content_sha256);
}
