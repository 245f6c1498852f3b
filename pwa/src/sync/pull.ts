/**
 * Bring what this tablet has not seen, page by page, and notice when the server is not what it was.
 *
 * After: the log here ends where the server's ends, numbers are contiguous and the running hash agrees. Where they do not, the
 *        cursor has gone back to 0; nothing was wiped.
 */
import type { ApiClient } from '../api/client';
import { readWanted, takeContent } from '../store/content-back';
import { installationOf, type AuditbookDatabase } from '../store/database';
import { applyPage, readCursor } from '../store/pulled';
import { resetCursor } from '../store/repair';
import { problemOf, Stopped } from './problem';
import { wholePage } from './short-lists';

const PAGE = 500;
/** One repair in a run: a server that does not agree with itself must not keep the tablet busy for ever. */
const REPAIRS = 1;
const BACK_TO_START = ['sync.epoch_changed', 'sync.cursor_ahead'];

export interface PullResult {
  readonly received: number;
  readonly wasReset: boolean;
  /** This tablet has a double, as after a restored backup: it writes under a new installation from now on. */
  readonly isForked: boolean;
}

export async function pullAudit(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  isStopped: () => boolean = () => false,
): Promise<PullResult> {
  let [received, repairs, isForked] = [0, 0, false];
  // What this tablet has made itself need not be sent to it: it comes back as digests, until one of them is not here.
  let without: string | null = await installationOf(db);
  let isShort = true;
  const goBack = async (): Promise<void> => {
    if ((repairs += 1) > REPAIRS) throw new Stopped({ code: 'sync.inconsistent', facts: {}, status: null, audit });
    await resetCursor(db, audit);
  };
  while (!isStopped()) {
    const cursor = await readCursor(db, audit);
    const asked = {
      epoch: cursor.epoch,
      after: cursor.seq,
      limit: PAGE,
      without,
      ...(isShort && { form: 'short' as const }),
    };
    const answer = await api.pull(audit, asked);
    if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, audit));
    if (answer.kind !== 'ok') {
      const problem = problemOf(answer, audit);
      if (!BACK_TO_START.includes(problem.code)) throw new Stopped(problem);
      await goBack();
      continue;
    }
    const page = wholePage(answer.value);
    if (page === null) {
      // What cannot be made whole again is asked for as it is.
      if (!isShort) throw new Stopped(problemOf({ kind: 'not_the_server', status: 200 }, audit));
      isShort = false;
      continue;
    }
    const result = await applyPage(db, audit, cursor, page, without === null);
    if (result.kind === 'mismatch') {
      await goBack();
      continue;
    }
    if (result.kind === 'incomplete') {
      if (without === null) throw new Stopped({ code: 'sync.inconsistent', facts: {}, status: null, audit });
      without = null;
      continue;
    }
    if (result.kind === 'stale') continue;
    received += result.count;
    isForked ||= result.isForked;
    if (result.count === 0 || answer.value.next >= answer.value.head.seq) break;
  }
  await pullContent(db, api, audit, isStopped);
  return { received, wasReset: repairs > 0, isForked };
}

/** What came without its content and has got it back: one entry each. It happens rarely. */
async function pullContent(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  isStopped: () => boolean,
): Promise<void> {
  for (const { digest, seq } of await readWanted(db, audit)) {
    if (isStopped()) return;
    const { epoch } = await readCursor(db, audit);
    const answer = await api.pull(audit, { epoch, after: seq! - 1, limit: 1, without: null });
    if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, audit));
    if (answer.kind !== 'ok') throw new Stopped(problemOf(answer, audit));
    await takeContent(db, audit, digest, answer.value.operations[0]);
  }
}
