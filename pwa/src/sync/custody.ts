/** Ask what the server holds of an audit, signed: after everything was sent, and before anybody leaves the site. */
import type { ApiClient } from '../api/client';
import { isCustodyToBeAsked, takeCustody } from '../store/custody';
import type { AuditbookDatabase } from '../store/database';
import { readCursor } from '../store/pulled';
import { problemOf, Stopped } from './problem';

/** A log that goes on while the answer is under way is asked about again in the next run. */
export async function askCustody(db: AuditbookDatabase, api: ApiClient, audit: string): Promise<void> {
  const { epoch, seq } = await readCursor(db, audit);
  if (epoch === null || !(await isCustodyToBeAsked(db, audit))) return;
  const answer = await api.readCustody(audit, { epoch, seq });
  if (answer.kind === 'ok') await takeCustody(db, audit, answer.value);
  // Whoever was taken out of the team gets no word about the whole audit; the own work is confirmed entry by entry.
  else if (answer.kind === 'problem' && answer.status === 404) return;
  else if (answer.kind !== 'unchanged') throw new Stopped(problemOf(answer, audit));
}
