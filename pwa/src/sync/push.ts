/**
 * Send what is waiting, chain by chain, batch by batch.
 *
 * Before: the operations lie on this tablet.
 * After:  the server said of each that it holds its bytes. They count as safe only when pull.ts brings them back.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { PROTOCOL, type Answer, type ApiClient } from '../api/client';
import { headStatement, heldHash } from '../domain/operation';
import type { Schemas } from '../domain/vocabulary';
import { decode } from '../store/codec';
import type { AuditbookDatabase, ChainRow, OperationRow } from '../store/database';
import { base64, deviceKey, signText } from '../store/keys';
import { markPushed, nextBatch, ownChains } from '../store/own-chains';
import { checkReceipt, noteReceipt } from '../store/receipts';
import { problemOf, Stopped, tookTooLong } from './problem';
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
      const answer = await sendBatch(db, api, row, batch, size);
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

async function sendBatch(
  db: AuditbookDatabase,
  api: ApiClient,
  chain: ChainRow,
  batch: readonly OperationRow[],
  size: BatchSize,
) {
  const last = batch.at(-1)!;
  // Signed here and not where the operations are made: a signature has to be awaited, and a transaction would end.
  const key = await deviceKey(db, chain.installation);
  const statement = headStatement(chain, last.dseq!, last.digest);
  const head = {
    installation: chain.installation,
    account: chain.account,
    announced: { dseq: chain.dseq, digest: chain.digest },
    head_signature: await signText(key, statement),
  };
  return sendInKnownForm(head, batch, size, (...body) => api.push(chain.audit, ...body));
}

type Body = [body: Uint8Array<ArrayBuffer>, digest: string, isPacked: boolean];

/** In the short form; whole where the server does not know that, and from then on. `head`: whose batch it is. */
export async function sendInKnownForm<T>(
  head: Omit<Schemas['Push'], 'protocol' | 'form' | 'operations'>,
  batch: readonly OperationRow[],
  size: BatchSize,
  send: (...body: Body) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  const operations = batch.map(sentForm);
  const digests = batch.map(({ digest }) => digest);
  for (;;) {
    // An older server refuses a key that it does not know, so whole is what names no form.
    const told = size.isShort ? shortBatch(operations, digests) : { operations };
    const body = new TextEncoder().encode(JSON.stringify({ protocol: PROTOCOL, ...head, ...told }));
    const packed = await pack(body);
    const answer = await send(packed ?? body, base64(sha256(body)), packed !== null);
    if (!size.isShort || answer.kind !== 'problem' || !isFormUnknown(answer.problem.code, answer.status)) return answer;
    size.isShort = false;
  }
}

/** The short form was refused, or something in the body that the schema there does not have. */
function isFormUnknown(code: string, status: number): boolean {
  return code === 'sync.short_form' || (code === 'request.malformed' && status === 422);
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
