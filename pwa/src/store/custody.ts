/**
 * Whether one may leave the site: the server has signed that it holds every entry of this audit that this tablet knows, and the bytes
 * of every photo that was taken here.
 *
 * The statement is checked against the log on this tablet before it is kept: number and running hash are those of the log, and the
 * list of files follows from the births of evidence in it. It counts only for the log as it stands here now, so whatever is written
 * or pulled afterwards ends the state until the server has signed again. Where no signature could be checked, it is never shown.
 */
import { custodyStatement, evidenceListHash, evidenceNamed } from '../domain/custody';
import { parseOperation } from '../domain/operation';
import { isRefusal } from '../domain/refusal';
import type { Schemas } from '../domain/vocabulary';
import { decode, encode } from './codec';
import { emptyLog } from './commit';
import { chainName, type AuditbookDatabase, type KeptCustody } from './database';
import { fromDatabase, type Live } from './live';
import { namesOf } from './names';
import { waitingIn, type WaitingWork } from './outbox';
import { filesGone, readLog } from './queries';
import { checkSigned } from './receipts';
import { filesIn, operationOf, readErasures, readQuarantine } from './refold';
import { waitAgain } from './space';

export interface Leaving {
  readonly isSafe: boolean;
  /** What was signed for the log as it stands here; null where nothing was. */
  readonly signed: { readonly at: string; readonly entries: number; readonly files: number } | null;
  /** Why nothing was: it was not asked since the last entry came, or what it answered did not prove itself. */
  readonly problem: 'not_signed_yet' | Exclude<KeptCustody['problem'], null> | null;
  /** Of this tablet. */
  readonly waiting: WaitingWork;
  /** Files that were recorded on this tablet and are nowhere whole any more: not here, and not on the server. */
  readonly missing: readonly MissingFile[];
  /** Entries whose text is here and was lost on the server: it was restored, and has their headers alone. */
  readonly hollow: number;
  /** Files whose bytes are neither here nor on the server, by who recorded them. */
  readonly elsewhere: readonly { readonly account: string; readonly name: string | null; readonly count: number }[];
  /** Other tablets that announced more entries than have arrived. */
  readonly tablets: readonly Schemas['WaitingTablet'][];
  /** When the server last said so; null for never. */
  readonly heardAt: string | null;
}

export interface MissingFile {
  readonly sha256: string;
  /** Who recorded it. */
  readonly account: string;
  readonly name: string | null;
  /** As its entry says; null where that was taken out of the audit. */
  readonly capturedAt: string | null;
  /** Its bytes are here and are not what was recorded, or not all of them are. */
  readonly isDamaged: boolean;
}

/** Whether there is something to ask: the log went on, or something was lacking when it was last heard. */
export async function isCustodyToBeAsked(db: AuditbookDatabase, audit: string): Promise<boolean> {
  const kept = await readKept(db, audit);
  const isComplete = kept !== null && kept.lacking.length === 0 && kept.tablets.length === 0;
  return !isComplete || !(await isOfLog(db, audit, kept.signed));
}

/** Checks an answer and keeps it. False where the log went on meanwhile, so that it has to be asked anew. */
export async function takeCustody(db: AuditbookDatabase, audit: string, answer: Schemas['Custody']): Promise<boolean> {
  if (!(await isOfLog(db, audit, answer))) return false;
  const { lacking, tablets, receipt, evidence_count, evidence_sha256, epoch, seq, hash } = answer;
  const authors = await authorsOfFiles(db, audit, seq);
  const missing = new Set(lacking);
  const stored = [...authors.keys()].filter((sha256) => !missing.has(sha256));
  const isOfTheseFiles =
    lacking.every((sha256) => authors.has(sha256)) &&
    stored.length === evidence_count &&
    evidenceListHash(stored) === evidence_sha256;
  const statement = { audit, epoch, seq, hash, evidence_count, evidence_sha256 };
  const checked = await checkSigned(db, receipt, (at) => custodyStatement(statement, at));
  // A colleague's newer app may have recorded files that this one cannot see: the lists differ, and nobody did anything wrong.
  const misfit = async () => ((await isSomethingUnread(db, audit, seq)) ? 'older_app' : 'wrong');
  const proof = checked === 'good' && !isOfTheseFiles ? await misfit() : checked;
  const kept: KeptCustody = {
    signed: proof === 'good' ? { epoch, seq, hash, evidence_count, evidence_sha256, ...receipt } : null,
    problem: proof === 'good' ? null : proof,
    heard_at: receipt.at,
    lacking: lacking.map((sha256) => ({ sha256, ...(authors.get(sha256) ?? { account: '' }) })),
    tablets,
  };
  await db.custody.put({ audit, body: encode(kept) });
  // What it had confirmed and lacks now lies here still: it is sent again.
  await waitAgain(db, audit, lacking);
  return true;
}

/** Every file that the log names up to a number, with who recorded it first. As the server reads it, too. */
async function authorsOfFiles(
  db: AuditbookDatabase,
  audit: string,
  seq: number,
): Promise<Map<string, { account: string; chain: string }>> {
  const births = (
    await db.operations
      .where('[audit+ent]')
      .between([audit, 'evidence/'], [audit, 'evidence/\uffff'])
      .filter((row) => row.seq !== undefined && row.seq <= seq && row.hollow !== 1 && row.hidden !== 1)
      .toArray()
  ).toSorted((one, other) => one.seq! - other.seq!);
  const erased = births.filter((row) => row.content_sha256 !== undefined).map(({ digest }) => digest);
  const withdrawn = new Set(filesIn((await readErasures(db, audit, erased)).values()));
  const authors = new Map<string, { account: string; chain: string }>();
  for (const row of births) {
    const operation = parseOperation(decode(row.body), row.content_sha256);
    if (isRefusal(operation) || operation.kind !== 'add') continue;
    for (const sha256 of evidenceNamed([operation.val], withdrawn)) {
      // What somebody wrote under another's name stands in nobody's chain.
      const { account } = operation.chain;
      if (!authors.has(sha256)) authors.set(sha256, { account, chain: row.chain ?? '' });
    }
  }
  return authors;
}

/** Whether the log up to a number holds what this app cannot read and the server can. */
async function isSomethingUnread(db: AuditbookDatabase, audit: string, seq: number): Promise<boolean> {
  const quarantined = await readQuarantine(db, audit);
  const rows = await db.operations.where('[audit+seq]').between([audit, 0], [audit, seq], true, true).toArray();
  return rows.some(
    (row) => row.hidden !== 1 && !isUnreadable(quarantined.get(row.digest)?.code ?? '') && operationOf(row) === null,
  );
}

/** What the server itself could not read is in no list that it signs. */
function isUnreadable(code: string): boolean {
  return code.startsWith('envelope.') || code === 'operation.unknown_kind';
}

export async function readLeaving(db: AuditbookDatabase, audit: string): Promise<Leaving> {
  const kept = await readKept(db, audit);
  const waiting = await waitingIn(db, audit);
  const signed = await signedNow(db, audit, kept);
  const uploads = await db.uploads.where('[audit+sha256]').between([audit, ''], [audit, '\uffff']).toArray();
  const known = new Set(uploads.map(({ sha256 }) => sha256));
  const gone = await filesGone(db, audit);
  for (const { sha256 } of gone) known.add(sha256);
  const elsewhere = new Map<string, number>();
  for (const { sha256, account } of kept?.lacking ?? []) {
    if (!known.has(sha256)) elsewhere.set(account, (elsewhere.get(account) ?? 0) + 1);
  }
  const damaged = uploads.filter(({ state }) => state === 'damaged').map(({ sha256 }) => sha256);
  const missing = await missingFiles(db, audit, damaged, gone);
  const names = await namesOf(db, audit, elsewhere.keys());
  const own = new Set((await db.chains.where('audit').equals(audit).toArray()).filter(isOwn).map(({ chain }) => chain));
  const hollow = await db.operations.where('[audit+hollow]').equals([audit, 1]).count();
  const nothingWaits = waiting.operations + waiting.photos + waiting.carried + missing.length + hollow === 0;
  return {
    isSafe: signed !== null && nothingWaits,
    signed: signed && { at: signed.at, entries: signed.seq, files: signed.evidence_count },
    problem: signed !== null ? null : (kept?.problem ?? 'not_signed_yet'),
    waiting,
    missing,
    hollow,
    elsewhere: [...elsewhere].map(([account, count]) => ({ account, name: names.get(account) ?? null, count })),
    tablets: (kept?.tablets ?? []).filter((tablet) => !own.has(chainName({ ...tablet, audit }))),
    heardAt: kept?.heard_at ?? null,
  };
}

/** `damaged`: by their hash, files of which something is here. `gone`: those of which nothing is. */
async function missingFiles(
  db: AuditbookDatabase,
  audit: string,
  damaged: readonly string[],
  gone: readonly { readonly sha256: string; readonly account: string }[],
): Promise<MissingFile[]> {
  if (damaged.length + gone.length === 0) return [];
  const births = new Map((await readLog(db, audit)).ofKind('evidence').map((one) => [one.get('sha256'), one]));
  const recorder = (sha256: string) => births.get(sha256)?.bornView?.heads[0]?.chain.account ?? db.account;
  const files = [
    ...damaged.map((sha256) => ({ sha256, account: recorder(sha256), isDamaged: true })),
    ...gone.map(({ sha256, account }) => ({ sha256, account, isDamaged: false })),
  ];
  const names = await namesOf(
    db,
    audit,
    files.map(({ account }) => account),
  );
  return files.map((file) => ({
    ...file,
    name: names.get(file.account) ?? null,
    capturedAt: births.get(file.sha256)?.get('captured_at') ?? null,
  }));
}

export function watchLeaving(db: AuditbookDatabase, audit: string): Live<Leaving> {
  return fromDatabase(() => readLeaving(db, audit));
}

/** The audits that the server lists and has not signed for as they stand here. */
export function watchUnsigned(db: AuditbookDatabase): Live<ReadonlySet<string>> {
  return fromDatabase(async () => {
    const unsigned = new Set<string>();
    for (const { id } of (await db.audits.toArray()).filter((row) => row.listed === 1)) {
      if ((await signedNow(db, id, await readKept(db, id))) === null) unsigned.add(id);
    }
    return unsigned;
  });
}

async function readKept(db: AuditbookDatabase, audit: string): Promise<KeptCustody | null> {
  const row = await db.custody.get(audit);
  return row === undefined ? null : decode(row.body);
}

/** What was signed for the log as it stands here, and for every photo that has gone to the server from here. */
async function signedNow(
  db: AuditbookDatabase,
  audit: string,
  kept: KeptCustody | null,
): Promise<KeptCustody['signed']> {
  if (kept === null || !(await isOfLog(db, audit, kept.signed))) return null;
  const lacked = await db.uploads.bulkGet(kept.lacking.map(({ sha256 }) => [audit, sha256] as [string, string]));
  return lacked.some((row) => row?.state === 'stored') ? null : kept.signed;
}

/** Whether something was said of the log as it stands here, to its very end. */
async function isOfLog(
  db: AuditbookDatabase,
  audit: string,
  said: { readonly epoch: string; readonly seq: number; readonly hash: string } | null,
): Promise<boolean> {
  const log = (await db.logs.get(audit)) ?? emptyLog(audit);
  return said !== null && said.epoch === log.epoch && said.seq === log.seq && said.hash === log.hash;
}

function isOwn({ own }: { readonly own: 0 | 1 }): boolean {
  return own === 1;
}
