/** What changed since the closing record, in words for the reader. */
import type { PlainRecord } from '../../../domain/record';
import type { Value } from '../../../domain/plain-json';
import { say, t } from '../../../i18n';

export interface SpokenChange {
  readonly what: string;
  readonly was: string | null;
  readonly is: string | null;
}

export function spokenChanges(changes: readonly Value[]): SpokenChange[] {
  return (changes as unknown as PlainRecord[]).map((change) => {
    const { finding, evidence, field, was, is } = change;
    if (typeof finding !== 'string' && typeof evidence !== 'string') {
      return { what: say('report.part', String(field), {}, String(field)), was: null, is: null };
    }
    const name = typeof finding === 'string' ? t('closing.finding_named', { number: finding }) : t('report.evidence');
    if (field === null) return { what: `${name}: ${say('report.change', String(is))}`, was: null, is: null };
    return {
      what: `${name}, ${say('closing.field', String(field), {}, String(field))}`,
      was: spoken(was),
      is: spoken(is),
    };
  });
}

function spoken(value: Value | undefined): string {
  if (value === null || value === undefined || value === '') return t('report.nothing');
  if (value === true) return t('answer.yes');
  if (value === false) return t('answer.no');
  if (Array.isArray(value)) return value.map(String).join(', ') || t('report.nothing');
  return say('mark', String(value), {}, say('answer', String(value), {}, String(value)));
}
