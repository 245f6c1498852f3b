/**
 * Smaller pictures go ahead of the files that they were made of: first all thumbnails, then all pictures in the size of a report. On a
 * slow line whoever waits at the office sees within seconds what was photographed. They prove nothing, and once the original is there,
 * the server makes its own.
 */
import type { ApiClient } from '../api/client';
import type { AuditbookDatabase, UploadRow } from '../store/database';
import { readPictureBytes } from '../store/pictures';
import { inLanes } from './lanes';
import { problemOf, Stopped } from './problem';

export type AheadSize = 'thumbnail' | 'view';

/** Files at once: on a line with a long way, one after the other would mostly wait. */
export const LANES = 3;

/** `there`: what the server holds already, as `<audit>/<sha256>`. How many were sent. What the server does not take is left out: the original follows all the same. */
export async function sendAhead(
  db: AuditbookDatabase,
  api: ApiClient,
  size: AheadSize,
  rows: readonly UploadRow[],
  there: ReadonlySet<string>,
  isStopped: () => boolean,
): Promise<number> {
  let sent = 0;
  await inLanes(LANES, rows, async ({ audit, sha256, size: bytes }) => {
    if (isStopped() || there.has(`${audit}/${sha256}`)) return;
    const picture = await readPictureBytes(db, sha256, size);
    // One that is hardly smaller is no help.
    if (picture === undefined || picture.byteLength > bytes / 2) return;
    const answer = await api.sendAhead(audit, sha256, size, picture);
    if (answer.kind === 'ok') sent += 1;
    else if (answer.kind === 'problem' && !isOfTheWhole(answer.status)) return;
    else if (answer.kind !== 'unchanged') throw new Stopped(problemOf(answer, audit));
  });
  return sent;
}

/** It concerns more than this picture: who asks, or how the server is. */
function isOfTheWhole(status: number): boolean {
  return status === 401 || status === 429 || status >= 500;
}
