/**
 * Take to the server what another tablet wrote and this one was handed: its batches as that tablet signed them.
 *
 * Before: the operations lie here, marked as carried (store/carried.ts).
 * After:  the server said of each that it holds its bytes. They are carried until pull.ts brings them back.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { PROTOCOL, type ApiClient } from '../api/client';
import { heldHash } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { noteCarried, readCarried } from '../store/carried';
import type { AuditbookDatabase, CarriedBatch, OperationRow } from '../store/database';
import { base64 } from '../store/keys';
import { problemOf, Stopped } from './problem';
import { shortBatch } from './short-lists';
import { pack, sentForm } from './push';

/** How many operations were taken along. A batch that the server does not take is noted, and holds nothing up. */
export async function carryAudit(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  isStopped: () => boolean = () => false,
): Promise<number> {
  let sent = 0;
  for (const { row, batch, operations } of await readCarried(db, audit)) {
    if (isStopped()) break;
    const answer = await send(api, audit, batch, operations);
    if (answer.kind === 'ok') {
      if (answer.value.held !== heldHash(operations.map(({ digest }) => digest))) {
        throw new Stopped({ code: 'sync.not_the_server', facts: { status: 200 }, status: 200, audit });
      }
      await noteCarried(db, row, null);
      sent += operations.length;
      continue;
    }
    if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, audit));
    const problem = problemOf(answer, audit);
    if (!isAboutThisBatch(problem.status)) throw new Stopped(problem);
    await noteCarried(db, row, problem.code);
  }
  return sent;
}

/** The server itself, or a limit on the way, does not take this one. It is tried again in the next run. */
function isAboutThisBatch(status: number | null): boolean {
  return status !== null && [400, 403, 404, 409, 413, 422].includes(status);
}

async function send(api: ApiClient, audit: string, batch: CarriedBatch, operations: readonly OperationRow[]) {
  const { installation, account, announced, head_signature } = batch;
  const push: Schemas['Push'] = {
    protocol: PROTOCOL,
    installation,
    account,
    announced,
    head_signature,
    ...shortBatch(
      operations.map(sentForm),
      operations.map(({ digest }) => digest),
    ),
  };
  const body = new TextEncoder().encode(JSON.stringify(push));
  const packed = await pack(body);
  return api.carry(audit, packed ?? body, base64(sha256(body)), packed !== null);
}
