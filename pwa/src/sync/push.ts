/**
 * Send what is waiting, chain by chain, batch by batch.
 *
 * Before: the operations lie on this tablet.
 * After:  the server said of each that it holds its bytes. They count as safe only when pull.ts brings them back.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { PROTOCOL, type ApiClient } from '../api/client';
import { headStatement, heldHash } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { decode } from '../store/codec';
import type { AuditbookDatabase, ChainRow, OperationRow } from '../store/database';
import { base64, deviceKey, signText } from '../store/keys';
import { markPushed, nextBatch, ownChains } from '../store/own-chains';
import { checkReceipt, noteReceipt } from '../store/receipts';
import { problemOf, Stopped, tookTooLong, type SyncProblem } from './problem';
import { shortBatch } from './short-lists';

/** How much one request carries. Halved where something on the way finds it too large; it recovers batch by batch. */
export class BatchSize {
  static readonly MOST_OPERATIONS = 500;
  static readonly MOST_BYTES = 256 * 1024;
  /** After a batch was given up so many go through before a larger one is tried: each that is given up costs somebody's patience. */
  static readonly STEADY = 8;
  operations = BatchSize.MOST_OPERATIONS;
  bytes = BatchSize.MOST_BYTES;
  /** Until a server says that it does not know the short form. */
  isShort = true;
  #steady = 0;

  /** False where it cannot become smaller. */
  halve(sent: number): boolean {
    if (sent <= 1) return false;
    this.operations = Math.max(1, Math.floor(sent / 2));
    this.bytes = Math.max(1024, Math.floor(this.bytes / 2));
    return true;
  }

  /** Somebody on the way took too long over this many. */
  gaveUp(sent: number): void {
    this.#steady = BatchSize.STEADY;
    this.halve(sent);
  }

  grow(): void {
    if (this.#steady > 0) {
      this.#steady -= 1;
      return;
    }
    this.operations = Math.min(BatchSize.MOST_OPERATIONS, this.operations * 2);
    this.bytes = Math.min(BatchSize.MOST_BYTES, this.bytes * 2);
  }
}

export interface PushResult {
  readonly sent: number;
  /** The epoch of the server that answered; null where there was nothing to send. */
  readonly epoch: string | null;
}

/** Everything of one audit that the server has not said it holds. */
export async function pushAudit(
  db: AuditbookDatabase,
  api: ApiClient,
  audit: string,
  size: BatchSize,
  isStopped: () => boolean = () => false,
): Promise<PushResult> {
  let sent = 0;
  let epoch: string | null = null;
  for (const { chain } of await ownChains(db, audit)) {
    let repairs = 0;
    while (!isStopped()) {
      const row = await db.chains.get(chain);
      const batch = row === undefined ? [] : await nextBatch(db, row, size);
      if (row === undefined || batch.length === 0) break;
      const answer = await sendBatch(db, api, row, batch, size.isShort);
      if (answer.kind === 'ok') {
        confirmHeld(answer.value, batch, audit);
        await lookAtReceipt(db, audit, answer.value);
        await markPushed(db, chain, batch.at(-1)!.dseq!);
        sent += batch.length;
        epoch = answer.value.epoch;
        size.grow();
        continue;
      }
      if (answer.kind === 'unchanged') throw new Stopped(problemOf({ kind: 'not_the_server', status: 304 }, audit));
      const problem = problemOf(answer, audit);
      if (problem.status === 413 && size.halve(batch.length)) continue;
      if (size.isShort && isNotKnown(problem)) {
        size.isShort = false;
        continue;
      }
      // Not at once: whoever gave it up is busy, or the line is bad. The next attempt is a smaller one.
      if (tookTooLong(answer)) size.gaveUp(batch.length);
      const expected = problem.facts['expected'];
      // The server was restored, or another tab was faster: go on where the server says it stands.
      if (problem.code === 'chain.gap' && typeof expected === 'number' && (repairs += 1) <= 3) {
        await markPushed(db, chain, expected - 1);
        continue;
      }
      throw new Stopped(problem);
    }
  }
  return { sent, epoch };
}

/** An older server refuses a body with a key that it does not know, or the short form itself. */
function isNotKnown({ code, status }: SyncProblem): boolean {
  return code === 'sync.short_form' || status === 422;
}

async function sendBatch(
  db: AuditbookDatabase,
  api: ApiClient,
  chain: ChainRow,
  batch: readonly OperationRow[],
  isShort: boolean,
) {
  const digests = batch.map(({ digest }) => digest);
  const last = batch.at(-1)!;
  // Signed here and not where the operations are made: a signature has to be awaited, and a transaction would end.
  const key = await deviceKey(db, chain.installation);
  const statement = headStatement(chain, last.dseq!, last.digest);
  const push: Schemas['Push'] = {
    protocol: PROTOCOL,
    installation: chain.installation,
    account: chain.account,
    announced: { dseq: chain.dseq, digest: chain.digest },
    head_signature: await signText(key, statement),
    ...(isShort ? shortBatch(batch.map(sentForm), digests) : { form: 'whole', operations: batch.map(sentForm) }),
  };
  const body = new TextEncoder().encode(JSON.stringify(push));
  const digest = base64(sha256(body));
  const packed = await pack(body);
  return api.push(chain.audit, packed ?? body, digest, packed !== null);
}

/** The text as it was made, or what is left of it. */
export function sentForm(row: OperationRow): Schemas['Push']['operations'][number] {
  const text = decode(row.body);
  return row.content_sha256 === undefined ? text : { header: text, content_sha256: row.content_sha256 };
}

/** An answer that does not prove to be to this very batch is nobody's answer. */
function confirmHeld(answer: Schemas['PushAnswer'], batch: readonly OperationRow[], audit: string): void {
  if (answer.held === heldHash(batch.map((row) => row.digest))) return;
  throw new Stopped({ code: 'sync.not_the_server', facts: { status: 200 }, status: 200, audit });
}

/** It signs a log whose end is not here yet, so only a bad one is noted; pull.ts keeps the good ones. */
async function lookAtReceipt(db: AuditbookDatabase, audit: string, answer: Schemas['PushAnswer']): Promise<void> {
  const point = { audit, epoch: answer.epoch, ...answer.head };
  await noteReceipt(db, point, answer.receipt, await checkReceipt(db, point, answer.receipt), false);
}

/** gzip, where the browser has it; null where it has not, or where packing would not make it smaller. */
export async function pack(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
  if (typeof CompressionStream === 'undefined') return null;
  const packed = new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip')));
  const bytes = new Uint8Array(await packed.arrayBuffer());
  return bytes.length < body.length ? bytes : null;
}
