/**
 * Write everything that is not on the server yet into one encrypted file.
 *
 * Before: it lies on this tablet, and there is no network.
 * After:  a file that any tablet of the team, or `auditbook import`, takes in; and `age -d` and `unzip` without us. Nothing on this
 *         tablet has changed.
 *
 * Photos go through the memory chunk by chunk: the file may be larger than it.
 */
import {
  batchesName,
  CONTENTS_NAME,
  evidenceName,
  HANDOVER_FORMAT,
  HANDOVER_VERSION,
  logName,
  type HandoverContents,
  type HandoverEvidence,
  type HandoverInstallation,
} from '../domain/handover';
import { refuse, type Refusal } from '../domain/refusal';
import type { AuditbookDatabase } from '../store/database';
import { APP_VERSION, instant } from '../store/device';
import { CHUNK_BYTES, readChunk } from '../store/evidence-bytes';
import { readAuditOut, readUnsent, type AuditOut } from '../store/handover';
import type { Session } from '../store/session';
import { HandoverProblem } from './problem';
import { seal } from './sealed';
import { EvidenceCheck } from './evidence-check';
import { crc32, MOST_ZIP_BYTES, writeZip, zipSize, type ZipEntry } from './zip';

export interface PreparedHandover {
  readonly contents: HandoverContents;
  /** Before encryption, which adds little. */
  readonly size: number;
  readonly operations: number;
  readonly photos: number;
  /** Photos that no longer read as they were taken: they stay here. */
  readonly damaged: number;
  /** The encrypted file. `progress` hears how many bytes of `size` are done. */
  stream(
    passphrase: string,
    progress?: (done: number) => void,
    workFactor?: number,
  ): Promise<ReadableStream<Uint8Array>>;
}

/** Read what goes in, of one audit or of all that have something to send; a refusal where there is nothing, or too much. */
export async function prepareHandover(
  { database, name, account, installation }: Session,
  only: string | null,
): Promise<PreparedHandover | Refusal> {
  const audits = only === null ? (await readUnsent(database)).map(({ audit }) => audit) : [only];
  const outs: AuditOut[] = [];
  for (const audit of audits) outs.push(await readAuditOut(database, audit, name));
  const used = outs.filter(
    ({ contents, evidence }) => contents.log !== null || contents.batches > 0 || evidence.length > 0,
  );
  if (used.length === 0) return refuse('handover.nothing');
  const checked = await checkEvidence(
    database,
    used.flatMap(({ evidence }) => evidence),
  );
  const contents: HandoverContents = {
    format: HANDOVER_FORMAT,
    version: HANDOVER_VERSION,
    made: { at: instant(), account, name, installation, app: APP_VERSION },
    installations: distinct([
      ...used.flatMap(({ installations }) => installations),
      { installation, account, name, public_key: null },
    ]),
    audits: used.map((out) => out.contents),
    evidence: checked.intact,
  };
  const entries = [
    jsonEntry(CONTENTS_NAME, contents),
    ...used.flatMap(textEntries),
    ...photoEntries(database, checked),
  ];
  const size = zipSize(entries);
  if (size > MOST_ZIP_BYTES) return refuse('handover.too_large');
  return {
    contents,
    size,
    operations: used.reduce((sum, out) => sum + out.contents.operations, 0),
    photos: new Set(checked.intact.map(({ sha256 }) => sha256)).size,
    damaged: checked.damaged,
    stream: (passphrase, progress, workFactor) => seal(streamOf(writeZip(entries), progress), passphrase, workFactor),
  };
}

/** Each installation once, with the key that it is known by. */
function distinct(installations: readonly HandoverInstallation[]): HandoverInstallation[] {
  const found = new Map<string, HandoverInstallation>();
  for (const one of installations) {
    const name = `${one.installation}/${one.account}`;
    if ((found.get(name)?.public_key ?? null) === null) found.set(name, one);
  }
  return [...found.values()];
}

interface Checked {
  readonly intact: HandoverEvidence[];
  readonly sums: ReadonlyMap<string, number>;
  readonly damaged: number;
}

/** A damaged photo must not spoil the file; the sum has to be known before the bytes are written. */
async function checkEvidence(db: AuditbookDatabase, evidence: readonly HandoverEvidence[]): Promise<Checked> {
  const sums = new Map<string, number>();
  const wrong = new Set<string>();
  for (const { sha256, size } of evidence) {
    if (sums.has(sha256) || wrong.has(sha256)) continue;
    const check = new EvidenceCheck();
    try {
      for await (const bytes of readBytes(db, sha256, size)) check.add(bytes);
    } catch (problem) {
      if (!(problem instanceof HandoverProblem)) throw problem;
    }
    if (check.fits(sha256, size)) sums.set(sha256, check.crc);
    else wrong.add(sha256);
  }
  return { intact: evidence.filter(({ sha256 }) => sums.has(sha256)), sums, damaged: wrong.size };
}

async function* readBytes(db: AuditbookDatabase, sha256: string, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index * CHUNK_BYTES < size; index += 1) {
    const chunk = await readChunk(db, sha256, index);
    if (chunk === undefined) throw new HandoverProblem(refuse('storage.unreadable', { sha256 }));
    yield new Uint8Array(chunk);
  }
}

function textEntries({ contents, lines, batches }: AuditOut): ZipEntry[] {
  const log = contents.log === null ? [] : [linesEntry(logName(contents.id), lines)];
  return [...log, linesEntry(batchesName(contents.id), batches)];
}

function photoEntries(db: AuditbookDatabase, { intact, sums }: Checked): ZipEntry[] {
  const sizes = new Map(intact.map(({ sha256, size }) => [sha256, size]));
  return [...sizes].map(([sha256, size]) => ({
    name: evidenceName(sha256),
    size,
    crc: sums.get(sha256)!,
    bytes: () => readBytes(db, sha256, size),
  }));
}

function jsonEntry(name: string, value: unknown): ZipEntry {
  return bytesEntry(name, [new TextEncoder().encode(JSON.stringify(value))]);
}

function linesEntry(name: string, lines: readonly unknown[]): ZipEntry {
  return bytesEntry(
    name,
    lines.map((line) => new TextEncoder().encode(`${JSON.stringify(line)}\n`)),
  );
}

function bytesEntry(name: string, parts: readonly Uint8Array[]): ZipEntry {
  return {
    name,
    size: parts.reduce((sum, part) => sum + part.length, 0),
    crc: parts.reduce((crc, part) => crc32(part, crc), 0),
    bytes: async function* () {
      yield* parts;
    },
  };
}

/** As a stream that asks for more only when there is room: a slow disk slows the reading down. */
function streamOf(parts: AsyncGenerator<Uint8Array>, progress?: (done: number) => void): ReadableStream<Uint8Array> {
  let done = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await parts.next();
      if (next.done) {
        controller.close();
        return;
      }
      done += next.value.length;
      progress?.(done);
      controller.enqueue(next.value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}
