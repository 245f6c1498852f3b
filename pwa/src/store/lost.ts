/**
 * Whose entries do not count since the server was restored: it lacks them, and nobody can prove them to it. They stay on this tablet
 * (repair.ts) and count again as soon as they come from there.
 */
import { isOnOperation } from '../domain/fold';
import type { AuditbookDatabase } from './database';
import { fromDatabase, type Live } from './live';
import { readRefusedCodes } from './old-log';
import { namesOf } from './names';
import { entryOf } from './refold';

export interface LostEntries {
  /** The account; `office` for what was written on the server. */
  readonly author: string;
  readonly count: number;
}

export const OFFICE = 'office';

/** The most first. What the server said about entries is not counted: it was nobody's work. */
export async function readLost(db: AuditbookDatabase, audit: string): Promise<LostEntries[]> {
  const counts = new Map<string, number>();
  for (const row of await db.operations.where('[audit+lost]').equals([audit, 1]).toArray()) {
    const entry = entryOf(row);
    if (entry !== null && isOnOperation(entry.operation)) continue;
    const author = row.origin === 'server' ? OFFICE : (entry?.operation.chain.account ?? '');
    counts.set(author, (counts.get(author) ?? 0) + 1);
  }
  return [...counts]
    .map(([author, count]) => ({ author, count }))
    .toSorted((one, other) => other.count - one.count || (one.author < other.author ? -1 : 1));
}

export interface LostReport {
  readonly entries: readonly LostEntries[];
  /** By account, as far as the team or the office says. */
  readonly names: ReadonlyMap<string, string>;
  /** Why the server did not take back what it had signed. */
  readonly refused: readonly string[];
}

export function watchLost(db: AuditbookDatabase, audit: string): Live<LostReport> {
  return fromDatabase(async () => {
    const entries = await readLost(db, audit);
    if (entries.length === 0) return { entries, names: new Map(), refused: [] };
    const names = await namesOf(
      db,
      audit,
      entries.map(({ author }) => author),
    );
    return { entries, names, refused: await readRefusedCodes(db, audit) };
  });
}
