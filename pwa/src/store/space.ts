/**
 * How long the storage lasts: whether the browser promised to keep it, for how many more photos there is room, and what takes room
 * here although the server has it too.
 */
import { decode, encode } from './codec';
import type { AuditbookDatabase, UploadRow } from './database';
import { noLongerLacking } from './evidence-bytes';
import { fromDatabase, type Live } from './live';

export interface Space {
  /** null where the browser does not say. */
  readonly isPersistent: boolean | null;
  readonly freeBytes: number | null;
  /** Told in photos, since nobody photographs megabytes. */
  readonly photosLeft: number | null;
}

export const USUAL_PHOTO_BYTES = 4 * 1024 * 1024;
export const LOW_SPACE_BYTES = 500 * 1024 * 1024;

/** Ask the browser to keep the data. To be asked at the first answer that was saved, where a person's tap stands behind it. */
export async function askToPersist(): Promise<boolean | null> {
  try {
    if (await navigator.storage.persisted()) return true;
    return await navigator.storage.persist();
  } catch {
    return null;
  }
}

export async function readSpace(usualPhotoBytes = USUAL_PHOTO_BYTES): Promise<Space> {
  const isPersistent = await attempt(() => navigator.storage.persisted());
  const estimate = await attempt(() => navigator.storage.estimate());
  if (estimate?.quota === undefined) return { isPersistent, freeBytes: null, photosLeft: null };
  const freeBytes = Math.max(0, estimate.quota - (estimate.usage ?? 0));
  return { isPersistent, freeBytes, photosLeft: Math.floor(freeBytes / Math.max(1, usualPhotoBytes)) };
}

async function attempt<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch {
    return null;
  }
}

/** One file whose bytes lie here and, by all that is known, on the server: it may be named by several audits. */
export interface FileHere {
  readonly sha256: string;
  readonly bytes: number;
  readonly audits: readonly string[];
}

/** Files that need not stay here. Not those that some audit still has to send, or that do not read back as they were taken. */
export async function filesOnServer(db: AuditbookDatabase): Promise<FileHere[]> {
  const needed = new Set((await db.uploads.where('state').anyOf('waiting', 'damaged').toArray()).map(fileOf));
  const files = new Map<string, { sha256: string; bytes: number; audits: string[] }>();
  for (const { audit, sha256, size } of await db.uploads.where('state').equals('stored').toArray()) {
    if (needed.has(sha256)) continue;
    const file = files.get(sha256) ?? { sha256, bytes: size, audits: [] };
    files.set(sha256, file);
    file.audits.push(audit);
  }
  return [...files.values()];
}

/** Take the bytes and the view away; the thumbnail stays. A file that was taken once more meanwhile stays whole. */
export async function dropBytes(db: AuditbookDatabase, files: readonly FileHere[]): Promise<FileHere[]> {
  const dropped: FileHere[] = [];
  for (const file of files) {
    await db.transaction('rw', [db.uploads, db.evidence_bytes, db.evidence_views, db.custody], async () => {
      const rows = await db.uploads.where('sha256').equals(file.sha256).toArray();
      if (rows.some(({ audit, state }) => state !== 'stored' || !file.audits.includes(audit))) return;
      await db.uploads.bulkDelete(rows.map(({ audit, sha256 }) => [audit, sha256] as [string, string]));
      await db.evidence_bytes.where('[sha256+index]').between([file.sha256, 0], [file.sha256, Infinity]).delete();
      await db.evidence_views.delete(file.sha256);
      for (const audit of file.audits) await noLongerLacking(db, audit, [file.sha256]);
      dropped.push(file);
    });
  }
  return dropped;
}

/** The server was restored and lacks them: they are sent again. */
export async function waitAgain(db: AuditbookDatabase, audit: string, hashes: readonly string[]): Promise<void> {
  await db.transaction('rw', db.uploads, async () => {
    for (const sha256 of hashes) {
      const row = await db.uploads.get([audit, sha256]);
      if (row?.state !== 'stored') continue;
      const body = encode({ ...decode(row.body), url: null, offset: 0 });
      await db.uploads.put({ ...row, state: 'waiting', body });
    }
  });
}

/** How much of this tablet is taken by files that lie on the server as well, as far as is known here. */
export function watchFilesOnServer(db: AuditbookDatabase): Live<{ count: number; bytes: number }> {
  return fromDatabase(async () => {
    const files = await filesOnServer(db);
    return { count: files.length, bytes: files.reduce((total, { bytes }) => total + bytes, 0) };
  });
}

function fileOf({ sha256 }: UploadRow): string {
  return sha256;
}
