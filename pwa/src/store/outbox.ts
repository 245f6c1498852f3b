/** What is on this tablet and not on the server yet. */
import type { AuditbookDatabase } from './database';
import { fromDatabase, type Live } from './live';

export interface Outbox {
  /** Operations of this account that have not come back in the server's log. */
  readonly operations: number;
  /** Files whose bytes the server has not confirmed. */
  readonly photos: number;
  /** Files that read back differently from what was taken: told apart, since waiting does not help. */
  readonly damaged: number;
  readonly byAudit: ReadonlyMap<string, { operations: number; photos: number }>;
}

export async function readOutbox(db: AuditbookDatabase): Promise<Outbox> {
  const keys = (await db.operations.orderBy('[audit+waiting]').keys()) as unknown as [string, number][];
  const uploads = await db.uploads.where('state').anyOf('waiting', 'damaged').toArray();
  const byAudit = new Map<string, { operations: number; photos: number }>();
  const of = (audit: string): { operations: number; photos: number } => {
    const found = byAudit.get(audit) ?? { operations: 0, photos: 0 };
    byAudit.set(audit, found);
    return found;
  };
  for (const [audit] of keys) of(audit).operations += 1;
  for (const upload of uploads) of(upload.audit).photos += 1;
  const damaged = uploads.filter((upload) => upload.state === 'damaged').length;
  return { operations: keys.length, photos: uploads.length, damaged, byAudit };
}

export function watchOutbox(db: AuditbookDatabase): Live<Outbox> {
  return fromDatabase(() => readOutbox(db));
}

/** Whether the person may leave the site: everything of this audit has come back from the server. */
export function isSafeToLeave(outbox: Outbox, audit: string): boolean {
  return !outbox.byAudit.has(audit);
}
