/**
 * A new version of the app reads what the one before it could not: an entry of a colleague's newer app shows from here on, and what
 * the server had said in words that nobody here understood is heard.
 */
import Dexie from 'dexie';
import { SCHEMA_VERSION } from '../domain/operation';
import { advanceChains, type PulledLine } from './chain-tips';
import { emptyLog } from './commit';
import { chainName, type AuditbookDatabase, type OperationRow } from './database';
import { APP_VERSION } from './device';
import { fromDatabase, type Live } from './live';
import { tablesOfBytes } from './evidence-bytes';
import { hearWords } from './pulled';
import { entryOf, operationOf, readQuarantine, refoldEntities } from './refold';

/** How many entries count on the server that this app cannot read: a newer one wrote them. */
export function watchUnread(db: AuditbookDatabase, audit: string): Live<number> {
  return fromDatabase(() =>
    db.transaction('r', [db.operations, db.verdicts], async () => {
      const [from, to] = [
        [audit, Dexie.minKey],
        [audit, Dexie.maxKey],
      ];
      // What has no entity is not in that index. The two counts are cheap, and the same nearly always.
      const all = await db.operations.where('[audit+digest]').between(from, to).count();
      if (all === (await db.operations.where('[audit+ent]').between(from, to).count())) return 0;
      const quarantined = await readQuarantine(db, audit);
      return db.operations
        .where('[audit+digest]')
        .between(from, to)
        .filter((row) => row.ent === undefined && row.hidden !== 1 && row.lost !== 1 && !quarantined.has(row.digest))
        .count();
    }),
  );
}

const READ_BY = 'read_by';
const THIS_VERSION = `${APP_VERSION} ${SCHEMA_VERSION}`;

/** Once for each version of the app. Broken off, it begins anew at the next start. */
export async function readAgain(db: AuditbookDatabase, version: string = THIS_VERSION): Promise<void> {
  const tables = [
    ...[db.operations, db.entities, db.chains, db.logs, db.verdicts, db.device_state],
    ...tablesOfBytes(db),
  ];
  await db.transaction('rw', tables, async () => {
    if ((await db.device_state.get(READ_BY))?.value === version) return;
    const unread = await db.operations.filter((row) => row.ent === undefined && row.hidden !== 1).toArray();
    for (const audit of new Set(unread.map((row) => row.audit))) {
      await readAgainIn(
        db,
        audit,
        unread.filter((row) => row.audit === audit),
      );
    }
    await db.device_state.put({ key: READ_BY, value: version });
  });
}

async function readAgainIn(db: AuditbookDatabase, audit: string, rows: readonly OperationRow[]): Promise<void> {
  const lines: PulledLine[] = [];
  for (const row of rows) {
    const [entry, operation] = [entryOf(row), operationOf(row)];
    if (entry === null || operation === null) continue;
    const { ent, chain, dseq, prev } = operation;
    await db.operations.put({ ...row, ent, chain: chainName(chain), dseq });
    if (row.lost !== 1) lines.push({ digest: row.digest, entry, prev });
  }
  if (lines.length === 0) return;
  const touched = await hearWords(db, audit, lines);
  await advanceChains(db, audit, lines, new Set(lines.map(({ digest }) => digest)));
  const log = (await db.logs.get(audit)) ?? emptyLog(audit);
  await db.logs.put({ ...log, rev: log.rev + 1 });
  await refoldEntities(db, audit, touched, log.rev + 1);
}
