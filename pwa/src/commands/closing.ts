/**
 * The closing meeting: attendance, the record that everybody sees, each party's word, the seal. All of it offline.
 *
 * What is signed is a hash. So the record is frozen when it is shown, and shown again as soon as anything in it changed.
 */
import {
  digestsOf,
  isOutdated,
  isSealedClosing,
  openClosingRecord,
  readRecord,
  refusalsBeforeClosing,
  refusalsBeforeSealing,
  sealStatement,
  signaturesOf,
} from '../domain/closing';
import { closingsOf } from '../domain/closings';
import { sha256Of } from '../domain/operation';
import { canonicalText } from '../domain/plain-json';
import { consideredNow } from '../domain/recommendation';
import { closingRecord, type PlainRecord } from '../domain/record';
import { isRefusal, refuse } from '../domain/refusal';
import { cataloguesOf } from '../domain/standard';
import type { Entities, RecommendationOutcome, Schemas, SigningOutcome, SigningParty } from '../domain/vocabulary';
import { add, resolve, seal, set, setAll, undelete, type Change } from '../store/changes';
import { readLogWithBasis } from '../store/basis';
import { installationOf } from '../store/database';
import { instant, newId } from '../store/device';
import { deviceKey, signText } from '../store/keys';
import { readLog, readReference } from '../store/queries';
import { refuseToWrite, write, writeNew, type Created, type Outcome, type Session } from './session';
import { enterTeam } from './team';

/**
 * The team's recommendation for one standard; there is one for each. The same outcome once more confirms it over the nonconformities
 * that stand now.
 */
export async function recommend(
  session: Session,
  audit: string,
  standard: string,
  outcome: RecommendationOutcome,
  text?: string,
): Promise<Outcome<Created>> {
  const view = await readLog(session.database, audit);
  const before = view.entity(`recommendation/${standard}`);
  const changes: Change[] = [];
  if (before === undefined || before.born === null) {
    changes.push({ kind: 'add', ent: `recommendation/${standard}`, fld: 'born', val: {} });
  } else if (before.isDeleted) {
    changes.push(undelete('recommendation', standard));
  }
  changes.push(set('recommendation', standard, 'outcome', outcome));
  if (text !== undefined) changes.push(set('recommendation', standard, 'text', text));
  const [considered, known] = [consideredNow(view, standard), before?.fields.get('considered')];
  // Nobody's opinion: what two tablets had considered is settled by whoever considers what both know.
  if (known?.isDisputed) changes.push(resolve(`recommendation/${standard}`, 'considered', considered));
  else if (known || considered.length > 0) changes.push(set('recommendation', standard, 'considered', considered));
  return writeNew(session, audit, standard, changes);
}

/** Who is in the room; `addPart` of `attendance` does the same with fewer words. */
export function recordAttendance(
  session: Session,
  audit: string,
  fields: Partial<Entities['attendance']>,
): Promise<Outcome<Created>> {
  const id = newId();
  return writeNew(session, audit, id, [
    { kind: 'add', ent: `attendance/${id}`, fld: 'born', val: {} },
    ...setAll('attendance', id, fields),
  ]);
}

export type Presented = Created & { readonly sha256: string; readonly record: PlainRecord };

/**
 * Freeze what the meeting sees. Shown twice without a change in between, it is the same record. After the seal there is a new one
 * only for a reason, which stands in it: it takes the place of the one that counts.
 */
export async function presentClosingRecord(
  session: Session,
  audit: string,
  why: string | null = null,
): Promise<Outcome<Presented>> {
  if (closingsOf(await readLog(session.database, audit)).counting) {
    if (why === null) return refuse('closing.sealed_already');
    if (why.trim() === '') return refuse('closing.reason_missing');
  }
  // The record names the team: whoever closes the meeting is in it.
  const entered = await enterTeam(session, audit, 'closing_record');
  if (isRefusal(entered)) return entered;
  const { view, basis } = await readLogWithBasis(session.database, audit);
  const current = openClosingRecord(view);
  const refusal = (await refuseToWrite(session, audit, ['closing_record'])) ?? refusalsBeforeClosing(view, audit)[0];
  if (refusal !== undefined) return refusal;
  const shown = current === undefined ? null : readRecord(current);
  const supersedes = closingsOf(view).counting?.seal.sha256 ?? null;
  const reason = supersedes === null ? null : (why?.trim() ?? null);
  if (current !== undefined && shown?.['reason'] === reason && !isOutdated(view, audit, shown)) {
    const sha256 = current.get('sha256') ?? '';
    return { audit, operations: [], undo: [], id: current.id, sha256, record: shown };
  }
  const standards = (await readReference(session.database, 'standards'))?.value ?? [];
  const catalogues = cataloguesOf(view.find('audit', audit)?.get('criteria') ?? [], standards);
  const record = closingRecord(view, audit, { supersedes, reason, catalogues }, basis);
  const text = canonicalText(record);
  const [id, sha256] = [newId(), sha256Of(text)];
  const written = await writeNew(session, audit, id, [add('closing_record', id, { record: text, sha256 })]);
  return 'code' in written ? written : { ...written, sha256, record };
}

export interface Word {
  readonly party: SigningParty;
  readonly outcome: SigningOutcome;
  readonly name: string;
  readonly function?: string;
  /** The sentence above the line, in the language in which it was shown. */
  readonly statement: string;
  /** Why it was declined, or why nobody was there. */
  readonly reason?: string | null;
  readonly strokes?: Schemas['Stroke'][] | null;
}

/** One party's word under the record that is shown: signed, declined, absent or remote. None of them blocks sealing. */
export async function signClosingRecord(
  session: Session,
  audit: string,
  closingRecordId: string,
  word: Word,
): Promise<Outcome<Created>> {
  const view = await readLog(session.database, audit);
  const shown = view.find('closing_record', closingRecordId);
  if (isSealedClosing(view, `closing_record/${closingRecordId}`)) return refuse('closing.sealed_already');
  const record = shown === undefined ? null : readRecord(shown);
  if (shown === undefined || record === null || isOutdated(view, audit, record))
    return refuse('closing.record_outdated');
  const earlier = signaturesOf(view, closingRecordId).filter((other) => other.get('party') === word.party);
  const id = newId();
  return writeNew(session, audit, id, [
    // Somebody who signs after all replaces what was noted before; it stays in the log.
    ...earlier.map((other): Change => ({ kind: 'del', ent: other.ref, fld: 'deleted', val: true })),
    add('handwritten_signature', id, {
      closing_record: closingRecordId,
      closing_sha256: shown.get('sha256') ?? '',
      party: word.party,
      outcome: word.outcome,
      name: word.name,
      function: word.function ?? '',
      statement: word.statement,
      reason: word.reason ?? null,
      strokes: word.strokes ?? null,
      signed_at: instant(),
    }),
  ]);
}

/** Seal the record that was signed. The device vouches for the hash and for every word under it. */
export async function sealClosingRecord(session: Session, audit: string, closingRecordId: string): Promise<Outcome> {
  const view = await readLog(session.database, audit);
  const shown = view.find('closing_record', closingRecordId);
  if (isSealedClosing(view, `closing_record/${closingRecordId}`)) return refuse('closing.sealed_already');
  const refusal =
    (await refuseToWrite(session, audit, ['closing_record'])) ?? refusalsBeforeSealing(view, audit, closingRecordId)[0];
  if (refusal !== undefined) return refusal;
  const value = await sealed(session, {
    purpose: 'closing',
    audit,
    sha256: shown!.get('sha256') ?? '',
    signatures: digestsOf(signaturesOf(view, closingRecordId)),
    supersedes: (readRecord(shown!)!['supersedes'] ?? null) as string | null,
  });
  return write(session, audit, [seal('closing_record', closingRecordId, value)]);
}

type Vouched = Readonly<Pick<Schemas['Seal'], 'purpose' | 'audit' | 'sha256' | 'signatures' | 'supersedes'>>;

/** A seal with the signature of this installation, or with null where the browser keeps no key. */
export async function sealed(session: Session, vouched: Vouched): Promise<Schemas['Seal']> {
  const installation = await installationOf(session.database);
  const key = await deviceKey(session.database, installation);
  const value: Schemas['Seal'] = {
    ...vouched,
    sealed_at: instant(),
    installation,
    account: session.account,
    public_key: key?.public_key ?? null,
    device_signature: null,
  };
  return { ...value, device_signature: await signText(key, sealStatement({ ...value })) };
}
