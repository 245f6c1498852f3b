/**
 * How a fact is written. What is hashed has one spelling: 2026-11-24 and not 24.11.2026, an account in small letters and not in
 * braces. Asked before a tap becomes an operation, as the length of a text is: what the server would set aside is not made.
 *
 * The same forms stand in server/domain/spelling.py; schemas/vectors/spelling holds both together.
 */
import { BORN } from './operation';
import { refuse, type Refusal } from './refusal';

const DAY = '(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}';
const TIME = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const STANDARD = '[a-z][a-z0-9]{1,13}(?:-[a-z0-9]{1,5}){0,3}';
const CLAUSE = '(?:[A-Z]|[A-Z]?[1-9][0-9]?)';

const PATTERNS = {
  day: DAY,
  local_time: `${DAY}T${TIME}`,
  // Three digits of milliseconds and Z: what `Date.toISOString` gives in every browser.
  instant: `${DAY}T${TIME}:[0-5][0-9]\\.[0-9]{3}Z`,
  uuid: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  sha256: '[0-9a-f]{64}',
  standard: STANDARD,
  criterion: `${STANDARD}:${CLAUSE}(?:\\.${CLAUSE}){0,4}`,
  // As long as a UUID, so that a criterion and four of them fit into the id of a judgement.
  reference: '[A-Za-z0-9][A-Za-z0-9._:-]{0,35}',
  language: '[a-z]{2}(?:-[A-Z]{2})?',
  media_type: '[a-z0-9][a-z0-9.+-]{0,20}/[a-z0-9][a-z0-9.+-]{0,75}',
} as const;
export type Form = keyof typeof PATTERNS;
export const FORMS = Object.keys(PATTERNS) as Form[];

const WHOLE = Object.fromEntries(
  Object.entries(PATTERNS).map(([form, pattern]) => [form, new RegExp(`^(?:${pattern})$`)]),
) as Record<Form, RegExp>;
const ON_A_DAY: readonly Form[] = ['day', 'local_time', 'instant'];

/** Field by field, as the contract has it (spelling.test.ts). A list has the form of its items. */
export const SPELLED: Readonly<Record<string, Form>> = {
  'audit.audit_client': 'uuid',
  'audit.criteria': 'standard',
  'audit.ends_on': 'day',
  'audit.language': 'language',
  'audit.starts_on': 'day',
  'audit.workspace': 'uuid',
  'team_member.account': 'uuid',
  'plan_slot.criteria': 'criterion',
  'plan_slot.ends_at': 'local_time',
  'plan_slot.process': 'reference',
  'plan_slot.shift': 'reference',
  'plan_slot.area': 'reference',
  'plan_slot.site': 'reference',
  'plan_slot.starts_at': 'local_time',
  'previous_finding.criteria': 'criterion',
  'previous_finding.raised_on': 'day',
  'deviation.observed_at': 'instant',
  'judgement.auditor': 'reference',
  'judgement.criterion': 'criterion',
  'judgement.process': 'reference',
  'judgement.shift': 'reference',
  'judgement.site': 'reference',
  'note.criterion': 'criterion',
  'note.observed_at': 'instant',
  'note.process': 'reference',
  'note.shift': 'reference',
  'note.site': 'reference',
  'finding.criteria': 'criterion',
  'finding.observed_at': 'instant',
  'finding.process': 'reference',
  'finding.raised_at': 'instant',
  'finding.raised_by': 'reference',
  'finding.shift': 'reference',
  'finding.site': 'reference',
  'area.site': 'reference',
  'evidence.area': 'reference',
  'evidence.captured_at': 'instant',
  'evidence.observed_at': 'instant',
  'evidence.media_type': 'media_type',
  'evidence.process': 'reference',
  'evidence.retakes': 'reference',
  'evidence.sha256': 'sha256',
  'evidence.shift': 'reference',
  'evidence.site': 'reference',
  'evidence_link.criterion': 'criterion',
  'evidence_link.evidence': 'reference',
  'evidence_link.finding': 'reference',
  'closing_record.sha256': 'sha256',
  'finding_grade.finding': 'reference',
  'finding_grade.standard': 'standard',
  'handwritten_signature.closing_record': 'reference',
  'handwritten_signature.closing_sha256': 'sha256',
  'handwritten_signature.signed_at': 'instant',
  'report_record.closing_seal_sha256': 'sha256',
  'report_record.closing_sha256': 'sha256',
  'report_record.sha256': 'sha256',
};

/** Whether the text is written in this form; a day must be one that the calendar has. */
export function isSpelled(form: Form, text: string): boolean {
  return WHOLE[form].test(text) && (!ON_A_DAY.includes(form) || exists(text.slice(0, 10)));
}

function exists(day: string): boolean {
  const [year, month, date] = day.split('-').map(Number);
  return new Date(Date.UTC(year!, month! - 1, date)).toISOString().startsWith(day);
}

/** Why this value does not fit its field; null when it does. Of a birth every fact is looked at. */
export function refuseSpelling(kind: string, field: string, value: unknown): Refusal | null {
  if (field === BORN && typeof value === 'object' && value !== null) {
    for (const [name, fact] of Object.entries(value)) {
      const refusal = refuseSpelling(kind, name, fact);
      if (refusal !== null) return refusal;
    }
    return null;
  }
  const form = SPELLED[`${kind}.${field}`];
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  const wrong = form && texts.find((text) => typeof text === 'string' && !isSpelled(form, text));
  return wrong === undefined
    ? null
    : refuse('operation.value_unfit', { entity: kind, field, why: `${wrong} (${form})` });
}

const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(3000, 0, 1) - 1;

/** An instant as the contract writes it. A clock that is centuries off is taken to the end of what can be written. */
export function instantOf(milliseconds: number): string {
  return new Date(Math.min(Math.max(milliseconds, EARLIEST), LATEST)).toISOString();
}

/** A media type as a browser or a camera names it, in its one spelling; what is none is bytes. */
export function mediaTypeOf(named: string): string {
  const plain = named.split(';')[0]!.trim().toLowerCase();
  return isSpelled('media_type', plain) ? plain : 'application/octet-stream';
}
