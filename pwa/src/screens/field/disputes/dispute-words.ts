/** Disputes in the words of the people who have to decide: what, which field, and each value as it would be shown. */
import { gradedFinding } from '../../../domain/finding';
import { entityIdOf, entityKindOf } from '../../../domain/operation';
import type { Value } from '../../../domain/plain-json';
import type { Considered } from '../../../domain/recommendation';
import { FINDING_GRADES, JUDGEMENT_RESULTS } from '../../../domain/vocabulary';
import { formatDate, formatList, say, t } from '../../../i18n';
import type { Dispute } from '../../../store/queries';
import { annotationWords } from '../annotation/annotation-words';
import { saidOf } from '../erased';
import type { OpenAudit } from '../open-audit.svelte';

/** What of an audit its things are named by. */
export type Named = Pick<OpenAudit, 'view' | 'numbers' | 'clauseName' | 'nameOfStandard'>;

const TEXTS: readonly string[] = [
  'title',
  'name',
  'text',
  'reason',
  'caption',
  'identifier',
  'revision',
  'found_in',
  'interviewee',
  'population',
  'allowed_by',
  'requirement',
  'failure',
  'objective_evidence',
  'grade_reason',
  'scope',
  'objectives',
  'follow_up_note',
];
const MARKS: readonly string[] = [...FINDING_GRADES, ...JUDGEMENT_RESULTS];

/** "Finding 03", "Judgement 7.1.5.1", "Slot Final inspection". */
export function whatWords(audit: Named, ref: string): string {
  const [kind, id] = [entityKindOf(ref), entityIdOf(ref)];
  if (kind === 'finding') {
    const number = audit.numbers.get(id);
    const words = saidOf(audit.view.find('finding', id), 'title') || t('finding.untitled');
    // One that was deleted has no number any more.
    return number ? t('finding.numbered', { number }) : t('dispute.deleted_finding', { title: words });
  }
  if (kind === 'finding_grade') {
    const finding = gradedFinding(id);
    const number = t('finding.numbered', { number: audit.numbers.get(finding) ?? '' });
    return `${number}, ${audit.nameOfStandard(id.slice(finding.length + 1))}`;
  }
  const entity = audit.view.entity(ref);
  if (kind === 'judgement' || kind === 'note') {
    const criterion = entity?.value('criterion');
    const name = say('dispute.kind', kind);
    return typeof criterion === 'string' ? `${name} ${audit.clauseName(criterion)}` : name;
  }
  const name = entity?.value('name') ?? entity?.value('title') ?? entity?.value('number') ?? entity?.value('caption');
  return [say('dispute.kind', kind, {}, kind), typeof name === 'string' ? name : ''].filter(Boolean).join(' ');
}

export function fieldWords({ ref, field }: Pick<Dispute, 'ref' | 'field'>): string {
  return say(
    'dispute.field',
    field,
    {},
    say(`dispute.field.${entityKindOf(ref)}`, field, {}, field.replaceAll('_', ' ')),
  );
}

/** Whether a third value can be written in words. */
export function isText({ field }: Dispute): boolean {
  return TEXTS.includes(field);
}

export function valueWords(
  audit: Named & Pick<OpenAudit, 'nameOf'>,
  { field }: Pick<Dispute, 'field'>,
  value: Value,
): string {
  if (value === null || value === '') return t('dispute.empty');
  if (typeof value === 'boolean') return value ? t('dispute.yes') : t('dispute.no');
  if (field === 'process' || field === 'site' || field === 'shift' || field === 'area')
    return audit.nameOf(field, String(value)) || String(value);
  if (field === 'considered' && isConsidered(value)) return consideredWords(audit, value);
  if (field === 'annotation') return annotationWords(value);
  if (field === 'samples' && Array.isArray(value)) return formatList(value.map(String)) || t('dispute.empty');
  if (field === 'method') return say('evidence.method', String(value));
  if (field === 'positions') return say('position_use', String(value));
  if (field === 'photo_policy') return say('area.policy', String(value));
  if (Array.isArray(value))
    return value.length > 0 ? formatList(value.map((one) => audit.clauseName(String(one)))) : t('dispute.empty');
  if (typeof value === 'object') return t('dispute.other');
  const text = String(value);
  if (MARKS.includes(text)) return say('mark', text);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return formatDate(text);
  return text;
}

/** What was set aside may be anything. */
function isConsidered(value: unknown): value is Considered[] {
  return Array.isArray(value) && value.every((one) => typeof one?.finding === 'string');
}

/** "01 Major nonconformity, 02 Minor nonconformity"; one that was deleted since has no number any more. */
function consideredWords(audit: Named, considered: readonly Considered[]): string {
  const spoken = considered.map(({ finding, grade }) => `${audit.numbers.get(finding) ?? '–'} ${say('mark', grade)}`);
  return spoken.length > 0 ? formatList(spoken) : t('dispute.empty');
}
