/**
 * What came by hand from another tablet and the server has not got yet: kept here, shown and folded like our own, and taken to the
 * server as the other tablet signed it (sync/carry.ts). It is never sent as this account's own: it stands in somebody else's chain.
 *
 * A batch is kept until each of its operations has come back in the pulled log. It rests where it cannot: of an audit that is not for this
 * account to see, the server says that it holds the batch, and no more. Photos that came with it rest as well, but here: the server takes
 * none for an audit that it does not know yet.
 */
import Dexie from 'dexie';
import { evidenceNamed } from '../domain/custody';
import type { HandoverBatch } from '../domain/handover';
import { digestOf, digestOfErased, GENESIS, parseOperation, type Operation } from '../domain/operation';
import { isRefusal } from '../domain/refusal';
import { startNewInstallation } from './chain-tips';
import { decode, encode } from './codec';
import { emptyLog } from './commit';
import {
  chainName,
  installationOf,
  type AuditbookDatabase,
  type CarriedBatch,
  type CarriedRow,
  type ChainRow,
  type OperationRow,
  type UploadRow,
} from './database';
import { device } from './device';
import { fromDatabase, type Live } from './live';
import { operationOf, refoldEntities } from './refold';

/** What the server says of work that it keeps without knowing the tablet that wrote it. */
export const WAITS_FOR_AUTHOR = 'operation.not_yours';
const REST_MS = 24 * 3_600_000;

/** One operation as it came in a file. */
export interface BroughtOperation {
  readonly digest: string;
  readonly text: string;
  readonly contentSha256: string | undefined;
  /** Null where this app cannot read it: it is carried all the same. */
  readonly operation: Operation | null;
}

export function readBrought(sent: HandoverBatch['operations'][number]): BroughtOperation {
  const text = typeof sent === 'string' ? sent : sent.header;
  const contentSha256 = typeof sent === 'string' ? undefined : sent.content_sha256;
  const operation = parseOperation(text, contentSha256);
  const digest = contentSha256 === undefined ? digestOf(text) : digestOfErased(text, contentSha256);
  return { digest, text, contentSha256, operation: isRefusal(operation) ? null : operation };
}

/** A batch of a file, with what its tablet says of itself. */
export interface BroughtBatch {
  readonly batch: HandoverBatch;
  readonly operations: readonly BroughtOperation[];
  readonly publicKey: string | null;
}

export interface TakenIn {
  /** Operations that this tablet did not have. */
  readonly added: number;
  readonly known: number;
}

/** The tables that `takeBatches` needs; the transaction around it may have more. */
export function tablesForBatches(db: AuditbookDatabase) {
  return [db.operations, db.entities, db.chains, db.logs, db.verdicts, db.device_state, db.carried];
}

/** Inside a transaction: keep what is not here yet, and show it. */
export async function takeBatches(
  db: AuditbookDatabase,
  audit: string,
  batches: readonly BroughtBatch[],
): Promise<TakenIn> {
  const log = (await db.logs.get(audit)) ?? emptyLog(audit);
  const touched = new Set<string>();
  let [added, known] = [0, 0];
  for (const brought of batches) {
    const chain = await chainOf(db, audit, brought.batch);
    const waiting: string[] = [];
    for (const one of brought.operations) {
      const before = await db.operations.get([audit, one.digest]);
      if (before === undefined) added += 1;
      else known += 1;
      if (before?.carried === 1) waiting.push(one.digest);
      const row = rowOf(chain, one, before);
      if (row === null) continue;
      await db.operations.put(row);
      if (row.carried === 1) waiting.push(row.digest);
      if (row.ent !== undefined) touched.add(row.ent);
    }
    await chain.keep();
    if (waiting.length > 0) await keepBatch(db, audit, brought);
  }
  if (touched.size > 0 || (await db.logs.get(audit)) === undefined) {
    await db.logs.put({ ...log, rev: log.rev + 1 });
    await refoldEntities(db, audit, touched, log.rev + 1);
  }
  return { added, known };
}

/** The row that is to be put; null where nothing changes. */
function rowOf(
  chain: BroughtChain,
  { digest, text, contentSha256, operation }: BroughtOperation,
  before: OperationRow | undefined,
): OperationRow | null {
  if (before !== undefined) {
    // Set aside since the server was restored; here is its author's signature under it, with which the server takes it again.
    if (before.lost !== 1) return null;
    const { lost: _, ...rest } = before;
    return { ...rest, carried: 1 };
  }
  const { audit } = chain;
  const row: OperationRow = { audit, digest, origin: 'device', body: encode(text) };
  if (contentSha256 !== undefined) row.content_sha256 = contentSha256;
  if (operation === null) return { ...row, carried: 1 };
  row.ent = operation.ent;
  const place = chain.place(operation);
  if (place === 'branch') return { ...row, carried: 1 };
  Object.assign(row, { chain: chain.name, dseq: operation.dseq });
  return place === 'own' ? { ...row, waiting: operation.dseq } : { ...row, carried: 1 };
}

interface BroughtChain {
  readonly audit: string;
  readonly name: string;
  /** `own`: this very tablet wrote it and has lost it since, and goes on from there. `branch`: it has a double. */
  place(operation: Operation): 'own' | 'branch' | 'carried';
  keep(): Promise<void>;
}

async function chainOf(db: AuditbookDatabase, audit: string, batch: HandoverBatch): Promise<BroughtChain> {
  const key = { installation: batch.installation, account: batch.account, audit };
  const name = chainName(key);
  const mine = chainName({ installation: await installationOf(db), account: db.account, audit });
  const kept = await db.chains.get(name);
  let tip: ChainRow = kept ?? { ...key, chain: name, dseq: 0, digest: GENESIS, hlc: '', own: 1, pushed: 0 };
  const isOwn = name === mine || kept?.own === 1;
  let [isMoved, isForked] = [false, false];
  return {
    audit,
    name,
    place({ dseq, prev, digest, hlc }) {
      if (!isOwn) return 'carried';
      if (dseq === tip.dseq + 1 && prev === tip.digest) {
        tip = { ...tip, dseq, digest, hlc };
        isMoved = true;
        return 'own';
      }
      isForked ||= name === mine;
      return 'branch';
    },
    async keep() {
      if (isMoved) await db.chains.put(tip);
      if (isForked) await startNewInstallation(db);
    },
  };
}

async function keepBatch(db: AuditbookDatabase, audit: string, brought: BroughtBatch): Promise<void> {
  const { installation, account, announced, head_signature } = brought.batch;
  const digests = brought.operations.map(({ digest }) => digest);
  const body = encode<CarriedBatch>({
    installation,
    account,
    announced,
    head_signature,
    digests,
    public_key: brought.publicKey,
  });
  const last = digests.at(-1)!;
  const kept = await db.carried.get([audit, last]);
  // The longer of two that end alike: the other tablet had cut it otherwise, or heard from the server meanwhile.
  if (kept === undefined || decode(kept.body).digests.length < digests.length)
    await db.carried.put({ audit, last, body });
}

function batchesOf(db: AuditbookDatabase, audit: string) {
  return db.carried.where('[audit+last]').between([audit, Dexie.minKey], [audit, Dexie.maxKey]);
}

function uploadsOf(db: AuditbookDatabase, audit: string) {
  return db.uploads.where('[audit+sha256]').between([audit, Dexie.minKey], [audit, Dexie.maxKey]);
}

/** The batches that the server has not got yet, with their operations. Of those that have come back the rest is forgotten. */
export async function readCarried(
  db: AuditbookDatabase,
  audit: string,
): Promise<{ row: CarriedRow; batch: CarriedBatch; operations: OperationRow[] }[]> {
  const rows = await batchesOf(db, audit).toArray();
  const found = [];
  for (const row of rows) {
    const batch = decode(row.body);
    const operations = await db.operations.bulkGet(batch.digests.map((digest) => [audit, digest] as [string, string]));
    const here = operations.filter((operation) => operation !== undefined);
    if (here.some((operation) => operation.carried === 1)) found.push({ row, batch, operations: here });
  }
  // A chain's batches in the order in which they were written: one that came first would be a gap.
  return found.toSorted((one, other) => (one.operations[0]?.dseq ?? 0) - (other.operations[0]?.dseq ?? 0));
}

/** Batches whose operations have all come back. Asked after a pull. */
export async function forgetArrived(db: AuditbookDatabase, audit: string): Promise<void> {
  await db.transaction('rw', [db.carried, db.operations], async () => {
    const waiting = new Set((await readCarried(db, audit)).map(({ row }) => row.last));
    const rows = await batchesOf(db, audit).toArray();
    const done = rows.filter((row) => !waiting.has(row.last));
    await db.carried.bulkDelete(done.map((row) => [audit, row.last] as [string, string]));
  });
}

/** What the server said about a batch that it did not take; null where it took it. */
export async function noteCarried(db: AuditbookDatabase, row: CarriedRow, refused: string | null): Promise<void> {
  await db.carried
    .where('[audit+last]')
    .equals([row.audit, row.last])
    .modify((kept) => {
      if (refused === null) delete kept.refused;
      else kept.refused = refused;
    });
}

/**
 * The server has said in this run that it holds these batches, and has no such audit for this account, so they do not come back: they
 * wait no more. What was taken in meanwhile goes in the next run. False where the server has refused some of the audit.
 */
export async function restCarried(
  db: AuditbookDatabase,
  audit: string,
  held: readonly CarriedBatch[],
): Promise<boolean> {
  const lengths = new Map(held.map(({ digests }) => [digests.at(-1), digests.length]));
  return db.transaction('rw', db.carried, async () => {
    const rows = await batchesOf(db, audit).toArray();
    if (rows.some(({ refused }) => refused !== undefined && refused !== WAITS_FOR_AUTHOR)) return false;
    // A longer one that ends alike has taken the place of the one that went.
    await batchesOf(db, audit)
      .filter(({ last, body }) => lengths.get(last) === decode(body).digests.length)
      .modify({ held_at: device.now() });
    return true;
  });
}

/** Let in: from now on it comes back, or goes once more. */
export async function wakeCarried(db: AuditbookDatabase, audit: string): Promise<void> {
  await batchesOf(db, audit).modify((row) => delete row.held_at);
  await uploadsOf(db, audit).modify((row) => delete row.resting_since);
}

/** A day later it goes once more: the server may have been restored, and nothing here would tell. */
function isResting({ held_at }: CarriedRow): boolean {
  return isOfToday(held_at);
}

/** The same of a photo. It is not on the server: it waits, but nothing is asked about it. */
export function isPhotoResting({ state, resting_since }: UploadRow): boolean {
  return state === 'waiting' && isOfToday(resting_since);
}

export function isOfToday(at: number | undefined): boolean {
  return at !== undefined && Math.abs(device.now() - at) < REST_MS;
}

export async function restPhoto(db: AuditbookDatabase, audit: string, sha256: string): Promise<void> {
  await db.uploads.update([audit, sha256], { resting_since: device.now() });
}

/**
 * Whether these files wait for the work of others to count, so that the server does not take them yet: of an audit that it does not list
 * for this account, where all that was brought rests, or where this account recorded none of the files.
 */
export async function waitForOthers(db: AuditbookDatabase, audit: string, hashes: readonly string[]): Promise<boolean> {
  if ((await db.audits.get(audit))?.listed === 1) return false;
  if ((await heldAudits(db)).has(audit)) return true;
  const births = await db.operations
    .where('[audit+ent]')
    .between([audit, 'evidence/'], [audit, 'evidence/\uffff'])
    .toArray();
  const own = births
    .map(operationOf)
    .filter((operation) => operation?.kind === 'add' && operation.chain.account === db.account);
  const recorded = new Set(evidenceNamed(own.map((operation) => operation!.val)));
  return hashes.every((sha256) => !recorded.has(sha256));
}

/** How many photos of an audit rest here. */
export function watchRestingPhotos(db: AuditbookDatabase, audit: string): Live<number> {
  return fromDatabase(() => uploadsOf(db, audit).filter(isPhotoResting).count());
}

/** Audits of which everything that was brought for others rests. */
export async function heldAudits(db: AuditbookDatabase): Promise<Set<string>> {
  const batches = await db.carried.toArray();
  const held = new Set(batches.map(({ audit }) => audit));
  for (const row of batches) if (!isResting(row)) held.delete(row.audit);
  return held;
}

/** Those of them of which nothing waits that this account made: neither an entry nor a photo that rests for others. */
export async function heldForOthers(db: AuditbookDatabase): Promise<Set<string>> {
  const held = await heldAudits(db);
  for (const audit of held) {
    const entries = db.operations.where('[audit+waiting]').between([audit, Dexie.minKey], [audit, Dexie.maxKey]);
    const photos = uploadsOf(db, audit).filter((row) => row.state === 'waiting' && !isPhotoResting(row));
    if ((await entries.count()) + (await photos.count()) > 0) held.delete(audit);
  }
  return held;
}

/** How many operations of others wait here to be taken to the server, by audit. */
export async function countCarried(db: AuditbookDatabase): Promise<Map<string, number>> {
  const keys = (await db.operations.orderBy('[audit+carried]').keys()) as unknown as [string, number][];
  const counts = new Map<string, number>();
  for (const [audit] of keys) counts.set(audit, (counts.get(audit) ?? 0) + 1);
  if (counts.size === 0) return counts;
  const held = await heldAudits(db);
  return new Map([...counts].filter(([audit]) => !held.has(audit)));
}

export interface CarriedWork {
  readonly account: string;
  readonly count: number;
  readonly refused: readonly string[];
  /** The server holds it, and this account hears nothing more of it. */
  readonly isHeld: boolean;
}

/** Whose work of an audit waits here, and what the server said about it. */
export function watchCarried(db: AuditbookDatabase, audit: string): Live<CarriedWork[]> {
  return fromDatabase(async () => {
    const found = new Map<string, { count: number; refused: Set<string>; isHeld: boolean }>();
    for (const { row, batch, operations } of await readCarried(db, audit)) {
      const of = found.get(batch.account) ?? { count: 0, refused: new Set<string>(), isHeld: true };
      of.isHeld &&= isResting(row);
      of.count += operations.filter(({ carried }) => carried === 1).length;
      if (row.refused !== undefined) of.refused.add(row.refused);
      found.set(batch.account, of);
    }
    return [...found].map(([account, { refused, ...work }]) => ({ account, ...work, refused: [...refused] }));
  });
}
