/** What the office keeps and the tablet takes along: the session, people, clients, standards, settings, the server's state. */
import type { Standard } from '../domain/standard';
import type { Schemas } from '../domain/vocabulary';
import { decode, encode } from './codec';
import type { AuditbookDatabase } from './database';
import { device } from './device';
import { fromDatabase, type Live } from './live';

export interface References {
  session: Schemas['Session'];
  state: Schemas['ServerState'];
  standards: Standard[];
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
