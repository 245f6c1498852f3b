/**
 * Whether files in full size are sent as soon as there is a network, or when the person says so: an iPad does not tell an app whether
 * it pays for its network.
 */
import type { AuditbookDatabase, UploadRow } from './database';
import { fromDatabase, type Live } from './live';

const KEY = 'large_files';
/** Bytes from which on a file is large. Smaller ones never wait. */
export const LARGE_BYTES = 1024 * 1024;

export function isLarge(row: Pick<UploadRow, 'size'>): boolean {
  return row.size >= LARGE_BYTES;
}

/** True where large files wait for a better network. */
export async function areLargeHeld(db: AuditbookDatabase): Promise<boolean> {
  return (await db.device_state.get(KEY))?.value === 'held';
}

export async function holdLarge(db: AuditbookDatabase, isHeld: boolean): Promise<void> {
  if (isHeld) await db.device_state.put({ key: KEY, value: 'held' });
  else await db.device_state.delete(KEY);
}

export interface LargeFiles {
  readonly isHeld: boolean;
  /** Large ones that the server does not hold yet. */
  readonly count: number;
  readonly bytes: number;
}

export function watchLarge(db: AuditbookDatabase): Live<LargeFiles> {
  return fromDatabase(async () => {
    const waiting = (await db.uploads.where('state').equals('waiting').toArray()).filter(isLarge);
    return {
      isHeld: await areLargeHeld(db),
      count: waiting.length,
      bytes: waiting.reduce((sum, row) => sum + row.size, 0),
    };
  });
}
