/**
 * What of this account is on this tablet and not on the server yet, as it goes into a file; and the writing of what came in one.
 *
 * Of an audit everything is read in one transaction, so that log, receipt and batches belong to the same moment.
 */
import Dexie from 'dexie';
import { evidenceRows, type EvidenceFile } from './evidence-bytes';
import {
  MOST_BATCH_OPERATIONS,
  type HandoverAudit,
  type HandoverBatch,
  type HandoverEvidence,
  type HandoverInstallation,
  type HandoverLine,
  type HandoverLog,
} from '../domain/handover';
import { headStatement } from '../domain/operation';
import { instantOf } from '../domain/spelling';
import { countCarried, readCarried, tablesForBatches, takeBatches, type BroughtBatch, type TakenIn } from './carried';
import { decode, encode } from './codec';
import type { AuditbookDatabase, CarriedBatch, ChainRow, OperationRow, UploadRow } from './database';
import { deviceKey, signText } from './keys';
import { ownChains } from './own-chains';
import { readEntity } from './queries';
import { readWithdrawn } from './refold';

const PROTOCOL = 1;
const MOST_BATCH_BYTES = 256 * 1024;

// --- out

/** Audits with something that the server has not got, each with how much. */
export interface UnsentAudit {
  readonly audit: string;
  readonly operations: number;
  readonly photos: number;
  readonly bytes: number;
}

export async function readUnsent(db: AuditbookDatabase): Promise<UnsentAudit[]> {
  const found = new Map<string, { operations: number; photos: number; bytes: number }>();
  const of = (audit: string) => {
    const kept = found.get(audit) ?? { operations: 0, photos: 0, bytes: 0 };
    found.set(audit, kept);
    return kept;
  };
  const keys = (await db.operations.orderBy('[audit+waiting]').keys()) as unknown as [string, number][];
  for (const [audit] of keys) of(audit).operations += 1;
  for (const [audit, count] of await countCarried(db)) of(audit).operations += count;
  for (const row of await db.uploads.where('state').equals('waiting').toArray()) {
    of(row.audit).photos += 1;
    of(row.audit).bytes += row.size;
  }
  return [...found].map(([audit, counts]) => ({ audit, ...counts }));
}

/** One audit as it goes into the file. */
export interface AuditOut {
  readonly contents: HandoverAudit;
  readonly lines: readonly HandoverLine[];
  readonly batches: readonly HandoverBatch[];
  readonly installations: readonly HandoverInstallation[];
  readonly evidence: readonly HandoverEvidence[];
}

export async function readAuditOut(db: AuditbookDatabase, audit: string, name: string): Promise<AuditOut> {
  const tables = [db.operations, db.chains, db.logs, db.receipts, db.carried, db.uploads, db.entities];
  const read = await db.transaction('r', tables, async () => {
    const { log, lines } = await readLog(db, audit);
    return {
      log,
      lines,
      own: await readOwn(db, audit),
      carried: await readCarried(db, audit),
      uploads: await waitingUploads(db, audit),
      entity: await readEntity(db, audit, 'audit', audit),
    };
  });
  // Signed here: a signature has to be awaited, and the transaction would end.
  const own = await Promise.all(read.own.map(({ chain, rows }) => signedBatch(db, chain, rows)));
  const carried = read.carried.map(({ batch, operations }) => ({
    batch: pushBody(batch, batch.head_signature, operations),
    publicKey: batch.public_key,
  }));
  const batches = [...carried, ...own];
  const installations = batches.map(({ batch, publicKey }) => ({
    installation: batch.installation,
    account: batch.account,
    name: batch.account === db.account ? name : '',
    public_key: publicKey,
  }));
  return {
    contents: {
      id: audit,
      title: read.entity?.get('title') ?? null,
      reference: read.entity?.get('reference') ?? null,
      log: read.log,
      batches: batches.length,
      operations: batches.reduce((sum, { batch }) => sum + batch.operations.length, 0),
    },
    lines: read.lines,
    batches: batches.map(({ batch }) => batch),
    installations,
    evidence: read.uploads.map((row) => ({
      audit,
      sha256: row.sha256,
      media_type: decode(row.body).media_type,
      size: row.size,
    })),
  };
}

/** The log as far as the server has signed it; none where some of it is not for this account to see. */
async function readLog(
  db: AuditbookDatabase,
  audit: string,
): Promise<{ log: HandoverLog | null; lines: HandoverLine[] }> {
  const none = { log: null, lines: [] };
  const log = await db.logs.get(audit);
  const kept = await db.receipts.get(audit);
  const receipt = kept === undefined ? null : decode(kept.body);
  if (log === undefined || receipt === null || log.partial === 1 || log.epoch !== receipt.epoch) return none;
  if (receipt.seq === 0 || receipt.seq > log.seq) return none;
  const range = db.operations.where('[audit+seq]').between([audit, 1], [audit, receipt.seq], true, true);
  const lines = (await range.toArray()).map(lineOf);
  if (lines.length !== receipt.seq) return none;
  const { epoch, seq, hash, at, key, signature } = receipt;
  return { log: { epoch, seq, hash, receipt: { at, key, signature } }, lines };
}

function lineOf(row: OperationRow): HandoverLine {
  return {
    seq: row.seq!,
    data: decode(row.body),
    ...(row.content_sha256 === undefined ? {} : { content_sha256: row.content_sha256 }),
    origin: row.origin,
    received_at: instantOf(row.received_at!),
  };
}

/** What this tablet wrote and has not seen again, cut as it would be sent. */
async function readOwn(db: AuditbookDatabase, audit: string): Promise<{ chain: ChainRow; rows: OperationRow[] }[]> {
  const found: { chain: ChainRow; rows: OperationRow[] }[] = [];
  for (const chain of await ownChains(db, audit)) {
    const rows = await db.operations
      .where('[audit+waiting]')
      .between([audit, Dexie.minKey], [audit, Dexie.maxKey])
      .filter((row) => row.chain === chain.chain)
      .toArray();
    found.push(...cut(rows).map((part) => ({ chain, rows: part })));
  }
  return found;
}

function cut(rows: readonly OperationRow[]): OperationRow[][] {
  const batches: OperationRow[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const length = decode(row.body).length;
    const last = batches.at(-1);
    const follows = last !== undefined && row.dseq === last.at(-1)!.dseq! + 1;
    const fits = last !== undefined && last.length < MOST_BATCH_OPERATIONS && bytes + length <= MOST_BATCH_BYTES;
    if (follows && fits) last.push(row);
    else batches.push([row]);
    bytes = follows && fits ? bytes + length : length;
  }
  return batches;
}

async function signedBatch(db: AuditbookDatabase, chain: ChainRow, rows: readonly OperationRow[]) {
  const last = rows.at(-1)!;
  const key = await deviceKey(db, chain.installation);
  const signature = await signText(key, headStatement(chain, last.dseq!, last.digest));
  const { installation, account, dseq, digest } = chain;
  const batch = pushBody({ installation, account, announced: { dseq, digest } }, signature, rows);
  return { batch, publicKey: key?.public_key ?? null };
}

function pushBody(
  { installation, account, announced }: Pick<CarriedBatch, 'installation' | 'account' | 'announced'>,
  headSignature: string | null,
  rows: readonly OperationRow[],
): HandoverBatch {
  return {
    protocol: PROTOCOL,
    installation,
    account,
    announced,
    head_signature: headSignature,
    operations: rows.map((row) => {
      const text = decode(row.body);
      return row.content_sha256 === undefined ? text : { header: text, content_sha256: row.content_sha256 };
    }),
  };
}

function waitingUploads(db: AuditbookDatabase, audit: string): Promise<UploadRow[]> {
  return db.uploads
    .where('[audit+sha256]')
    .between([audit, Dexie.minKey], [audit, Dexie.maxKey])
    .filter((row) => row.state === 'waiting')
    .toArray();
}

// --- in

/** Whether this tablet has the bytes, whole. */
export async function hasBytes(db: AuditbookDatabase, sha256: string): Promise<boolean> {
  return (
    (await db.uploads
      .where('sha256')
      .equals(sha256)
      .filter((row) => row.state !== 'damaged')
      .count()) > 0
  );
}

/** One chunk of a photo. Nothing names it before `takeIn` does: without that it is as if it were not there. */
export async function putChunk(
  db: AuditbookDatabase,
  sha256: string,
  index: number,
  bytes: ArrayBuffer,
): Promise<void> {
  await db.evidence_bytes.put({ sha256, index, body: encode(bytes) });
}

/** What was begun and is not taken in after all. */
export async function dropChunks(db: AuditbookDatabase, hashes: Iterable<string>): Promise<void> {
  for (const sha256 of hashes) {
    if (await hasBytes(db, sha256)) continue;
    await db.evidence_bytes.where('[sha256+index]').between([sha256, Dexie.minKey], [sha256, Dexie.maxKey]).delete();
  }
}

export interface AuditIn {
  readonly audit: string;
  readonly batches: readonly BroughtBatch[];
  readonly evidence: readonly (HandoverEvidence & { readonly chunks: number })[];
}

/** Everything of a file but its logs, in one transaction: all of it or nothing. By audit, what was new. */
export async function takeIn(
  db: AuditbookDatabase,
  audits: readonly AuditIn[],
): Promise<Map<string, TakenIn & { photos: number }>> {
  return db.transaction('rw', [...tablesForBatches(db), db.uploads], async () => {
    const taken = new Map<string, TakenIn & { photos: number }>();
    for (const { audit, batches, evidence } of audits) {
      const counts = await takeBatches(db, audit, batches);
      let photos = 0;
      const withdrawn = await readWithdrawn(db, audit);
      for (const { sha256, media_type, size, chunks } of evidence) {
        const before = await db.uploads.get([audit, sha256]);
        if (withdrawn.has(sha256)) continue;
        if (before !== undefined && before.state !== 'damaged') continue;
        const file: EvidenceFile = { sha256, size, mediaType: media_type, chunks: [] };
        await db.uploads.put({ ...evidenceRows(audit, file).upload, chunks });
        photos += 1;
      }
      taken.set(audit, { ...counts, photos });
    }
    return taken;
  });
}
