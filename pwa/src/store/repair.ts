/** The server is not where this tablet thought: everything is pulled and compared anew, and nothing is wiped. */
import Dexie from 'dexie';
import { GENESIS } from '../domain/operation';
import { decode, encode } from './codec';
import { emptyLog } from './commit';
import type { AuditbookDatabase, LogRow } from './database';
import { doubtStored } from './evidence-bytes';
import { rememberLog } from './old-log';
import { ownChains } from './own-chains';

/**
 * The server is not where this tablet thought: restored from a backup, or another one. Everything is pulled again; what comes
 * back is safe again, what does not is sent again. Nothing is wiped.
 */
export async function resetCursor(db: AuditbookDatabase, audit: string): Promise<void> {
  const tables = [db.operations, db.chains, db.logs, db.verdicts, db.receipts, db.old_logs, db.old_lines, db.uploads];
  await db.transaction('rw', tables, async () => {
    await rememberLog(db, audit);
    await doubtStored(db, audit);
    const own = new Set((await ownChains(db, audit)).map((row) => row.chain));
    await db.operations
      .where('[audit+seq]')
      .between([audit, Dexie.minKey], [audit, Dexie.maxKey])
      .modify((row) => {
        delete row.seq;
        if (row.chain !== undefined && own.has(row.chain)) row.waiting = row.dseq!;
      });
    await db.verdicts
      .where('audit')
      .equals(audit)
      .modify((row) => {
        row.body = encode({ ...decode(row.body), seq: null });
      });
    // How far a colleague's chain goes is learnt again from what is pulled.
    await db.chains
      .where('audit')
      .equals(audit)
      .filter((row) => row.own === 0)
      .delete();
    const { partial: _, ...log } = (await db.logs.get(audit)) ?? emptyLog(audit);
    await db.logs.put({ ...log, epoch: null, seq: 0, hash: GENESIS, unsettled: 1 } satisfies LogRow);
  });
}

/**
 * Everything was pulled again from a server that was restored. What somebody else had written and the server has not got again
 * does not count until it is handed back, where the server has signed it, or else until its author's tablet brings it; nor does a
 * verdict that is not in the log any more.
 */
export async function setLostAside(db: AuditbookDatabase, audit: string): Promise<Set<string>> {
  const own = new Set((await ownChains(db, audit)).map((row) => row.chain));
  const touched = new Set<string>();
  await db.operations
    .where('[audit+digest]')
    .between([audit, Dexie.minKey], [audit, Dexie.maxKey])
    // What is still on its way to the server by this tablet is not lost: the server has never had it.
    .filter((row) => row.seq === undefined && row.carried !== 1 && (row.chain === undefined || !own.has(row.chain)))
    .modify((row) => {
      row.lost = 1;
      if (row.ent !== undefined) touched.add(row.ent);
    });
  const forgotten = (await db.verdicts.where('audit').equals(audit).toArray()).filter(
    (row) => decode(row.body).seq === null,
  );
  for (const { digest } of forgotten) {
    const judged = await db.operations.get([audit, digest]);
    if (judged?.ent !== undefined) touched.add(judged.ent);
  }
  await db.verdicts.bulkDelete(forgotten.map(({ digest }) => [audit, digest] as [string, string]));
  return touched;
}
