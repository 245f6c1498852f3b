/** Fold some entities of an audit anew from everything the tablet has of them. Always inside the transaction that brought it. */
import { foldHeads, quarantinedOf, readEntry, type Entry, type Verdict } from '../domain/fold';
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
  const heads = foldHeads(entriesOf(rows), await readQuarantine(db, audit));
  await db.entities.bulkPut(
    [...refs].map((ref) => ({ audit, ref, rev, body: encode(Object.fromEntries(heads.get(ref) ?? [])) })),
  );
}

/** What the server keeps aside in this audit, by digest. */
export async function readQuarantine(db: AuditbookDatabase, audit: string): Promise<Map<string, Verdict>> {
  const rows = await db.verdicts.where('audit').equals(audit).toArray();
  return quarantinedOf(new Map(rows.map((row) => [row.digest, decode(row.body)])));
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
