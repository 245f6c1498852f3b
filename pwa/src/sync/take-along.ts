/**
 * Everything that days without a network will need comes down by itself: the audits of this account with their logs, the standards
 * they are held against, clients and people, and a thumbnail of every picture.
 */
import type { ApiClient, Answer } from '../api/client';
import { downscale } from '../capture/downscale';
import type { Standard } from '../domain/standard';
import type { Schemas } from '../domain/vocabulary';
import { decode, encode } from '../store/codec';
import type { AuditbookDatabase, Readiness } from '../store/database';
import { keepThumbnail } from '../store/pictures';
import { readKind, readLog } from '../store/queries';
import { keepReference, keepStandards, readReference, type References } from '../store/reference';
import { readCursor } from '../store/pulled';
import { noteServerKey } from '../store/receipts';
import { problemOf, Stopped } from './problem';

/** What the office keeps. A workspace that does not show something to this account is no problem. */
export async function refreshReference(
  db: AuditbookDatabase,
  api: ApiClient,
  session: Schemas['Session'],
): Promise<void> {
  await keepReference(db, 'session', session);
  await keepAnswer(db, 'state', await api.readState());
  await noteServerKey(db, (await readReference(db, 'state'))?.value.log_key);
  await refreshStandards(db, api);
  for (const { id } of session.workspaces) {
    await refresh(db, `people/${id}`, (etag) => api.readPeople(id, etag));
    await refresh(db, `clients/${id}`, (etag) => api.readClients(id, etag));
    await refresh(db, `settings/${id}`, (etag) => api.readSettings(id, etag));
  }
}

async function refreshStandards(db: AuditbookDatabase, api: ApiClient): Promise<void> {
  const kept = await readReference(db, 'standards');
  const list = await api.readStandards(kept?.etag ?? null);
  if (list.kind === 'unchanged') return;
  const editions = valueOf(list);
  if (editions === null) return;
  const standards: Standard[] = [];
  for (const { id } of editions) {
    const standard = valueOf(await api.readStandard(id));
    if (standard === null) return;
    standards.push(standard);
  }
  await keepStandards(db, standards, list.kind === 'ok' ? list.etag : null);
}

async function refresh<K extends keyof References & string>(
  db: AuditbookDatabase,
  key: K,
  ask: (etag: string | null) => Promise<Answer<References[K]>>,
): Promise<void> {
  const kept = await readReference(db, key);
  await keepAnswer(db, key, await ask(kept?.etag ?? null));
}

async function keepAnswer<K extends keyof References & string>(
  db: AuditbookDatabase,
  key: K,
  answer: Answer<References[K]>,
): Promise<void> {
  const value = valueOf(answer);
  if (value !== null && answer.kind === 'ok') await keepReference(db, key, value, answer.etag);
}

/** null where there is nothing new, or this account may not see it. */
function valueOf<T>(answer: Answer<T>): T | null {
  if (answer.kind === 'ok') return answer.value;
  if (answer.kind === 'unchanged') return null;
  const problem = problemOf(answer);
  if (answer.kind === 'problem' && [403, 404].includes(answer.status)) return null;
  throw new Stopped(problem);
}

/** The server's list. An audit that is no longer on it stays on this tablet, with what was written in it. */
export async function keepListings(db: AuditbookDatabase, listings: readonly Schemas['AuditListing'][]): Promise<void> {
  await db.transaction('rw', db.audits, async () => {
    const before = new Map((await db.audits.toArray()).map((row) => [row.id, row]));
    const listed = new Set(listings.map((listing) => listing.id));
    await db.audits.bulkPut([
      ...[...before.values()].filter((row) => !listed.has(row.id)).map((row) => ({ ...row, listed: 0 as const })),
      ...listings.map((listing) => {
        const row = before.get(listing.id);
        const readiness = row === undefined ? null : decode(row.body).readiness;
        return { id: listing.id, listed: 1 as const, body: encode({ listing, readiness }) };
      }),
    ]);
  });
}

/** By hash, what this browser could not draw, until the app is loaded again: it is not fetched anew with every sync. */
const undrawable = new Set<string>();

/** Thumbnails that are missing here. What the server does not hold yet either, what was withdrawn, or nobody can decode, is not missed. */
export async function fetchThumbnails(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  isStopped: () => boolean = () => false,
  shrink: typeof downscale = downscale,
): Promise<number> {
  const here = new Set((await db.evidence_thumbnails.toCollection().primaryKeys()) as string[]);
  let missing = 0;
  for (const evidence of await readKind(db, audit, 'evidence')) {
    const sha256 = evidence.get('sha256') ?? '';
    const mediaType = evidence.get('media_type') ?? '';
    if (!mediaType.startsWith('image/') || here.has(sha256) || undrawable.has(sha256)) continue;
    if (isStopped()) {
      missing += 1;
      continue;
    }
    const answer = await api.readEvidence(audit, sha256, 'thumbnail');
    if (answer.kind === 'ok') {
      const pictures = await shrink(answer.value, 'image/jpeg');
      if (pictures === null) undrawable.add(sha256);
      else await keepThumbnail(db, sha256, answer.value);
    } else if (answer.kind === 'problem') {
      missing += [404, 410].includes(answer.status) ? 0 : 1;
    } else if (answer.kind !== 'unchanged') {
      throw new Stopped(problemOf(answer, audit));
    }
  }
  return missing;
}

/** Whether this audit can be taken where there is no network. */
export async function noteReadiness(
  db: AuditbookDatabase,
  listing: Schemas['AuditListing'],
  missingThumbnails: number,
): Promise<Readiness> {
  const audit = listing.id;
  const cursor = await readCursor(db, audit);
  const view = await readLog(db, audit);
  const known = new Set((await readReference(db, 'standards'))?.value.map((standard) => standard.id));
  const readiness: Readiness = {
    isLogComplete: cursor.epoch === listing.epoch && cursor.seq >= listing.head.seq,
    missingStandards: (view.find('audit', audit)?.get('criteria') ?? []).filter((id) => !known.has(id)),
    missingThumbnails,
  };
  await db.audits.update(audit, { body: encode({ listing, readiness }) });
  return readiness;
}
