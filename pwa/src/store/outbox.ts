/** What is on this tablet and not on the server yet. */
import { countCarried } from './carried';
import type { AuditbookDatabase } from './database';
import { fromDatabase, type Live } from './live';

export interface Outbox {
  /** Operations of this account that have not come back in the server's log. */
  readonly operations: number;
  /** Files whose bytes the server has not confirmed; also those that came by hand and rest here (carried.ts). */
  readonly photos: number;
  /** Files that read back differently from what was taken: told apart, since waiting does not help. */
  readonly damaged: number;
  /** Operations of others that came by hand and are to be taken to the server (carried.ts). */
  readonly carried: number;
  readonly byAudit: ReadonlyMap<string, WaitingWork>;
}

export interface WaitingWork {
  readonly operations: number;
  readonly photos: number;
  readonly carried: number;
}

export async function readOutbox(db: AuditbookDatabase): Promise<Outbox> {
  const keys = (await db.operations.orderBy('[audit+waiting]').keys()) as unknown as [string, number][];
  const uploads = await db.uploads.where('state').anyOf('waiting', 'damaged').toArray();
  const byAudit = new Map<string, { operations: number; photos: number; carried: number }>();
  const of = (audit: string): { operations: number; photos: number; carried: number } => {
    const found = byAudit.get(audit) ?? { operations: 0, photos: 0, carried: 0 };
    byAudit.set(audit, found);
    return found;
  };
  for (const [audit] of keys) of(audit).operations += 1;
  for (const upload of uploads) of(upload.audit).photos += 1;
  let carried = 0;
  for (const [audit, count] of await countCarried(db)) carried += of(audit).carried = count;
  const damaged = uploads.filter((upload) => upload.state === 'damaged').length;
  return { operations: keys.length, photos: uploads.length, damaged, carried, byAudit };
}

export function watchOutbox(db: AuditbookDatabase): Live<Outbox> {
  return fromDatabase(() => readOutbox(db));
}

/** How much of one audit waits. */
export async function waitingIn(db: AuditbookDatabase, audit: string): Promise<WaitingWork> {
  return (await readOutbox(db)).byAudit.get(audit) ?? { operations: 0, photos: 0, carried: 0 };
}
