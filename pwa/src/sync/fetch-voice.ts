/** The bytes of a voice note: those that lie here, else those of the server, which are not kept here. */
import { ApiClient } from '../api/client';
import { hashOf } from '../capture/hash';
import type { AuditbookDatabase } from '../store/database';
import { readEvidence } from '../store/evidence-bytes';

/** Null where they are neither here nor to be had, or are not what was recorded. */
export async function fetchVoice(
  db: AuditbookDatabase,
  audit: string,
  sha256: string,
  api = new ApiClient(),
): Promise<ArrayBuffer | null> {
  const here = await readEvidence(db, sha256);
  if (here !== undefined) return here.buffer;
  const answer = await api.readEvidence(audit, sha256);
  if (answer.kind !== 'ok' || (await hashOf(answer.value)) !== sha256) return null;
  return answer.value;
}
