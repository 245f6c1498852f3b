/** What a record rests on: the heads of every chain, where and when it was frozen, and how far the log had been pulled. */
import { BESIDE_THE_CHAIN, type LogView } from '../domain/fold';
import { claimedPrev, SCHEMA_VERSION, SERVER_ACCOUNT, type Operation } from '../domain/operation';
import type { Basis } from '../domain/record';
import { decode } from './codec';
import { emptyLog } from './commit';
import { installationOf, type AuditbookDatabase, type OperationRow } from './database';
import { APP_VERSION, device, instant } from './device';
import { base64url } from './keys';
import { readLog } from './queries';
import { operationOf, readQuarantine } from './refold';

/** The folded log and what a record of it rests on, in one read: a record must not name heads that it has not seen. */
export function readLogWithBasis(db: AuditbookDatabase, audit: string): Promise<{ view: LogView; basis: Basis }> {
  const tables = [db.entities, db.verdicts, db.operations, db.logs, db.device_state];
  return db.transaction('r', tables, async () => {
    const view = await readLog(db, audit);
    const { epoch, seq, hash } = (await db.logs.get(audit)) ?? emptyLog(audit);
    const installation = await installationOf(db);
    const frozen = {
      at: instant(),
      installation,
      account: db.account,
      app: APP_VERSION,
      schema: SCHEMA_VERSION,
      salt: base64url(device.random(16)),
      zone: device.zone(),
      log: { epoch, seq, hash },
    };
    return { view, basis: { ...(await readChains(db, audit)), frozen } };
  });
}

/**
 * The last operations of every chain: all that no other one follows on. There are several where a chain forked and the lead
 * auditor let both branches count. The server's own chains are among them: they say which of its words this tablet has heard.
 */
async function readChains(db: AuditbookDatabase, audit: string): Promise<Pick<Basis, 'heads' | 'aside' | 'unread'>> {
  const quarantined = await readQuarantine(db, audit);
  const rows = await db.operations.where('[audit+digest]').between([audit, ''], [audit, '\uffff']).toArray();
  const here = new Map<string, Operation | OperationRow>();
  for (const row of rows) if (row.lost !== 1 && row.hidden !== 1) here.set(row.digest, operationOf(row) ?? row);
  const inChains = [...here.values()].filter(
    (one): one is Operation => 'val' in one && !BESIDE_THE_CHAIN.includes(quarantined.get(one.digest)?.code ?? ''),
  );
  const followed = new Set(inChains.map((operation) => operation.prev));
  const covered = coveredBy(inChains, here);
  const isUnread = (one: Operation | OperationRow): boolean =>
    !('val' in one) && (covered.has(one.digest) || !quarantined.has(one.digest));
  return {
    heads: inChains.filter((operation) => !followed.has(operation.digest)),
    aside: [...covered.values()]
      .filter((one) => 'val' in one && quarantined.has(one.digest))
      .map(({ digest }) => digest),
    // Also what no head covers: the last words of a colleague, or of the server, that only a newer app reads.
    unread: [...here.values()].filter(isUnread).map(({ digest }) => digest),
  };
}

/** Everything that tablets' chains lead back to from these, readable or not. */
function coveredBy(
  operations: readonly Operation[],
  here: ReadonlyMap<string, Operation | OperationRow>,
): Map<string, Operation | OperationRow> {
  const covered = new Map<string, Operation | OperationRow>();
  for (const operation of operations) {
    if (operation.chain.account === SERVER_ACCOUNT) continue;
    let one: Operation | OperationRow | undefined = operation;
    while (one !== undefined && !covered.has(one.digest)) {
      covered.set(one.digest, one);
      one = here.get('val' in one ? one.prev : claimedPrev(decode(one.body)));
    }
  }
  return covered;
}
