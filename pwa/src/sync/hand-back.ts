/**
 * After the server was restored from a backup: hand its own log back to it, as far as it has signed it.
 *
 * Before: the log was pulled anew, so what the server has in common with the old log is known.
 * After:  the server holds every entry up to its old signature again, with origin and time of receipt, and the texts of those of which
 *         it had the header alone; or it has said why not, and then nothing more was taken in and everything is kept here.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { PROTOCOL, type ApiClient, type Failure } from '../api/client';
import type { Schemas } from '../domain/vocabulary';
import type { AuditbookDatabase, OperationRow } from '../store/database';
import { base64 } from '../store/keys';
import {
  countCommon,
  digestsOfHollow,
  forgetOldLog,
  isOldLogKept,
  nextPart,
  noteRefused,
  noteTaken,
  noteWhole,
  partOfHollow,
  readLines,
  readOldLogs,
  rememberLog,
  type OldLog,
} from '../store/old-log';
import { ownChains } from '../store/own-chains';
import { readCursor } from '../store/pulled';
import { problemOf, Stopped, tookTooLong } from './problem';
import { pack, sentForm, type BatchSize } from './push';

/** True where the server got something: it is to be pulled. `now`: the epoch of the server, where the log here has none. */
export async function handBack(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  size: BatchSize,
  isStopped: () => boolean = () => false,
  now?: string,
): Promise<boolean> {
  let isTaken = false;
  const stretches = await readOldLogs(db, audit, now);
  const hollow = stretches.length > 0 ? await digestsOfHollow(db, audit) : [];
  for (const epoch of new Set(stretches.map((one) => one.epoch))) {
    let [isWhole, taken] = [true, now ?? (await readCursor(db, audit)).epoch];
    // One after the other: what the next one says goes on from this one.
    for (const stretch of stretches.filter((one) => one.epoch === epoch)) {
      const told = await handBackOne(db, api, await readLines(db, stretch), hollow, size, isStopped, now);
      isTaken ||= told.isTaken;
      isWhole = told.isWhole;
      taken = told.epoch ?? taken;
      if (!isWhole) break;
    }
    if (isWhole && !isStopped() && taken !== null) await noteTaken(db, { audit, epoch }, taken);
  }
  return isTaken;
}

/** A server with another key has nothing that the former one signed, until it shows it: so it counts as one of another epoch. */
const NOT_THERE = ['sync.stretch_incomplete', 'sync.receipt_of_another_key'];

/**
 * Whether the server has the log that it signed in its very epoch. False where it was put back from a backup and nobody told it so: with
 * this proof it begins its next epoch. Where nothing is signed that this tablet could show, it is asked for what was sent from here.
 */
export async function isLogThere(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  size: BatchSize,
): Promise<boolean> {
  const epoch = (await db.logs.get(audit))?.epoch ?? null;
  if (epoch === null) return true;
  const stretches = async () => (await readOldLogs(db, audit)).filter((one) => one.epoch === epoch);
  // Also what was refused once is kept: the server's old key may be found again.
  const wasKept = await isOldLogKept(db, { audit, epoch });
  await db.transaction('rw', [db.operations, db.chains, db.logs, db.receipts, db.old_logs, db.old_lines], () =>
    rememberLog(db, audit),
  );
  const kept = await stretches();
  let isThere = kept.length > 0 || (await hearsOfOwn(db, api, audit));
  // The first of them, where it may lack all of it, and the last, where it lacks the end.
  for (const stretch of new Set([...kept.slice(0, 1), ...kept.slice(-1)])) {
    isThere &&= await isStretchThere(db, api, await readLines(db, stretch), size);
  }
  if (isThere && !wasKept) await forgetOldLog(db, { audit, epoch });
  return isThere;
}

async function isStretchThere(db: AuditbookDatabase, api: ApiClient, old: OldLog, size: BatchSize): Promise<boolean> {
  const answer = await send(api, old, 0, await nextPart(db, old, 0, size));
  if (answer.kind === 'ok') return answer.value.taken === 0 && answer.value.next === null;
  if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, old.audit));
  if (!isForGood(answer)) throw new Stopped(problemOf(answer, old.audit));
  return !NOT_THERE.includes(answer.problem.code);
}

/** Whoever has written in an audit hears of it also when out of the team. Where nothing was sent from here, nothing is known: true. */
async function hearsOfOwn(db: AuditbookDatabase, api: ApiClient, audit: string): Promise<boolean> {
  if (!(await ownChains(db, audit)).some(({ pushed }) => pushed > 0)) return true;
  const { epoch, seq } = await readCursor(db, audit);
  const answer = await api.pull(audit, { epoch, after: seq, limit: 1, without: null });
  if (answer.kind === 'ok') return true;
  if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, audit));
  if (!isForGood(answer)) throw new Stopped(problemOf(answer, audit));
  return !['request.not_found', 'sync.cursor_ahead'].includes(answer.problem.code);
}

interface Told {
  readonly isTaken: boolean;
  /** The server has every entry of the stretch. */
  readonly isWhole: boolean;
  /** In which epoch; null where it was not asked. */
  readonly epoch: string | null;
}

/** `hollow`: of which the server has the header alone. They go first, so that it knows them when it judges; those that went are taken out. */
async function handBackOne(
  db: AuditbookDatabase,
  api: ApiClient,
  old: OldLog,
  hollow: string[],
  size: BatchSize,
  isStopped: () => boolean,
  now?: string,
): Promise<Told> {
  const common = await countCommon(db, old);
  let [from, isTaken] = [common, false];
  let epoch: string | null = null;
  while (common < old.lines.length) {
    if (isStopped()) return { isTaken, isWhole: false, epoch };
    const texts = await partOfHollow(db, old.audit, hollow, size);
    const part = texts.length > 0 ? texts : await nextPart(db, old, from, size);
    const answer = await send(api, old, common, part);
    if (answer.kind === 'ok') {
      isTaken ||= answer.value.taken > 0;
      size.grow();
      const { next, taken } = answer.value;
      epoch = answer.value.epoch;
      await noteWhole(
        db,
        old.audit,
        hollow.splice(0, texts.length > 0 ? hollow.indexOf(texts.at(-1)!.digest) + 1 : hollow.length),
      );
      if (next === null && hollow.length === 0) break;
      // A text that is not here, or a server that does not move on: it will not be better this time.
      if (texts.length === 0 && next !== null && next - 1 <= old.after + from && taken === 0) {
        await noteRefused(db, old, 'sync.stretch_incomplete', now);
        return { isTaken, isWhole: false, epoch };
      }
      if (next !== null) from = next - 1 - old.after;
      continue;
    }
    if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, old.audit));
    const problem = problemOf(answer, old.audit);
    if (problem.status === 413 && size.halve(part.length)) continue;
    if (tookTooLong(answer)) size.gaveUp(part.length);
    // A limit on the way, too: the lines alone are too many for it, and the other audits are not to wait for that.
    if (!isForGood(answer) && problem.status !== 413) throw new Stopped(problem);
    await noteRefused(db, old, problem.code, now);
    return { isTaken, isWhole: false, epoch };
  }
  return { isTaken, isWhole: true, epoch };
}

/** The server itself said no, and would say so again. */
function isForGood(answer: Failure): answer is Extract<Failure, { kind: 'problem' }> {
  return answer.kind === 'problem' && [404, 409, 413, 422].includes(answer.status);
}

/** `common`: how many of its entries both have. Behind a receipt the server's own numbers may be others, so it begins at that. */
async function send(api: ApiClient, old: OldLog, common: number, part: OperationRow[]) {
  const { audit, epoch, after, begin, receipt, lines } = old;
  const skipped = begin === null ? common : 0;
  const { at, key, signature } = receipt;
  const given: Schemas['HandBack'] = {
    protocol: PROTOCOL,
    epoch,
    after: after + skipped,
    begin: begin && { hash: begin.hash, at: begin.at, key: begin.key, signature: begin.signature },
    receipt: { at, key, signature },
    entries: lines.slice(skipped).map((line) => line.join(' ')),
    operations: part.map(sentForm),
  };
  const body = new TextEncoder().encode(JSON.stringify(given));
  const packed = await pack(body);
  return api.handBack(audit, packed ?? body, base64(sha256(body)), packed !== null);
}
