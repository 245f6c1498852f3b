/**
 * Take to the server what another tablet wrote and this one was handed: its batches as that tablet signed them.
 *
 * Before: the operations lie here, marked as carried (store/carried.ts).
 * After:  the server said of each that it holds its bytes. They are carried until pull.ts brings them back.
 */
import type { ApiClient } from '../api/client';
import { heldHash } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { noteCarried, readCarried, WAITS_FOR_AUTHOR } from '../store/carried';
import type { AuditbookDatabase, CarriedBatch } from '../store/database';
import { problemOf, Stopped } from './problem';
import { sendInKnownForm, type BatchSize } from './push';

/** The batches of which the server has said that it holds them. One that it does not take is noted, and holds nothing up. */
export async function carryAudit(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  size: BatchSize,
  isStopped: () => boolean = () => false,
): Promise<CarriedBatch[]> {
  const held: CarriedBatch[] = [];
  for (const { row, batch, operations } of await readCarried(db, audit)) {
    if (isStopped()) break;
    const { installation, account, announced, head_signature, public_key } = batch;
    const head = { installation, account, announced, head_signature };
    const send = (told: typeof head & { public_key?: string | null }) =>
      sendInKnownForm(told, operations, size, (...body) => api.carry(audit, ...body));
    // Our own from another tablet: this says that it was ours, where the server does not know it.
    const isOwn = account === db.account && public_key !== null;
    let answer = await send(isOwn ? { ...head, public_key } : head);
    // An older server refuses a key that it does not know.
    if (isOwn && answer.kind === 'problem' && answer.problem.code === 'request.malformed') answer = await send(head);
    if (answer.kind === 'ok') {
      if (answer.value.held !== heldHash(operations.map(({ digest }) => digest))) {
        throw new Stopped({ code: 'sync.not_the_server', facts: { status: 200 }, status: 200, audit });
      }
      await noteCarried(db, row, answer.value.verdicts.some(waitsForAuthor) ? WAITS_FOR_AUTHOR : null);
      held.push(batch);
      continue;
    }
    if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, audit));
    const problem = problemOf(answer, audit);
    if (!isAboutThisBatch(problem.status)) throw new Stopped(problem);
    await noteCarried(db, row, problem.code);
  }
  return held;
}

const waitsForAuthor = ({ reason }: Schemas['Verdict']): boolean => reason?.code === WAITS_FOR_AUTHOR;

/** The server itself, or a limit on the way, does not take this one. It is tried again in the next run. */
function isAboutThisBatch(status: number | null): boolean {
  return status !== null && [400, 403, 404, 409, 413, 422].includes(status);
}
