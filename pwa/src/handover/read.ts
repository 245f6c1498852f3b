/**
 * Open a file that was taken out by hand, and say what it holds. Nothing is written yet: take-in.ts does that.
 *
 * A log is believed as far as the server has signed it, and as far as it goes on from what this tablet has of the same epoch: it is
 * checked like a page that comes from the server. What is not signed by the server is what other tablets wrote, and stands under
 * their names until the server has seen their signatures. An audit that this tablet does not have appears only where its
 * log says that this account is in the team: a file is no way round permissions.
 */
import {
  batchesName,
  CONTENTS_NAME,
  entryNames,
  logName,
  malformed,
  MOST_CONTENTS_BYTES,
  MOST_LINE_BYTES,
  MOST_LINES_BYTES,
  readBatch,
  readContents,
  readLine,
  type HandoverAudit,
  type HandoverContents,
  type HandoverLine,
} from '../domain/handover';
import { foldLog, readEntry, type Entry } from '../domain/fold';
import { advanceRunningHash, digestOf, digestOfErased } from '../domain/operation';
import { isRefusal, refuse, type Refusal } from '../domain/refusal';
import { foldTeam } from '../domain/team';
import type { Origin } from '../domain/vocabulary';
import { readBrought, type BroughtBatch, type BroughtOperation } from '../store/carried';
import type { AuditbookDatabase } from '../store/database';
import { readCursor } from '../store/pulled';
import { checkReceipt } from '../store/receipts';
import { HandoverProblem } from './problem';
import { partsOf, unseal, type Unsealed } from './sealed';
import { readZip, ZipProblem, type FoundEntry } from './zip';

/** What becomes of the log of one audit: `new` goes on from what is here; of the others nothing is taken. */
export type LogState = 'none' | 'nothing_new' | 'new' | 'other_epoch' | 'unproved';

export interface OpenedAudit {
  readonly contents: HandoverAudit;
  readonly isNew: boolean;
  readonly log: LogState;
  /** Lines behind this tablet's cursor; empty unless `log` is `new`. */
  readonly lines: readonly HandoverLine[];
  readonly batches: readonly BroughtBatch[];
  /** Unsent operations that this tablet does not have. */
  readonly fresh: number;
  /** Those of them that stand under this account's own name: whoever takes them in says that they are. */
  readonly inOwnName: number;
  /** Why nothing of this audit is taken in. */
  readonly refusal: Refusal | null;
}

export interface OpenedHandover {
  readonly file: Blob;
  readonly contents: HandoverContents;
  readonly audits: readonly OpenedAudit[];
  readonly unsealed: Unsealed;
}

export async function openHandover(
  db: AuditbookDatabase,
  file: Blob,
  passphrase: string,
): Promise<OpenedHandover | Refusal> {
  try {
    const unsealed = await unseal(file, passphrase);
    if (isRefusal(unsealed)) return unsealed;
    const { contents, ...texts } = await readTexts(unsealed);
    const audits: OpenedAudit[] = [];
    for (const audit of contents.audits) audits.push(await lookAt(db, audit, texts));
    return { file, contents, audits, unsealed };
  } catch (thrown) {
    return refusalOf(thrown);
  }
}

/** What a file can be wrong with, as a refusal; anything else is a fault of ours and goes on. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof HandoverProblem) return thrown.refusal;
  if (thrown instanceof ZipProblem) return malformed('zip');
  throw thrown;
}

interface Texts {
  readonly lines: ReadonlyMap<string, HandoverLine[]>;
  readonly batches: ReadonlyMap<string, BroughtBatch[]>;
}

/** The entries with the names that the list of contents gives, in that order. Throws where there is another one, or one lacks. */
export async function* listedEntries(
  unsealed: Unsealed,
): AsyncGenerator<{ contents: HandoverContents; entry: FoundEntry | null }> {
  const entries = readZip(partsOf(await unsealed.content()));
  const first = await entries.next();
  if (first.done || first.value.name !== CONTENTS_NAME) throw new HandoverProblem(refuse('handover.not_a_handover'));
  const contents = readContents(parsed(await readAll(first.value, MOST_CONTENTS_BYTES), 'contents'));
  if (isRefusal(contents)) throw new HandoverProblem(contents);
  yield { contents, entry: null };
  const names = entryNames(contents);
  for (const name of names) {
    const next = await entries.next();
    if (next.done || next.value.name !== name) throw new HandoverProblem(malformed('entries'));
    yield { contents, entry: next.value };
  }
  if (!(await entries.next()).done) throw new HandoverProblem(malformed('entries'));
}

/** Everything but the photos, which stand at the end. */
async function readTexts(unsealed: Unsealed): Promise<Texts & { contents: HandoverContents }> {
  const lines = new Map<string, HandoverLine[]>();
  const batches = new Map<string, BroughtBatch[]>();
  let found: HandoverContents | undefined;
  for await (const { contents, entry } of listedEntries(unsealed)) {
    found = contents;
    if (entry === null) continue;
    const audit = contents.audits.find(({ id }) => entry.name === logName(id) || entry.name === batchesName(id));
    if (audit === undefined) break;
    if (entry.name === logName(audit.id)) lines.set(audit.id, await readLog(entry, audit));
    else batches.set(audit.id, await readBatches(entry, audit, contents));
  }
  return { contents: found!, lines, batches };
}

async function readLog(entry: FoundEntry, audit: HandoverAudit): Promise<HandoverLine[]> {
  const lines: HandoverLine[] = [];
  for await (const value of linesOf(entry)) {
    const line = readLine(value);
    if (isRefusal(line)) throw new HandoverProblem(line);
    if (line.seq !== lines.length + 1) throw new HandoverProblem(malformed('log.seq'));
    lines.push(line);
  }
  if (lines.length !== audit.log!.seq) throw new HandoverProblem(malformed('log.seq'));
  return lines;
}

async function readBatches(
  entry: FoundEntry,
  audit: HandoverAudit,
  { installations }: HandoverContents,
): Promise<BroughtBatch[]> {
  const batches: BroughtBatch[] = [];
  let count = 0;
  for await (const value of linesOf(entry)) {
    const batch = readBatch(value);
    if (isRefusal(batch)) throw new HandoverProblem(batch);
    const operations = batch.operations.map(readBrought);
    if (!isOneChain({ ...batch, audit: audit.id }, operations))
      throw new HandoverProblem(malformed('batch.operations'));
    const { installation, account } = batch;
    const known = installations.find((one) => one.installation === installation && one.account === account);
    batches.push({ batch, operations, publicKey: known?.public_key ?? null });
    count += operations.length;
  }
  if (batches.length !== audit.batches || count !== audit.operations) {
    throw new HandoverProblem(malformed('audits.operations'));
  }
  return batches;
}

/** Each follows on the one before, and names the chain that the batch is of. What cannot be read is for the server to place. */
function isOneChain(
  chain: { installation: string; account: string; audit: string },
  operations: readonly BroughtOperation[],
): boolean {
  return operations.every(({ operation }, index) => {
    if (operation === null) return true;
    const { installation, account, audit } = operation.chain;
    if (installation !== chain.installation || account !== chain.account || audit !== chain.audit) return false;
    const before = operations[index - 1];
    if (before === undefined || before.operation === null) return true;
    return operation.prev === before.digest && operation.dseq === before.operation.dseq + 1;
  });
}

async function lookAt(db: AuditbookDatabase, audit: HandoverAudit, texts: Texts): Promise<OpenedAudit> {
  const isNew = (await db.logs.get(audit.id)) === undefined && (await db.audits.get(audit.id)) === undefined;
  const batches = texts.batches.get(audit.id) ?? [];
  const { log, lines } = await lookAtLog(db, audit, texts.lines.get(audit.id) ?? []);
  const brought = batches.flatMap(({ batch, operations }) => operations.map(({ digest }) => ({ digest, batch })));
  const here = await db.operations.bulkGet(brought.map(({ digest }) => [audit.id, digest] as [string, string]));
  const fresh = brought.filter((_, index) => here[index] === undefined);
  const inOwnName = fresh.filter(({ batch }) => batch.account === db.account).length;
  const refusal = isNew ? refuseNew(db.account, audit, log, lines, batches) : null;
  return { contents: audit, isNew, log, lines, batches, fresh: fresh.length, inOwnName, refusal };
}

/** The lines behind this tablet's cursor, where the server's signature is under them. */
async function lookAtLog(
  db: AuditbookDatabase,
  { id, log }: HandoverAudit,
  lines: readonly HandoverLine[],
): Promise<{ log: LogState; lines: readonly HandoverLine[] }> {
  const nothing = (state: LogState) => ({ log: state, lines: [] });
  if (log === null) return nothing('none');
  const kept = await db.logs.get(id);
  // While everything is compared anew with a restored server, or is not all for this account to see, the server alone can tell.
  if (kept?.unsettled === 1 || kept?.partial === 1) return nothing('other_epoch');
  const cursor = await readCursor(db, id);
  if (cursor.epoch !== null && cursor.epoch !== log.epoch) return nothing('other_epoch');
  if (log.seq <= cursor.seq) return nothing('nothing_new');
  const behind = lines.slice(cursor.seq);
  const hash = behind.reduce((before, line) => advanceRunningHash(before, ...linked(line)), cursor.hash);
  const { epoch, seq, receipt } = log;
  const isSigned = hash === log.hash && (await checkReceipt(db, { audit: id, epoch, seq, hash }, receipt)) === 'good';
  return isSigned ? { log: 'new', lines: behind } : nothing('unproved');
}

function linked({ data, content_sha256, origin, received_at }: HandoverLine): [string, Origin, number] {
  const digest = content_sha256 === undefined ? digestOf(data) : digestOfErased(data, content_sha256);
  return [digest, origin, Date.parse(received_at)];
}

/** Why an audit that is not here does not come here by this file; null where this account is in its team. */
function refuseNew(
  account: string,
  audit: HandoverAudit,
  log: LogState,
  lines: readonly HandoverLine[],
  batches: readonly BroughtBatch[],
): Refusal | null {
  if (log === 'unproved') return refuse('handover.unproved');
  const pulled = lines.map(({ data, origin, seq, received_at, content_sha256 }) =>
    readEntry(data, origin, seq, Date.parse(received_at), content_sha256),
  );
  const unsent = batches.flatMap(({ operations }) =>
    operations.map(({ text, contentSha256 }) => readEntry(text, 'device', null, null, contentSha256)),
  );
  const entries = [...pulled, ...unsent].filter((entry): entry is Entry => entry !== null);
  return foldTeam(foldLog(entries), audit.id).has(account) ? null : refuse('handover.not_in_team');
}

/** The values of a file of lines, as they come. Throws where one is no JSON, or longer than any line can be. */
async function* linesOf(entry: FoundEntry): AsyncGenerator<unknown> {
  if (entry.size > MOST_LINES_BYTES) throw new HandoverProblem(malformed('entries'));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const bytes of entry.bytes) {
    const parts = (rest + decoded(decoder, bytes)).split('\n');
    rest = parts.pop()!;
    if (rest.length > MOST_LINE_BYTES) throw new HandoverProblem(malformed('entries'));
    for (const line of parts) yield parsed(line, entry.name);
  }
  if (rest !== '' || decoded(decoder) !== '') throw new HandoverProblem(malformed('entries'));
}

async function readAll(entry: FoundEntry, most: number): Promise<string> {
  if (entry.size > most) throw new HandoverProblem(malformed('entries'));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const bytes of entry.bytes) text += decoded(decoder, bytes);
  return text + decoded(decoder);
}

function decoded(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new HandoverProblem(malformed('text'));
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HandoverProblem(malformed(where));
  }
}
