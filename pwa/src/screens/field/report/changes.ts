/** What changed since the closing record, in words for the reader. */
import type { PlainRecord } from '../../../domain/record';
import type { Value } from '../../../domain/plain-json';
import { say, t } from '../../../i18n';

export interface SpokenChange {
  readonly what: string;
  readonly was: string | null;
  readonly is: string | null;
}

export function spokenChanges(changes: readonly Value[], nameOfStandard: (id: string) => string): SpokenChange[] {
  return (changes as unknown as PlainRecord[]).map((change) => {
    const { finding, evidence, field, was, is } = change;
    if (typeof finding !== 'string' && typeof evidence !== 'string') {
      return { what: say('report.part', String(field), {}, String(field)), was: null, is: null };
    }
    const name = typeof finding === 'string' ? t('closing.finding_named', { number: finding }) : t('report.evidence');
    if (field === null) return { what: `${name}: ${say('report.change', String(is))}`, was: null, is: null };
    return {
      what: `${name}, ${say('closing.field', String(field), {}, String(field))}`,
      was: field === 'grades' ? spokenGrades(was, nameOfStandard) : spoken(was),
      is: field === 'grades' ? spokenGrades(is, nameOfStandard) : spoken(is),
    };
  });
}

/** "ISO 14001:2015: Major nonconformity (It reached the drain)" */
function spokenGrades(value: Value | undefined, nameOfStandard: (id: string) => string): string {
  const grades = Array.isArray(value) ? (value as unknown as PlainRecord[]) : [];
  const lines = grades.map(({ standard, grade, grade_reason: reason }) => {
    const word = say('mark', String(grade));
    const said = typeof reason === 'string' && reason ? `${word} (${reason})` : word;
    return t('finding.grades.line', { standard: nameOfStandard(String(standard)), grade: said });
  });
  return lines.join('; ') || t('finding.grades.same');
}

function spoken(value: Value | undefined): string {
  if (value === null || value === undefined || value === '') return t('report.nothing');
  if (value === true) return t('answer.yes');
  if (value === false) return t('answer.no');
  if (Array.isArray(value)) return value.map(String).join(', ') || t('report.nothing');
  return say('mark', String(value), {}, say('answer', String(value), {}, String(value)));
}
