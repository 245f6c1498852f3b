/**
 * What is missing before the closing record may be shown, and before it may be sealed.
 *
 * Nothing here stands in the way of capturing: it is said on site, while it can still be mended.
 */
import { closingsOf, namesItsAuthor } from './closings';
import { findingsBeforeSealing, gradedFinding, numberedFindings, numbersOf } from './finding';
import { isShown, type EntityView, type LogView } from './fold';
import { entityIdOf, entityKindOf, SEAL, sha256Of } from './operation';
import { canonicalText } from './plain-json';
import { outdatedRecommendations } from './recommendation';
import { closingRecord, isSameContent, SEALED_FIELDS, type CatalogueName, type PlainRecord } from './record';
import { refuse, type Refusal } from './refusal';
import { SIGNING_PARTIES, type AuditType, type EntityKind } from './vocabulary';

/** Audits after which a certification body decides, so that the team's recommendation is part of the closing meeting. */
const WITH_RECOMMENDATION: readonly (AuditType | null | undefined)[] = [
  'stage_2',
  'surveillance',
  'recertification',
  'special',
];

/** The sentences above the signature, in every language the same meaning: see i18n. They are part of what is signed. */
export const SIGNING_STATEMENT =
  'My signature confirms receipt, not agreement. Evidence is a sample; other nonconformities may exist. ' +
  'The team recommends; the certification body decides.';

/** One disagreement that a person has to decide: over a field, or over a deletion (`field` is `deleted`). */
export interface OpenDispute {
  readonly ref: string;
  readonly field: string;
}

/** Every open dispute of the audit; `isSealed` says whether it concerns what the closing record shows. */
export function openDisputes(view: LogView): (OpenDispute & { isSealed: boolean })[] {
  const disputes: (OpenDispute & { isSealed: boolean })[] = [];
  for (const entity of view.entities.values()) {
    // What was withdrawn is in no record any more, so nobody has to decide what was right about it.
    if (entity.born === null || (entity.kind === 'evidence' && !entity.value('kind'))) continue;
    if (isOrphanedGrade(view, entity)) {
      // Somebody graded without knowing that the finding was deleted: what has to be decided is whether there is one.
      const ref = `finding/${gradedFinding(entity.id)}`;
      if (!disputes.some((other) => other.ref === ref)) disputes.push({ ref, field: 'deleted', isSealed: true });
      continue;
    }
    const sealed = SEALED_FIELDS[entity.kind as EntityKind];
    if (entity.isDeletionDisputed) disputes.push({ ref: entity.ref, field: 'deleted', isSealed: sealed !== undefined });
    if (entity.isDeleted) continue;
    for (const [field, shown] of entity.fields) {
      if (shown.isDisputed) disputes.push({ ref: entity.ref, field, isSealed: sealed?.includes(field) ?? false });
    }
  }
  return disputes.sort((one, other) => (one.ref < other.ref ? -1 : one.ref > other.ref ? 1 : 0));
}

/** A grade in one standard that stands although its finding was deleted: whoever deleted it had not seen the grade. */
export function isOrphanedGrade(view: LogView, entity: EntityView): boolean {
  if (entity.kind !== 'finding_grade' || !isShown(entity) || !entity.value('grade')) return false;
  return view.entity(`finding/${gradedFinding(entity.id)}`)?.isDeleted === true;
}

/** Why the closing record cannot be shown for signature yet: incomplete findings, open disputes, no recommendation over what stands. */
export function refusalsBeforeClosing(view: LogView, audit: string): Refusal[] {
  const disputes = refusalsOfDisputes(view, 'closing.conflict_open', (dispute) => dispute.isSealed);
  return [...findingsBeforeSealing(view), ...disputes, ...recommendations(view, audit)];
}

/**
 * Why the report cannot show what the audit says by now: what holds before the closing seal holds for whatever was raised or changed
 * after it. Which value of an open dispute a screen shows depends on who looks: it is not sealed.
 */
export function contentBeforeReport(view: LogView, audit: string): Refusal[] {
  const isShown = ({ isSealed, ref, field }: OpenDispute & { isSealed: boolean }): boolean =>
    isSealed || ref === `audit/${audit}` || (entityKindOf(ref) === 'evidence' && field === 'is_in_report');
  const disputes = refusalsOfDisputes(view, 'report.conflict_open', isShown);
  return [...findingsBeforeSealing(view), ...disputes, ...reference(view, audit), ...recommendations(view, audit)];
}

/** Page 1 of the report gives its number, which is the audit's reference. */
function reference(view: LogView, audit: string): Refusal[] {
  const shown = view.find('audit', audit);
  const isMissing = shown !== undefined && !shown.get('reference')?.trim();
  return isMissing ? [refuse('report.reference_missing')] : [];
}

function refusalsOfDisputes(
  view: LogView,
  code: 'closing.conflict_open' | 'report.conflict_open',
  counts: (dispute: OpenDispute & { isSealed: boolean }) => boolean,
): Refusal[] {
  const numbers = numbersOf(numberedFindings(view));
  return openDisputes(view)
    .filter(counts)
    .map(({ ref, field }) => refuse(code, { what: spoken(ref, field, numbers), entity: ref, field }));
}

/** Why this closing record cannot be sealed: what is missing above, no word of a party, or it no longer says what is so. */
export function refusalsBeforeSealing(view: LogView, audit: string, closingRecordId: string): Refusal[] {
  const shown = view.find('closing_record', closingRecordId);
  const record = shown === undefined ? null : readRecord(shown);
  if (record === null || isOutdated(view, audit, record)) return [refuse('closing.record_outdated')];
  const parties = new Set(signaturesOf(view, closingRecordId).map((signature) => signature.get('party')));
  const missing = SIGNING_PARTIES.filter((party) => !parties.has(party));
  return [
    ...refusalsBeforeClosing(view, audit),
    ...missing.map((party) => refuse('closing.signature_missing', { party })),
  ];
}

/** Whether anything that the record shows reads differently by now, or the one whose place it takes is not the one that counts. */
export function isOutdated(view: LogView, audit: string, record: PlainRecord): boolean {
  const supersedes = closingsOf(view).counting?.seal.sha256 ?? null;
  const reason = (record['reason'] ?? null) as string | null;
  // Another catalogue on this tablet changes nothing that the record shows.
  const catalogues = (record['catalogues'] ?? []) as CatalogueName[];
  return !isSameContent(record, closingRecord(view, audit, { supersedes, reason, catalogues }));
}

/** Whether the team recommends anything to a certification body after this type of audit. */
export function hasRecommendation(type: AuditType | null | undefined): boolean {
  return WITH_RECOMMENDATION.includes(type);
}

/** Every party's word under one closing record, in the order of their ids, as the seal counts them. */
export function signaturesOf(view: LogView, closingRecordId: string): readonly EntityView<'handwritten_signature'>[] {
  return view.ofKind('handwritten_signature').filter((word) => word.get('closing_record') === closingRecordId);
}

/** Whether somebody has vouched for it: a sealed record, or a word under a sealed closing record. */
export function liesUnderSeal(view: LogView, ref: string): boolean {
  const entity = view.entity(ref);
  const record = entity?.kind === 'handwritten_signature' ? `closing_record/${entity.value('closing_record')}` : ref;
  return entityKindOf(record) === 'closing_record'
    ? isSealedClosing(view, record)
    : Boolean(view.entity(record)?.value(SEAL));
}

/** Whether a seal that fits it stands under this closing record. One that does not fit seals nothing and keeps nobody from sealing. */
export function isSealedClosing(view: LogView, ref: string): boolean {
  const { counted, beside } = closingsOf(view);
  return [...counted, ...beside].some(({ record }) => record.ref === ref);
}

/** What a seal names for them: the digests of the operations that wrote them. Unlike what they say, a digest is salted. */
export function digestsOf(words: readonly EntityView<'handwritten_signature'>[]): string[] {
  return words.flatMap((word) => word.bornView?.heads.at(-1)?.digest ?? []);
}

/** The record of a closing or report record entity; null where its text cannot be read. */
export function readRecord(entity: EntityView<'closing_record'> | EntityView<'report_record'>): PlainRecord | null {
  try {
    return JSON.parse(String(entity.value('record'))) as PlainRecord;
  } catch {
    return null;
  }
}

/**
 * The closing record that was shown last and may still be sealed. A copy of what somebody else has frozen, or of what is sealed
 * already, is none: no seal would fit it, and people would sign for nothing.
 */
export function openClosingRecord(view: LogView): EntityView<'closing_record'> | undefined {
  const { counted, beside, counting } = closingsOf(view);
  const sealed = [...counted, ...beside];
  const taken = new Set<unknown>(sealed.flatMap(({ record, seal }) => [record.ref, seal.sha256]));
  const supersedes = counting?.seal.sha256 ?? null;
  return view
    .ofKind('closing_record')
    .findLast(
      (record) =>
        !taken.has(record.ref) &&
        !taken.has(record.get('sha256')) &&
        readRecord(record)?.['supersedes'] === supersedes &&
        namesItsAuthor(record.bornView!.heads.at(-1)!),
    );
}

/** How a report names the seal under its closing record: SHA-256 over its canonical form, signature included. */
export function sealSha256(seal: Readonly<Record<string, unknown>>): string {
  return sha256Of(canonicalText(seal));
}

/** What a device signs under a seal: its RFC 8785 form without the signature itself. */
export function sealStatement(seal: Readonly<Record<string, unknown>>): string {
  const { device_signature: _, ...vouched } = seal;
  return canonicalText(vouched);
}

function recommendations(view: LogView, audit: string): Refusal[] {
  const shown = view.find('audit', audit);
  if (!hasRecommendation(shown?.get('type'))) return [];
  const missing = (shown?.get('criteria') ?? [])
    .filter((standard) => !view.ofKind('recommendation').some((item) => item.id === standard && item.get('outcome')))
    .map((standard) => refuse('closing.recommendation_missing', { standard }));
  return [...missing, ...outdatedRecommendations(view, audit)];
}

function spoken(ref: string, field: string, numbers: ReadonlyMap<string, string>): string {
  const number = numbers.get(entityIdOf(ref)) ?? numbers.get(gradedFinding(entityIdOf(ref)));
  return `${entityKindOf(ref)}${number ? ` ${number}` : ''}, ${field}`;
}
