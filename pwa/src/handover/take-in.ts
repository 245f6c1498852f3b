/**
 * Take in what an opened file holds.
 *
 * Before: read.ts has said what it holds, and a person has said yes.
 * After:  all of it is on this tablet, or nothing that shows: photos are written first, and named by nothing until the whole file was
 *         read to its end and every checksum was right. Then comes one transaction. A second time nothing changes.
 */
import { entryNames, evidenceName, malformed, type HandoverEvidence } from '../domain/handover';
import { refuse, type Refusal } from '../domain/refusal';
import { PROTOCOL } from '../api/client';
import type { AuditbookDatabase } from '../store/database';
import { CHUNK_BYTES } from '../store/evidence-bytes';
import { dropChunks, hasBytes, putChunk, takeIn, type AuditIn } from '../store/handover';
import { asNotSaved } from '../store/not-saved';
import { applyPage, readCursor } from '../store/pulled';
import { EvidenceCheck } from './evidence-check';
import { HandoverProblem } from './problem';
import { listedEntries, refusalOf, type OpenedAudit, type OpenedHandover } from './read';
import { ZipProblem, type FoundEntry } from './zip';

export interface TakenHandover {
  /** Entries of the server's log that this tablet did not have. */
  readonly entries: number;
  /** Operations that the server has not got and this tablet did not have. */
  readonly operations: number;
  readonly photos: number;
}

export async function takeInHandover(
  db: AuditbookDatabase,
  opened: OpenedHandover,
  progress: (done: number) => void = () => undefined,
): Promise<TakenHandover | Refusal> {
  const wanted = opened.audits.filter(({ refusal }) => refusal === null);
  const audits = new Set(wanted.map(({ contents }) => contents.id));
  const evidence = opened.contents.evidence.filter(({ audit }) => audits.has(audit));
  const begun = new Set<string>();
  try {
    await takePhotos(db, opened, evidence, begun, progress);
    let entries = 0;
    for (const audit of wanted) entries += await takeLog(db, audit);
    const taken = await takeIn(
      db,
      wanted.map((audit) => toTakeIn(audit, evidence)),
    );
    // What was withdrawn meanwhile is named by nothing.
    await dropChunks(db, begun);
    const counts = [...taken.values()];
    return {
      entries,
      operations: counts.reduce((sum, { added }) => sum + added, 0),
      photos: counts.reduce((sum, { photos }) => sum + photos, 0),
    };
  } catch (thrown) {
    await dropChunks(db, begun).catch(() => undefined);
    if (thrown instanceof HandoverProblem || thrown instanceof ZipProblem) return refusalOf(thrown);
    const { code, facts } = asNotSaved(thrown);
    return refuse(code, facts);
  }
}

/** Reads the whole file; keeps those photos that are lacking here. */
async function takePhotos(
  db: AuditbookDatabase,
  { unsealed, contents }: OpenedHandover,
  evidence: readonly HandoverEvidence[],
  begun: Set<string>,
  progress: (done: number) => void,
): Promise<void> {
  const sizes = new Map(contents.evidence.map(({ sha256, size }) => [evidenceName(sha256), { sha256, size }]));
  const lacking = new Set<string>();
  for (const { sha256 } of evidence) if (!(await hasBytes(db, sha256))) lacking.add(sha256);
  let done = 0;
  for await (const { contents: now, entry } of listedEntries(unsealed)) {
    if (entry === null) {
      if (entryNames(now).join() !== entryNames(contents).join()) throw new HandoverProblem(malformed('entries'));
      continue;
    }
    const photo = sizes.get(entry.name);
    if (photo === undefined) {
      for await (const bytes of entry.bytes) progress((done += bytes.length));
      continue;
    }
    if (entry.size !== photo.size) throw new HandoverProblem(malformed('evidence.size'));
    const keep = lacking.has(photo.sha256);
    if (keep) begun.add(photo.sha256);
    const check = new EvidenceCheck();
    for await (const [index, chunk] of chunksOf(entry)) {
      check.add(new Uint8Array(chunk));
      if (keep) await putChunk(db, photo.sha256, index, chunk);
      progress((done += chunk.byteLength));
    }
    if (!check.fits(photo.sha256, photo.size)) throw new HandoverProblem(malformed('evidence.sha256'));
  }
}

/** Cut as this tablet keeps its own, whatever the parts in which they come. */
async function* chunksOf(entry: FoundEntry): AsyncGenerator<[number, ArrayBuffer]> {
  let chunk = new Uint8Array(Math.min(CHUNK_BYTES, entry.size));
  let [filled, index, left] = [0, 0, entry.size];
  for await (const bytes of entry.bytes) {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + chunk.length - filled);
      chunk.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < chunk.length) continue;
      yield [index, chunk.buffer];
      index += 1;
      left -= filled;
      filled = 0;
      chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
    }
  }
}

/** As a page that the server gave. It is one, signed by it; only the way here was another. */
async function takeLog(db: AuditbookDatabase, { contents, lines }: OpenedAudit): Promise<number> {
  const { id, log } = contents;
  const cursor = await readCursor(db, id);
  const behind = lines.filter(({ seq }) => seq > cursor.seq);
  if (log === null || behind.length === 0) return 0;
  const { epoch, seq, hash, receipt } = log;
  // The server's log may be longer than this: what is lost after a restore is known only when it said so itself.
  const head = { seq: seq + 1, hash };
  const page = { protocol: PROTOCOL, epoch, next: seq, hash, head, operations: [...behind], receipt };
  const result = await applyPage(db, id, cursor, page);
  return result.kind === 'applied' ? result.count : 0;
}

function toTakeIn({ contents, batches }: OpenedAudit, evidence: readonly HandoverEvidence[]): AuditIn {
  const own = evidence.filter(({ audit }) => audit === contents.id);
  return {
    audit: contents.id,
    batches,
    evidence: own.map((one) => ({ ...one, chunks: Math.ceil(one.size / CHUNK_BYTES) })),
  };
}
