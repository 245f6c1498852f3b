/**
 * After the server was restored from a backup: hand its own log back to it, as far as it has signed it.
 *
 * Before: the log was pulled anew, so what the server has in common with the old log is known.
 * After:  the server holds every entry up to its old signature again, with origin and time of receipt; or it has said why not, and
 *         then nothing was taken in and everything is kept here.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { PROTOCOL, type ApiClient } from '../api/client';
import type { Schemas } from '../domain/vocabulary';
import type { AuditbookDatabase, OperationRow } from '../store/database';
import { base64 } from '../store/keys';
import { countCommon, forgetOldLog, nextPart, noteRefused, readOldLogs, type OldLog } from '../store/old-log';
import { problemOf, Stopped } from './problem';
import { pack, sentForm, type BatchSize } from './push';

/** True where the server got something: it is to be pulled. */
export async function handBack(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  size: BatchSize,
  isStopped: () => boolean = () => false,
): Promise<boolean> {
  let isTaken = false;
  for (const old of await readOldLogs(db, audit)) {
    if (await handBackOne(db, api, old, size, isStopped)) isTaken = true;
  }
  return isTaken;
}

async function handBackOne(
  db: AuditbookDatabase,
  api: ApiClient,
  old: OldLog,
  size: BatchSize,
  isStopped: () => boolean,
): Promise<boolean> {
  const common = await countCommon(db, old);
  let [from, isTaken] = [common, false];
  while (common < old.lines.length && !isStopped()) {
    const part = await nextPart(db, old, from, size);
    const answer = await send(api, old, common, part);
    if (answer.kind === 'ok') {
      isTaken ||= answer.value.taken > 0;
      size.grow();
      const next = answer.value.next;
      if (next === null) break;
      // A text that is not here, or a server that does not move on: it will not be better this time.
      if (next - 1 <= from && answer.value.taken === 0) {
        await noteRefused(db, old, 'sync.stretch_incomplete');
        return isTaken;
      }
      from = next - 1;
      continue;
    }
    if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, old.audit));
    const problem = problemOf(answer, old.audit);
    if (problem.status === 413 && size.halve(part.length)) continue;
    if (!isForGood(problem.status)) throw new Stopped(problem);
    await noteRefused(db, old, problem.code);
    return isTaken;
  }
  if (!isStopped()) await forgetOldLog(db, old);
  return isTaken;
}

/** The server itself said no, and would say so again. */
function isForGood(status: number | null): boolean {
  return status !== null && [404, 409, 413, 422].includes(status);
}

async function send(api: ApiClient, { audit, epoch, receipt, lines }: OldLog, after: number, part: OperationRow[]) {
  const { at, key, signature } = receipt;
  const given: Schemas['HandBack'] = {
    protocol: PROTOCOL,
    epoch,
    after,
    receipt: { at, key, signature },
    entries: lines.slice(after).map((line) => line.join(' ')),
    operations: part.map(sentForm),
  };
  const body = new TextEncoder().encode(JSON.stringify(given));
  const packed = await pack(body);
  return api.handBack(audit, packed ?? body, base64(sha256(body)), packed !== null);
}
