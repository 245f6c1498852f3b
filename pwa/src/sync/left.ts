/**
 * What was erased in audits that are on this tablet and not in this account's list any more: nothing of them is pulled, and content that
 * has to go goes all the same; and which of them the server does not have any more as they were pulled here. One request for all of
 * them, and none where there is no such audit.
 */
import type { ApiClient } from '../api/client';
import type { Schemas } from '../domain/vocabulary';
import type { AuditbookDatabase } from '../store/database';
import { dropErased, readLeft } from '../store/left';
import { problemOf, Stopped } from './problem';

/** As many as one request may name (`MAX_LEFT` in schemas/sync.py). */
const AT_ONCE = 500;

/** The audits that are not there as they were pulled: a backup was put back, and nobody may have what was written here. */
export async function hearOfLeft(
  db: AuditbookDatabase,
  api: ApiClient,
  listings: readonly Schemas['AuditListing'][],
): Promise<string[]> {
  const lacking: string[] = [];
  const left = await readLeft(db, new Set(listings.map(({ id }) => id)));
  for (let from = 0; from < left.length; from += AT_ONCE) {
    const answer = await api.readErasedInLeft(left.slice(from, from + AT_ONCE));
    if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }));
    if (answer.kind !== 'ok') throw new Stopped(problemOf(answer));
    for (const there of answer.value) {
      if (there.erased.length > 0) await dropErased(db, there);
      if (!there.is_there && (await isWherePulled(db, left, there.id))) lacking.push(there.id);
    }
  }
  return lacking;
}

/** Whether the server was asked for the end of the log that was pulled from it in this epoch, and not for what it had signed before. */
async function isWherePulled(
  db: AuditbookDatabase,
  left: readonly Schemas['LeftAudit'][],
  audit: string,
): Promise<boolean> {
  const log = await db.logs.get(audit);
  return log?.epoch != null && left.find(({ id }) => id === audit)?.seq === log.seq;
}
