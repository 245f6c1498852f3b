/** The report: the team's own words, and its seal. The server makes the PDF from the sealed record and mails it. */
import { contentBeforeReport, readRecord, sealSha256 } from '../domain/closing';
import { closingsOf } from '../domain/closings';
import { byCodePoint, SEAL, sha256Of } from '../domain/operation';
import { canonicalText } from '../domain/plain-json';
import { reportRecord, type PlainRecord } from '../domain/record';
import { refuse, type Refusal } from '../domain/refusal';
import { auditableCriteria, cataloguesOf, standardsOf } from '../domain/standard';
import { compareArrivals, type Arrival, type EntityView, type LogView } from '../domain/fold';
import type { Entities } from '../domain/vocabulary';
import { readLogWithBasis } from '../store/basis';
import { add, seal, setAll } from '../store/changes';
import { newId } from '../store/device';
import { readReference } from '../store/queries';
import type { Fields } from './audit';
import { sealed } from './closing';
import { refuseToWrite, write, writeNew, type Created, type Outcome, type Session } from './session';

/** What every report says (ISO/IEC 17021-1:2015, 9.4.8). */
export const REPORT_PARTS = [
  'executive_summary',
  'conformity',
  'effectiveness',
  'internal_audit_and_review',
  'is_scope_appropriate',
  'are_objectives_met',
] as const satisfies readonly (keyof Entities['audit'])[];

/** The team's words, and what the opening meeting confirmed. */
export function writeReport(session: Session, audit: string, fields: Fields<'audit'>): Promise<Outcome> {
  return write(session, audit, setAll('audit', audit, fields));
}

/** Why the report cannot be sealed yet. */
export function refusalsBeforeReport(
  view: LogView,
  audit: string,
  reason: string | null,
  made: readonly string[] = [],
): Refusal[] {
  const refusals: Refusal[] = [];
  const { counting } = closingsOf(view);
  if (counting === undefined) refusals.push(refuse('report.closing_seal_missing'));
  else if (readRecord(counting.record) === null) refusals.push(refuse('report.closing_erased'));
  const shown = view.find('audit', audit);
  const missing: string[] = REPORT_PARTS.filter((part) => (shown?.get(part) ?? '') === '');
  // From the second on, a report says why there is another one.
  if (nextRevision(view, made) > 1 && !reason?.trim()) missing.push('reason');
  if (missing.length > 0) refusals.push(refuse('report.content_missing', { missing: missing.join(', ') }));
  return [...refusals, ...contentBeforeReport(view, audit)];
}

/** 1 for the first report, else one more than that of the report whose place it takes. `made` as in `latestReport`. */
export function nextRevision(view: LogView, made: readonly string[] = []): number {
  return 1 + (reportBefore(view, made)?.revision ?? 0);
}

type ReportView = EntityView<'report_record'>;

/** The ids of the reports that the server has issued, as far as its log came down to this tablet. */
export function issuedReports(view: LogView): string[] {
  return candidates(view)
    .filter((sealed) => [...view.issued.keys()].some((seal) => isUnder(seal, sealed)))
    .map(({ record }) => record.id);
}

/**
 * The last report on this tablet that the next one would take the place of; undefined where there is none. `made` are the ids of
 * those that the server's list calls made, of which the log here may not tell yet.
 */
export function latestReport(view: LogView, made: readonly string[] = []): ReportView | undefined {
  return reportBefore(view, made)?.record;
}

/** A report as the next one names it. Its record is undefined where only the server's word is left of it. */
interface ReportBefore {
  readonly revision: number;
  readonly sha256: string;
  readonly record: ReportView | undefined;
}

interface Candidate extends ReportBefore {
  readonly record: ReportView;
  readonly supersedes: string | null;
}

/**
 * The report whose place the next one takes: the last that was made, or what was sealed on top of that. From there, or from none
 * where none was made, a sealed record counts that names the one below it and has the next revision: a tablet that numbers as it
 * likes moves nobody else's. Of several in one place the one that arrived first.
 */
function reportBefore(view: LogView, made: readonly string[]): ReportBefore | undefined {
  const sealed = candidates(view);
  const last = lastMade(view, sealed, made);
  let place: readonly (ReportBefore | undefined)[] = [last];
  for (let revision = 1 + (last?.revision ?? 0); ; revision += 1) {
    const below = new Set(place.map((report) => report?.sha256 ?? null));
    const above = sealed.filter((report) => report.revision === revision && below.has(report.supersedes));
    if (above.length === 0) return place[0];
    place = above;
  }
}

/** What the log says of it outlasts the record: after a restore its tablet may be gone. */
function lastMade(view: LogView, sealed: readonly Candidate[], made: readonly string[]): ReportBefore | undefined {
  const issued = [...view.issued].flatMap(([seal, words]) => {
    const record = sealed.find((report) => isUnder(seal, report))?.record;
    return words.map(({ revision, sha256 }) => ({ revision, sha256, record }));
  });
  const listed = sealed.filter(({ record, revision }) => made.includes(record.id) && revision > 0);
  return [...issued, ...listed].toSorted((one, other) => other.revision - one.revision)[0];
}

/** Every sealed report, the first to arrive first. Deleted or not: nobody takes back what somebody has vouched for. */
function candidates(view: LogView): Candidate[] {
  return [...view.entities.values()]
    .filter((entity) => entity.kind === 'report_record' && entity.born !== null)
    .flatMap((entity) => {
      const record = entity as unknown as ReportView;
      const { sha256, supersedes } = record.get('seal') ?? {};
      // Its seal outlasts an erasure of what it said, its revision does not: that it was made, the log says itself.
      const isItsOwn = sha256 === (record.get('sha256') ?? sha256);
      return sha256 && isItsOwn
        ? [{ record, sha256, supersedes: supersedes ?? null, revision: record.get('revision') ?? 0 }]
        : [];
    })
    .sort(
      (one, other) =>
        compareArrivals(arrivalOf(one.record), arrivalOf(other.record)) || byCodePoint(one.record.id, other.record.id),
    );
}

/** Whether this is the digest of a seal under it. */
function isUnder(seal: string, { record }: Candidate): boolean {
  return record.fields.get(SEAL)?.heads.some(({ digest }) => digest === seal) ?? false;
}

/** When its seal reached the server; null while it is on this tablet only. */
function arrivalOf(record: ReportView): Arrival | null {
  return record.fields.get(SEAL)?.arrivals.at(-1) ?? null;
}

export type SealedReport = Created & { readonly sha256: string; readonly revision: number };

/**
 * Freeze and seal the whole report in one step. `id` is what the server is asked to issue; `made` are the reports that it is known
 * to have made.
 */
export async function sealReport(
  session: Session,
  audit: string,
  reason: string | null = null,
  made: readonly string[] = [],
): Promise<Outcome<SealedReport>> {
  const { view, basis } = await readLogWithBasis(session.database, audit);
  const refusal =
    (await refuseToWrite(session, audit, ['report_record'])) ?? refusalsBeforeReport(view, audit, reason, made)[0];
  if (refusal !== undefined) return refusal;
  const editions = view.find('audit', audit)?.get('criteria') ?? [];
  const catalogue = (await readReference(session.database, 'standards'))?.value ?? [];
  const standards = standardsOf(editions, catalogue);
  if (standards.length < editions.length) {
    const known = standards.map((standard) => standard.id);
    return refuse('report.content_missing', { missing: editions.filter((id) => !known.includes(id)).join(', ') });
  }
  const closing = closingsOf(view).counting!;
  const terms = {
    criteria: auditableCriteria(standards),
    catalogues: cataloguesOf(editions, catalogue),
    closing: readRecord(closing.record) as PlainRecord,
    closingSha256: closing.seal.sha256,
    closingSealSha256: sealSha256({ ...closing.seal }),
    revision: nextRevision(view, made),
    reason: reason?.trim() ? reason : null,
    supersedesSha256: reportBefore(view, made)?.sha256 ?? null,
  };
  const text = canonicalText(reportRecord(view, audit, terms, basis));
  const [id, sha256] = [newId(), sha256Of(text)];
  const { revision, closingSha256, closingSealSha256 } = terms;
  const written = await writeNew(session, audit, id, [
    add('report_record', id, {
      record: text,
      sha256,
      closing_sha256: closingSha256,
      closing_seal_sha256: closingSealSha256,
      revision,
      reason: terms.reason,
    }),
    seal(
      'report_record',
      id,
      await sealed(session, { purpose: 'report', audit, sha256, signatures: [], supersedes: terms.supersedesSha256 }),
    ),
  ]);
  return 'code' in written ? written : { ...written, sha256, revision };
}
