/** The chains that this account writes on this tablet: what of them is to be sent, and how far the server has them. */
import Dexie from 'dexie';
import { decode } from './codec';
import type { AuditbookDatabase, ChainRow, OperationRow } from './database';

/** The chains of this audit that this account writes on this tablet. */
export async function ownChains(db: AuditbookDatabase, audit: string): Promise<ChainRow[]> {
  const rows = await db.chains.where('audit').equals(audit).toArray();
  return rows.filter((row) => row.own === 1);
}

/**
 * Operations of a chain that were not sent yet, as many as fit: at least one, however long it is. Under the chain's name stand
 * only rows that this tablet wrote or goes on from (`chain-tips.ts`), so each follows on the one before.
 */
export async function nextBatch(
  db: AuditbookDatabase,
  chain: ChainRow,
  most: { operations: number; bytes: number },
): Promise<OperationRow[]> {
  const rows = await db.operations
    .where('[chain+dseq]')
    .between([chain.chain, chain.pushed + 1], [chain.chain, Dexie.maxKey], true, true)
    .limit(most.operations)
    .toArray();
  const batch: OperationRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += new TextEncoder().encode(decode(row.body)).length;
    if (batch.length > 0 && (bytes > most.bytes || row.dseq !== batch.at(-1)!.dseq! + 1)) break;
    batch.push(row);
  }
  return batch;
}

/** What the server said it has of a chain. It can go back: that is how a restored server asks for what it lacks. */
export async function markPushed(db: AuditbookDatabase, chain: string, pushed: number): Promise<void> {
  await db.chains.update(chain, { pushed });
}

/** After everything was pulled: what was sent and did not come back has to be sent again. Tells whether there is any. */
export async function rewindToWaiting(db: AuditbookDatabase, audit: string): Promise<boolean> {
  return rewind(db, audit, (first) => first - 1);
}

/**
 * Where nothing can be pulled: what was sent last is sent once more, and the server says that it has it, or where to go on. Tells
 * whether there is any.
 */
export async function rewindByOne(db: AuditbookDatabase, audit: string): Promise<boolean> {
  return rewind(db, audit, (_first, pushed) => pushed - 1);
}

/** `back`: up to which number it counts as sent from now on, of a chain whose `first` operation that waits was sent already. */
async function rewind(
  db: AuditbookDatabase,
  audit: string,
  back: (first: number, pushed: number) => number,
): Promise<boolean> {
  return db.transaction('rw', [db.operations, db.chains], async () => {
    let isBehind = false;
    for (const chain of await ownChains(db, audit)) {
      const first = await firstWaiting(db, chain);
      if (first === null || first > chain.pushed) continue;
      isBehind = true;
      await markPushed(db, chain.chain, back(first, chain.pushed));
    }
    return isBehind;
  });
}

async function firstWaiting(db: AuditbookDatabase, chain: ChainRow): Promise<number | null> {
  const row = await db.operations
    .where('[audit+waiting]')
    .between([chain.audit, Dexie.minKey], [chain.audit, Dexie.maxKey])
    .filter((other) => other.chain === chain.chain)
    .first();
  return row?.waiting ?? null;
}
