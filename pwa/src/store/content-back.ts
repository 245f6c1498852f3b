/**
 * Content that is missing in the log. The author's tablet that still has it sends it once more; the verdict that then follows tells
 * the tablets that pulled the entry without its content to ask for that one entry.
 */
import type { Entry, Verdict } from '../domain/fold';
import { digestOf, entityIdOf } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { encode } from './codec';
import { emptyLog } from './commit';
import type { AuditbookDatabase, OperationRow } from './database';
import { ownChains } from './own-chains';
import { refoldEntities } from './refold';

const MISSING = 'operation.content_missing';

/** Inside the transaction that brought the verdicts: whose content the server lacks, and which entries they give it back. */
export async function noteMissing(db: AuditbookDatabase, audit: string, verdicts: Iterable<Entry>): Promise<void> {
  const own = new Set((await ownChains(db, audit)).map((row) => row.chain));
  for (const { operation } of verdicts) {
    const row = await db.operations.get([audit, entityIdOf(operation.ent)]);
    if (row === undefined) continue;
    const isMissing = (operation.val as unknown as Verdict | null)?.code === MISSING;
    const isHere = row.content_sha256 === undefined;
    const { waiting, ...rest } = row;
    if (isMissing && isHere && own.has(row.chain ?? '')) await db.operations.put({ ...rest, waiting: row.dseq! });
    else if (!isMissing && !isHere) await db.operations.put({ ...row, wanted: 1 });
    else if (!isMissing && waiting !== undefined && row.seq !== undefined) await db.operations.put(rest);
  }
}

/** The entries whose content is to be asked for. */
export async function readWanted(db: AuditbookDatabase, audit: string): Promise<OperationRow[]> {
  const rows = await db.operations.where('[audit+wanted]').equals([audit, 1]).toArray();
  return rows.filter((row) => row.seq !== undefined);
}

/** What the server gave for one of them. Where the digest is another's nothing is taken; where the content is gone, it is not wanted. */
export async function takeContent(
  db: AuditbookDatabase,
  audit: string,
  digest: string,
  pulled: Schemas['PulledEntry'] | undefined,
): Promise<void> {
  const text = pulled?.content_sha256 === undefined ? pulled?.data : undefined;
  await db.transaction('rw', [db.operations, db.entities, db.logs, db.verdicts], async () => {
    const row = await db.operations.get([audit, digest]);
    if (row?.content_sha256 === undefined) return;
    const { wanted: _, content_sha256: contentSha256, ...rest } = row;
    if (text === undefined || digestOf(text) !== digest) {
      await db.operations.put({ ...rest, content_sha256: contentSha256 });
      return;
    }
    await db.operations.put({ ...rest, body: encode(text) });
    const log = (await db.logs.get(audit)) ?? emptyLog(audit);
    await db.logs.put({ ...log, rev: log.rev + 1 });
    await refoldEntities(db, audit, new Set(row.ent === undefined ? [] : [row.ent]), log.rev + 1);
  });
}
