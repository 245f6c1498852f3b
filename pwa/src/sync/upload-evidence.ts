/**
 * The bytes of evidence follow the operations: in chunks, resumable over days (tus 1.0).
 *
 * A finished upload proves nothing; a file counts as stored when the server says that it knows its hash.
 */
import { Upload, type FileReader as TusReader, type HttpStack } from 'tus-js-client';
import { retryAfterOf, type ApiClient } from '../api/client';
import type { Schemas } from '../domain/vocabulary';
import { isPhotoResting, restPhoto, waitForOthers } from '../store/carried';
import { decode, encode } from '../store/codec';
import type { AuditbookDatabase, UploadRow } from '../store/database';
import { CHUNK_BYTES, dropWithdrawn, isEvidenceIntact, readChunk } from '../store/evidence-bytes';
import { areLargeHeld, isLarge } from '../store/large-files';
import { inLanes } from './lanes';
import { LANES, sendAhead, type AheadSize } from './send-ahead';
import { concernsOneAudit, problemOf, Stopped } from './problem';

const ENDPOINT = '/api/evidence/uploads';
const ASKED_AT_ONCE = 500;

export interface UploadOptions {
  readonly base?: string;
  /** Another way to talk HTTP, for tests outside a browser. */
  readonly httpStack?: HttpStack;
  readonly isStopped?: () => boolean;
}

/**
 * Upload what waits: first which of it the server holds already, then all thumbnails, then all pictures in report size, then the files
 * themselves, the small ones first. Resolves with the number of files that the server confirmed.
 */
export async function uploadWaiting(
  db: AuditbookDatabase,
  api: ApiClient,
  options: UploadOptions = {},
): Promise<number> {
  let stored = 0;
  let first: Stopped | null = null;
  let isBroken = false;
  const isStopped = (): boolean => isBroken || (options.isStopped?.() ?? false);
  // One file or audit that the server does not take must not hold up the ones behind it.
  const each = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof Stopped) || !concernsOneAudit(thrown.problem)) {
        isBroken = true;
        throw thrown;
      }
      first ??= thrown;
    }
  };
  const ahead = new Ahead();
  for (const [audit, hashes] of byAudit(await waitingUploads(db))) {
    await each(async () => {
      try {
        stored += await confirmKnown(db, api, audit, hashes, ahead);
      } catch (thrown) {
        // Of photos of others it is told about none before they have come: whether it takes them, their announcement shows.
        if (!isAuditUnknown(thrown) || !(await waitForOthers(db, audit, hashes))) throw thrown;
      }
    });
  }
  for (const size of ['thumbnail', 'view'] as const) {
    const rows = (await waitingUploads(db)).filter((row) => ahead.audits.has(row.audit));
    await each(async () => void (await sendAhead(db, api, size, rows, ahead.there[size], isStopped)));
  }
  await inLanes(LANES, await filesToSend(db), async (row) => {
    if (isStopped()) return;
    if (!(await isEvidenceIntact(db, row.sha256, row.chunks))) {
      // The camera roll may still hold it, so the person is told; sending it would only be refused.
      await db.uploads.update([row.audit, row.sha256], { state: 'damaged' });
      return;
    }
    await each(async () => {
      try {
        await uploadOne(db, row, { ...options, isStopped });
        // In two steps: `+=` would read the sum before it waits, and two lanes count as one.
        const confirmed = await confirmKnown(db, api, row.audit, [row.sha256]);
        stored += confirmed;
      } catch (thrown) {
        // Brought for others, and their work does not count yet: no fault of this run, and it stays here.
        if (!isAuditUnknown(thrown) || !(await waitForOthers(db, row.audit, [row.sha256]))) throw thrown;
        await restPhoto(db, row.audit, row.sha256);
      }
    });
  });
  if (first !== null) throw first;
  return stored;
}

/** Where smaller pictures may go ahead, and which are there already. */
class Ahead {
  /** Of which the server has said so: one of before does not know of such pictures. */
  readonly audits = new Set<string>();
  readonly there: Record<AheadSize, Set<string>> = { thumbnail: new Set(), view: new Set() };

  note(audit: string, { thumbnails, views }: Schemas['KnownEvidence']): void {
    if (thumbnails === undefined || views === undefined) return;
    this.audits.add(audit);
    for (const sha256 of thumbnails) this.there.thumbnail.add(`${audit}/${sha256}`);
    for (const sha256 of views) this.there.view.add(`${audit}/${sha256}`);
  }
}

async function filesToSend(db: AuditbookDatabase): Promise<UploadRow[]> {
  const isHeld = await areLargeHeld(db);
  return (await waitingUploads(db)).filter((row) => !isHeld || !isLarge(row));
}

function isAuditUnknown(thrown: unknown): boolean {
  return thrown instanceof Stopped && thrown.problem.code === 'request.not_found';
}

async function waitingUploads(db: AuditbookDatabase): Promise<UploadRow[]> {
  const waiting = await db.uploads.where('state').equals('waiting').toArray();
  const rows = waiting.filter((row) => !isPhotoResting(row));
  // Small ones first: on a bad line something arrives.
  return rows.sort((one, other) => one.size - other.size);
}

function byAudit(rows: readonly UploadRow[]): Map<string, string[]> {
  const hashes = new Map<string, string[]>();
  for (const { audit, sha256 } of rows) hashes.set(audit, [...(hashes.get(audit) ?? []), sha256]);
  return hashes;
}

/** Ask which hashes the server holds for this audit, verified. Uploads whose last answer was lost end here. */
async function confirmKnown(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  hashes: readonly string[],
  ahead?: Ahead,
): Promise<number> {
  let confirmed = 0;
  for (let at = 0; at < hashes.length; at += ASKED_AT_ONCE) {
    const answer = await api.knownEvidence(audit, hashes.slice(at, at + ASKED_AT_ONCE));
    if (answer.kind === 'unchanged') continue;
    if (answer.kind !== 'ok') throw new Stopped(problemOf(answer, audit));
    ahead?.note(audit, answer.value);
    for (const sha256 of answer.value.stored ?? []) {
      if (!hashes.includes(sha256)) continue;
      await db.uploads.update([audit, sha256], { state: 'stored' });
      confirmed += 1;
    }
  }
  return confirmed;
}

function uploadOne(db: AuditbookDatabase, row: UploadRow, options: UploadOptions): Promise<void> {
  const { media_type, url } = decode(row.body);
  return new Promise((resolve, reject) => {
    const upload = new Upload(new Blob([]), {
      endpoint: `${options.base ?? ''}${ENDPOINT}`,
      uploadUrl: url,
      uploadSize: row.size,
      chunkSize: CHUNK_BYTES,
      metadata: { sha256: row.sha256, audit: row.audit, media_type },
      // Addresses of uploads are kept beside the bytes, not in localStorage.
      storeFingerprintForResuming: false,
      retryDelays: null,
      fileReader: chunkReader(db, row),
      ...(options.httpStack === undefined ? {} : { httpStack: options.httpStack }),
      onUploadUrlAvailable: () => void note(db, row, { url: upload.url, offset: 0 }),
      onChunkComplete: (_size, accepted) => {
        void note(db, row, { url: upload.url, offset: accepted });
        if (options.isStopped?.()) void upload.abort().then(resolve);
      },
      onSuccess: () => resolve(),
      onError: (problem) => {
        const answer = 'originalResponse' in problem ? problem.originalResponse : null;
        const status = answer?.getStatus() ?? null;
        const said = codeIn(answer?.getBody());
        if (status === 410 && said === 'evidence.withdrawn') {
          // For good: it is not asked again. Why, the log says.
          void dropWithdrawn(db, row.audit, [row.sha256]).then(resolve, reject);
          return;
        }
        const signIn = said === 'account.sign_in_needed' ? said : 'sync.not_the_server';
        const isUnknown = status === 404 && said === 'request.not_found';
        // Not this photo's fault: whoever runs the server is told what to look at.
        const isOfStore = said === 'server.store_unreachable' || said === 'server.store_refuses';
        const refused = status === 401 ? signIn : isUnknown || isOfStore ? said : 'sync.upload_failed';
        const stopped = new Stopped({
          code: status === null ? 'sync.unreachable' : refused,
          facts: status === null ? {} : { status },
          status,
          audit: row.audit,
          ...retryAfterIn(answer?.getHeader('Retry-After')),
        });
        // Gone or refused as a whole: the next attempt starts a new upload instead of asking for this one again.
        const isLost = status !== null && [403, 404, 410, 422].includes(status);
        const kept = isLost ? note(db, row, { url: null, offset: 0 }) : Promise.resolve();
        void kept.then(() => reject(stopped));
      },
    });
    upload.start();
  });
}

function retryAfterIn(said: string | undefined): { retryAfter: number } | undefined {
  return said === undefined ? undefined : retryAfterOf(new Headers({ 'Retry-After': said }));
}

/** The code of a refusal; null where the answer is none of ours. */
function codeIn(body: string | undefined): unknown {
  try {
    return (JSON.parse(body ?? '') as { code?: unknown } | null)?.code ?? null;
  } catch {
    return null;
  }
}

async function note(
  db: AuditbookDatabase,
  row: UploadRow,
  progress: { url: string | null; offset: number },
): Promise<void> {
  const current = await db.uploads.get([row.audit, row.sha256]);
  if (current === undefined) return;
  await db.uploads.update([row.audit, row.sha256], { body: encode({ ...decode(current.body), ...progress }) });
}

/** Hands tus the chunks as they lie in the database: a video need not fit into the memory. */
function chunkReader(db: AuditbookDatabase, row: UploadRow): TusReader {
  return {
    openFile: () =>
      Promise.resolve({
        size: row.size,
        slice: async (start: number, end: number) => {
          const index = Math.floor(start / CHUNK_BYTES);
          const chunk = await readChunk(db, row.sha256, index);
          if (chunk === undefined) throw new Error('a chunk is missing');
          const from = start - index * CHUNK_BYTES;
          const value = new Blob([chunk.slice(from, from + (end - start))]);
          return { value, size: value.size, done: start + value.size >= row.size } as never;
        },
        close: () => undefined,
      }) as never,
  };
}
