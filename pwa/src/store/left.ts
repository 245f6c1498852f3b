/**
 * Audits on this tablet that are not listed for this account (any more), and what goes from them when the server says that it was erased.
 * The server's word about it, with who and why, does not come here: the place says that something was erased, and no more.
 */
import { eraseContent } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { decode, encode } from './codec';
import type { AuditbookDatabase } from './database';
import { dropWithdrawn, tablesOfBytes } from './evidence-bytes';
import { refoldEntities } from './refold';

/** With how far each was pulled: where the cursor has gone back, as far as the server has signed it. */
export async function readLeft(db: AuditbookDatabase, listed: ReadonlySet<string>): Promise<Schemas['LeftAudit'][]> {
  const logs = await db.logs.filter(({ audit }) => !listed.has(audit)).toArray();
  const left: Schemas['LeftAudit'][] = [];
  for (const { audit, epoch, seq, hash, told_erased } of logs) {
    const kept = await db.receipts.get(audit);
    const signed = kept === undefined ? null : decode(kept.body);
    if (epoch === null && signed === null) continue;
    const point = signed !== null && signed.seq > seq ? signed : { seq, hash };
    left.push({ id: audit, seq: point.seq, hash: point.hash, told: told_erased ?? null });
  }
  return left;
}

/** Header, digest and place stay, as where the log itself tells of it. */
export async function dropErased(db: AuditbookDatabase, there: Schemas['ErasedThere']): Promise<void> {
  const { id: audit, erased, told } = there;
  const tables = [db.operations, db.entities, db.logs, db.verdicts, ...tablesOfBytes(db)];
  await db.transaction('rw', tables, async () => {
    const log = await db.logs.get(audit);
    if (log === undefined) return;
    const touched = new Set<string>();
    for (const row of await db.operations.bulkGet(erased.map(({ digest }) => [audit, digest] as [string, string]))) {
      if (row === undefined || row.content_sha256 !== undefined || row.hidden === 1) continue;
      const { header, contentSha256 } = eraseContent(decode(row.body));
      await db.operations.put({ ...row, content_sha256: contentSha256, body: encode(header) });
      if (row.ent !== undefined) touched.add(row.ent);
    }
    const withdrawn = erased.flatMap(({ evidence }) => (evidence === null ? [] : [evidence]));
    await dropWithdrawn(db, audit, withdrawn);
    const rev = touched.size > 0 ? log.rev + 1 : log.rev;
    const told_files = [...new Set([...(log.told_files ?? []), ...withdrawn])];
    await db.logs.put({ ...log, rev, told_files, ...(told === null ? {} : { told_erased: told }) });
    await refoldEntities(db, audit, touched, rev);
  });
}
