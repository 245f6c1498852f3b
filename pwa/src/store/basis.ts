/** What a record rests on: the heads of every chain, where and when it was frozen, and how far the log had been pulled. */
import { BESIDE_THE_CHAIN, type LogView } from '../domain/fold';
import { SCHEMA_VERSION, SERVER_ACCOUNT } from '../domain/operation';
import type { Basis, ChainHead } from '../domain/record';
import { emptyLog } from './commit';
import { installationOf, type AuditbookDatabase } from './database';
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
    return { view, basis: { heads: await readHeads(db, audit), frozen } };
  });
}

/**
 * The last operations of every chain: all that no other one follows on. There are several where a chain forked and the lead
 * auditor let both branches count. What the server says about operations is no part of what is sealed.
 */
async function readHeads(db: AuditbookDatabase, audit: string): Promise<ChainHead[]> {
  const quarantined = await readQuarantine(db, audit);
  const rows = await db.operations.where('[audit+digest]').between([audit, ''], [audit, '\uffff']).toArray();
  const operations = rows.flatMap((row) => {
    const operation = row.lost === 1 ? null : operationOf(row);
    const isBeside = BESIDE_THE_CHAIN.includes(quarantined.get(row.digest)?.code ?? '');
    return operation === null || isBeside || operation.chain.account === SERVER_ACCOUNT ? [] : [operation];
  });
  const followed = new Set(operations.map((operation) => operation.prev));
  return operations.filter((operation) => !followed.has(operation.digest));
}
