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
export function refusalsBeforeReport(view: LogView, audit: string, reason: string | null): Refusal[] {
  const refusals: Refusal[] = [];
  const { counting } = closingsOf(view);
  if (counting === undefined) refusals.push(refuse('report.closing_seal_missing'));
  else if (readRecord(counting.record) === null) refusals.push(refuse('report.closing_erased'));
  const shown = view.find('audit', audit);
  const missing: string[] = REPORT_PARTS.filter((part) => (shown?.get(part) ?? '') === '');
  // From the second on, a report says why there is another one.
  if (nextRevision(view) > 1 && !reason?.trim()) missing.push('reason');
  if (missing.length > 0) refusals.push(refuse('report.content_missing', { missing: missing.join(', ') }));
  return [...refusals, ...contentBeforeReport(view, audit)];
}

/** 1 for the first report; sealed ones count. */
export function nextRevision(view: LogView): number {
  return 1 + (latestReport(view)?.get('revision') ?? 0);
}

type ReportView = EntityView<'report_record'>;

/** The ids of the reports that the server has issued, as far as its log came down to this tablet. */
export function issuedReports(view: LogView): string[] {
  const isIssued = (record: ReportView) => record.fields.get(SEAL)?.heads.some(({ digest }) => view.issued.has(digest));
  return view
    .ofKind('report_record')
    .filter(isIssued)
    .map(({ id }) => id);
}

/**
 * The sealed report with the highest revision. Two tablets may have sealed the same one: then the one that was made, by the log here
 * or by the server's list (`made` are ids), or the one that arrived first.
 */
export function latestReport(view: LogView, made: readonly string[] = []): ReportView | undefined {
  const known = new Set([...made, ...issuedReports(view)]);
  return view
    .ofKind('report_record')
    .filter((record) => record.get('seal'))
    .toSorted(
      (one, other) =>
        (one.get('revision') ?? 0) - (other.get('revision') ?? 0) ||
        Number(known.has(one.id)) - Number(known.has(other.id)) ||
        compareArrivals(arrivalOf(other), arrivalOf(one)) ||
        byCodePoint(other.id, one.id),
    )
    .at(-1);
}

/** The report whose place the next one takes: the last that was made, or the last that was sealed where none is known to be. */
function reportBefore(view: LogView, made: readonly string[]): ReportView | undefined {
  const known = [...made, ...issuedReports(view)].flatMap((id) => view.find('report_record', id) ?? []);
  const last = known.toSorted((one, other) => (one.get('revision') ?? 0) - (other.get('revision') ?? 0)).at(-1);
  return last ?? latestReport(view);
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
    (await refuseToWrite(session, audit, ['report_record'])) ?? refusalsBeforeReport(view, audit, reason)[0];
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
    revision: nextRevision(view),
    reason: reason?.trim() ? reason : null,
    // Its seal outlasts an erasure of what it said.
    supersedesSha256: reportBefore(view, made)?.get('seal')?.sha256 ?? null,
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
