/** What the office keeps and the tablet takes along: the session, people, clients, standards, settings, the server's state. */
import { sha256Of } from '../domain/operation';
import { canonicalText } from '../domain/plain-json';
import { catalogueTree, type Standard } from '../domain/standard';
import type { Schemas } from '../domain/vocabulary';
import { decode, encode } from './codec';
import type { AuditbookDatabase } from './database';
import { device } from './device';
import { fromDatabase, type Live } from './live';

export interface References {
  session: Schemas['Session'];
  state: Schemas['ServerState'];
  standards: Standard[];
  /** The tree of an edition by the hash that records name: of every one that ever came down. */
  [catalogues: `catalogue/${string}`]: Schemas['CatalogueTree'];
  [people: `people/${string}`]: Schemas['Person'][];
  [clients: `clients/${string}`]: Schemas['AuditClient'][];
  [settings: `settings/${string}`]: Schemas['Settings'];
}
export type ReferenceKey = keyof References & string;

export interface Kept<T> {
  readonly value: T;
  readonly etag: string | null;
  readonly fetchedAt: number;
}

export async function keepReference<K extends ReferenceKey>(
  db: AuditbookDatabase,
  key: K,
  value: References[K],
  etag: string | null = null,
): Promise<void> {
  await db.reference.put({ key, body: encode({ value, etag, fetched_at: device.now() }) });
}

/**
 * The editions, and the tree of each under its hash. A record is made with the edition that lies here at the time, and its report
 * may be asked for when a later one has come down and the server has lost the earlier.
 */
export async function keepStandards(
  db: AuditbookDatabase,
  standards: Standard[],
  etag: string | null = null,
): Promise<void> {
  await db.transaction('rw', db.reference, async () => {
    for (const standard of standards) {
      const tree = catalogueTree(standard);
      const kept = tree as unknown as Schemas['CatalogueTree'];
      await keepReference(db, `catalogue/${sha256Of(canonicalText(tree))}`, kept);
    }
    await keepReference(db, 'standards', standards, etag);
  });
}

export async function readReference<K extends ReferenceKey>(
  db: AuditbookDatabase,
  key: K,
): Promise<Kept<References[K]> | null> {
  const row = await db.reference.get(key);
  if (row === undefined) return null;
  const { value, etag, fetched_at } = decode(row.body);
  return { value: value as References[K], etag, fetchedAt: fetched_at };
}

/** null while it has never been fetched. */
export function watchReference<K extends ReferenceKey>(db: AuditbookDatabase, key: K): Live<References[K] | null> {
  return fromDatabase(async () => (await readReference(db, key))?.value ?? null);
}
