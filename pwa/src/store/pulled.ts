/**
 * What comes back from the server: pages of the log, and what follows from them for the outbox.
 *
 * A page and its cursor are one transaction. An operation of our own is safe once it has come back with an equal digest.
 */
import Dexie from 'dexie';
import { lastVerdicts, readEntry, type Entry } from '../domain/fold';
import { advanceRunningHash, digestOf, entityIdOf, GENESIS } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { decode, encode } from './codec';
import { emptyLog, read } from './commit';
import {
  chainName,
  installationOf,
  type AuditbookDatabase,
  type ChainRow,
  type LogRow,
  type OperationRow,
} from './database';
import { newId } from './device';
import { readQuarantine, refoldEntities } from './refold';

export interface Cursor {
  readonly epoch: string | null;
  readonly seq: number;
  readonly hash: string;
}

export type PageResult =
  | { readonly kind: 'applied'; readonly count: number; readonly isForked: boolean }
  /** Another tab was faster; look at the cursor again. */
  | { readonly kind: 'stale' }
  /** Numbers, epoch or running hash do not fit what is here: the cursor has to go back. */
  | { readonly kind: 'mismatch'; readonly what: 'epoch' | 'sequence' | 'hash' };

export async function readCursor(db: AuditbookDatabase, audit: string): Promise<Cursor> {
  return (await db.logs.get(audit)) ?? emptyLog(audit);
}

/** Verify a page against the cursor that it was asked with and apply it. */
export async function applyPage(
  db: AuditbookDatabase,
  audit: string,
  asked: Cursor,
  page: Schemas['PullPage'],
): Promise<PageResult> {
  if (asked.epoch !== null && page.epoch !== asked.epoch) return { kind: 'mismatch', what: 'epoch' };
  let hash = asked.hash;
  const arrived: Arrived[] = [];
  for (const [index, { seq, data, origin, received_at }] of page.operations.entries()) {
    if (seq !== asked.seq + index + 1) return { kind: 'mismatch', what: 'sequence' };
    const digest = digestOf(data);
    hash = advanceRunningHash(hash, digest);
    const receivedAt = Date.parse(received_at);
    arrived.push({ data, digest, entry: readEntry(data, origin, seq, receivedAt), origin, seq, receivedAt });
  }
  if (page.next !== asked.seq + page.operations.length) return { kind: 'mismatch', what: 'sequence' };
  if (page.hash !== hash) return { kind: 'mismatch', what: 'hash' };

  const tables = [db.operations, db.entities, db.chains, db.logs, db.verdicts, db.device_state];
  return db.transaction('rw', tables, async () => {
    const log = (await db.logs.get(audit)) ?? emptyLog(audit);
    if (log.seq !== asked.seq || log.epoch !== asked.epoch || log.hash !== asked.hash) return { kind: 'stale' };
    const rev = log.rev + 1;
    const isNewer = arrived.length > 0;
    await db.logs.put({ audit, rev: isNewer ? rev : log.rev, epoch: page.epoch, seq: page.next, hash });
    if (!isNewer) return { kind: 'applied', count: 0, isForked: false };
    const strange = await storeArrived(db, audit, arrived);
    const touched = await touchedBy(db, audit, arrived);
    await storeVerdicts(db, audit, arrived);
    const isForked = await advanceChains(db, audit, strange);
    await refoldEntities(db, audit, touched, rev);
    return { kind: 'applied', count: arrived.length, isForked };
  });
}

interface Arrived {
  readonly data: string;
  readonly digest: string;
  readonly entry: Entry | null;
  readonly origin: OperationRow['origin'];
  readonly seq: number;
  readonly receivedAt: number;
}

/** Keeps what came; gives back what this tablet did not have. */
async function storeArrived(db: AuditbookDatabase, audit: string, arrived: readonly Arrived[]): Promise<Arrived[]> {
  const known = await db.operations.bulkGet(arrived.map(({ digest }) => [audit, digest] as [string, string]));
  const rows: OperationRow[] = [];
  const strange: Arrived[] = [];
  for (const [index, arrival] of arrived.entries()) {
    const { digest, data, entry, origin, seq, receivedAt } = arrival;
    const before = known[index];
    if (before !== undefined) {
      const { waiting: _, ...rest } = before;
      rows.push({ ...rest, origin, seq, received_at: receivedAt });
      continue;
    }
    const row: OperationRow = { audit, digest, origin, seq, received_at: receivedAt, body: encode(data) };
    if (entry !== null) {
      const { id, ent, chain, dseq } = entry.operation;
      Object.assign(row, { id, ent, chain: chainName(chain), dseq });
      strange.push(arrival);
    }
    rows.push(row);
  }
  await markTwins(db, audit, rows, new Set(strange.map(({ digest }) => digest)));
  await db.operations.bulkPut(rows);
  return strange;
}

async function markTwins(
  db: AuditbookDatabase,
  audit: string,
  rows: readonly OperationRow[],
  isNew: ReadonlySet<string>,
): Promise<void> {
  const ids = rows.filter((row) => row.id !== undefined && isNew.has(row.digest)).map((row) => [audit, row.id!]);
  const here = await db.operations.where('[audit+id]').anyOf(ids).toArray();
  const byId = new Map<string, OperationRow[]>();
  for (const row of [...here.filter((row) => !rows.some(({ digest }) => digest === row.digest)), ...rows]) {
    if (row.id !== undefined) byId.set(row.id, [...(byId.get(row.id) ?? []), row]);
  }
  for (const same of byId.values()) {
    if (same.length < 2) continue;
    for (const row of same) row.twin = 1;
    await db.operations.bulkPut(same.filter((row) => here.includes(row)));
  }
}

/**
 * Tips of the chains that came along. True when one of our own holds what this tablet never wrote: it has a double.
 *
 * What is in quarantine moves no tip: anybody could have written our name into it.
 */
async function advanceChains(db: AuditbookDatabase, audit: string, strange: readonly Arrived[]): Promise<boolean> {
  const quarantined = await readQuarantine(db, audit);
  const operations = strange.filter(({ digest }) => !quarantined.has(digest)).map(({ entry }) => entry!.operation);
  const names = [...new Set(operations.map(({ chain }) => chainName(chain)))];
  const rows = await db.chains.bulkGet(names);
  const tips = new Map<string, ChainRow>();
  for (const row of rows) if (row !== undefined) tips.set(row.chain, row);
  let isForked = false;
  for (const { chain, dseq, digest, hlc } of operations) {
    const name = chainName(chain);
    const tip = tips.get(name);
    if (tip !== undefined && dseq <= tip.dseq) {
      isForked ||= tip.own === 1;
      continue;
    }
    // An own chain that goes on beyond what is here: this tablet was restored from an older copy. It continues from there.
    const pushed = tip?.own === 1 ? dseq : 0;
    tips.set(name, { ...chain, chain: name, dseq, digest, hlc, own: tip?.own ?? 0, pushed });
  }
  await db.chains.bulkPut([...tips.values()]);
  if (isForked) await startNewInstallation(db);
  return isForked;
}

/** From now on this tablet writes chains of its own again; what both wrote stays in the log. */
async function startNewInstallation(db: AuditbookDatabase): Promise<void> {
  await db.device_state.bulkPut([
    { key: 'forked_installation', value: await installationOf(db) },
    { key: 'installation', value: newId() },
  ]);
}

async function touchedBy(db: AuditbookDatabase, audit: string, arrived: readonly Arrived[]): Promise<Set<string>> {
  const touched = new Set<string>();
  const judged: [string, string][] = [];
  const ids: [string, string][] = [];
  for (const { entry } of arrived) {
    if (entry === null) continue;
    if (entry.operation.kind !== 'verdict') {
      touched.add(entry.operation.ent);
      ids.push([audit, entry.operation.id]);
    } else if (entry.origin === 'server') {
      judged.push([audit, entityIdOf(entry.operation.ent)]);
    }
  }
  for (const row of await db.operations.bulkGet(judged)) {
    if (row?.ent === undefined) continue;
    touched.add(row.ent);
    if (row.twin === 1) ids.push([audit, row.id!]);
  }
  const twins = await db.operations
    .where('[audit+id]')
    .anyOf(ids)
    .filter((row) => row.twin === 1)
    .toArray();
  for (const twin of twins) touched.add(twin.ent!);
  return touched;
}

async function storeVerdicts(db: AuditbookDatabase, audit: string, arrived: readonly Arrived[]): Promise<void> {
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
}

/**
 * The server is not where this tablet thought: restored from a backup, or another one. Everything is pulled again; what comes
 * back is safe again, what does not is sent again. Nothing is wiped.
 */
export async function resetCursor(db: AuditbookDatabase, audit: string): Promise<void> {
  await db.transaction('rw', [db.operations, db.chains, db.logs, db.verdicts], async () => {
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
    const log = (await db.logs.get(audit)) ?? emptyLog(audit);
    await db.logs.put({ ...log, epoch: null, seq: 0, hash: GENESIS } satisfies LogRow);
  });
}

/** The chains of this audit that this account writes on this tablet. */
export async function ownChains(db: AuditbookDatabase, audit: string): Promise<ChainRow[]> {
  const rows = await db.chains.where('audit').equals(audit).toArray();
  return rows.filter((row) => row.own === 1);
}

/** Operations of a chain from `after` on, as many as fit: at least one, however long it is. */
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
    bytes += decode(row.body).length;
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
  return db.transaction('rw', [db.operations, db.chains], async () => {
    let isBehind = false;
    for (const chain of await ownChains(db, audit)) {
      const first = await firstWaiting(db, chain);
      if (first === null || first > chain.pushed) continue;
      isBehind = true;
      await db.chains.update(chain.chain, { pushed: first - 1 });
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
