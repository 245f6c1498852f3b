/**
 * The bytes of evidence on this tablet: ArrayBuffer chunks, never Blobs, which iOS loses (see the design record of storage).
 *
 * Cut before the transaction, written inside it beside the operation that names them, read back and hashed after it.
 */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import Dexie from 'dexie';
import { decode, encode } from './codec';
import type { AuditbookDatabase, ChunkRow, UploadRow } from './database';
import { NotSaved } from './not-saved';

export const CHUNK_BYTES = 512 * 1024;

/** A file that has been hashed and cut, ready to be kept. */
export interface EvidenceFile {
  readonly sha256: string;
  readonly size: number;
  readonly mediaType: string;
  readonly chunks: readonly ArrayBuffer[];
}

export function cutEvidence(bytes: ArrayBuffer, sha256: string, mediaType: string): EvidenceFile {
  const chunks: ArrayBuffer[] = [];
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) chunks.push(bytes.slice(at, at + CHUNK_BYTES));
  return { sha256, size: bytes.byteLength, mediaType, chunks };
}

/** Rows for the transaction that also writes the operation. */
export function evidenceRows(audit: string, file: EvidenceFile): { chunks: ChunkRow[]; upload: UploadRow } {
  return {
    chunks: file.chunks.map((chunk, index) => ({ sha256: file.sha256, index, body: encode(chunk) })),
    upload: {
      audit,
      sha256: file.sha256,
      state: 'waiting',
      size: file.size,
      chunks: file.chunks.length,
      body: encode({ media_type: file.mediaType, url: null, offset: 0, problem: null }),
    },
  };
}

/** One chunk, or undefined where it is not on this tablet. */
export async function readChunk(
  db: AuditbookDatabase,
  sha256: string,
  index: number,
): Promise<ArrayBuffer | undefined> {
  const row = await db.evidence_bytes.get([sha256, index]);
  return row === undefined ? undefined : decode(row.body);
}

/** The whole file; undefined where a chunk is missing. */
export async function readEvidence(
  db: AuditbookDatabase,
  sha256: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const upload = await db.uploads.where('sha256').equals(sha256).first();
  if (upload === undefined) return undefined;
  const bytes = new Uint8Array(upload.size);
  for (let index = 0, at = 0; index < upload.chunks; index += 1) {
    const chunk = await readChunk(db, sha256, index);
    if (chunk === undefined || at + chunk.byteLength > upload.size) return undefined;
    bytes.set(new Uint8Array(chunk), at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Whether what is on this tablet still hashes to its name. Chunk by chunk: a file may be larger than the memory. */
export async function isEvidenceIntact(db: AuditbookDatabase, sha256: string, chunks: number): Promise<boolean> {
  const hash = nobleSha256.create();
  for (let index = 0; index < chunks; index += 1) {
    const chunk = await readChunk(db, sha256, index);
    if (chunk === undefined) return false;
    hash.update(new Uint8Array(chunk));
  }
  return bytesToHex(hash.digest()) === sha256;
}

/** Read back what was just kept; written once more if it is not right, and told if it still is not. */
export async function verifyKept(db: AuditbookDatabase, audit: string, file: EvidenceFile): Promise<void> {
  if (await isEvidenceIntact(db, file.sha256, file.chunks.length)) return;
  await db.evidence_bytes.bulkPut(evidenceRows(audit, file).chunks);
  if (await isEvidenceIntact(db, file.sha256, file.chunks.length)) return;
  await db.uploads.update([audit, file.sha256], { state: 'damaged' });
  throw new NotSaved('storage.unreadable', undefined, { sha256: file.sha256 });
}

/** Where the bytes, the pictures made of them and what was said of them lie: `dropWithdrawn` runs in a transaction over these. */
export function tablesOfBytes(db: AuditbookDatabase) {
  return [db.uploads, db.evidence_bytes, db.evidence_thumbnails, db.evidence_views, db.custody];
}

/**
 * Files that go from here on purpose: where the server said that it lacks one of them, that is over, and what it signed with it. It signs
 * anew in the next run; until then nothing is missing. Inside the transaction in which they go.
 */
export async function noLongerLacking(db: AuditbookDatabase, audit: string, hashes: readonly string[]): Promise<void> {
  const row = await db.custody.get(audit);
  if (row === undefined) return;
  const kept = decode(row.body);
  const lacking = kept.lacking.filter(({ sha256 }) => !hashes.includes(sha256));
  if (lacking.length === kept.lacking.length) return;
  await db.custody.put({ audit, body: encode({ ...kept, signed: null, lacking }) });
}

/**
 * Files that were withdrawn from this audit go, also where they wait to be sent. Bytes that another audit on this tablet names stay;
 * its pictures are made again.
 */
export async function dropWithdrawn(db: AuditbookDatabase, audit: string, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return;
  await db.transaction('rw', tablesOfBytes(db), async () => {
    await db.uploads.bulkDelete(hashes.map((sha256) => [audit, sha256] as [string, string]));
    await db.evidence_thumbnails.bulkDelete([...hashes]);
    await db.evidence_views.bulkDelete([...hashes]);
    await noLongerLacking(db, audit, hashes);
    for (const sha256 of hashes) {
      if ((await db.uploads.where('sha256').equals(sha256).count()) > 0) continue;
      await db.evidence_bytes.where('[sha256+index]').between([sha256, Dexie.minKey], [sha256, Dexie.maxKey]).delete();
    }
  });
}

/**
 * The server is not where this tablet thought, so what it said it holds is asked again: it may have been restored from a backup that
 * is older than these files. Only what it lacks is sent. Inside the transaction in which the cursor goes back.
 */
export async function doubtStored(db: AuditbookDatabase, audit: string): Promise<void> {
  await db.uploads
    .where('[audit+sha256]')
    .between([audit, Dexie.minKey], [audit, Dexie.maxKey])
    .filter((row) => row.state === 'stored')
    .modify((row) => {
      row.state = 'waiting';
      row.body = encode({ ...decode(row.body), url: null, offset: 0 });
    });
}
