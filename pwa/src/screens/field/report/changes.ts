/** What changed since the closing record, in words for the reader. */
import type { PlainRecord } from '../../../domain/record';
import { isSameValue, type Value } from '../../../domain/plain-json';
import { formatDateTime, say, t } from '../../../i18n';
import { annotationWords } from '../annotation/annotation-words';
import { differing } from './differing';

export interface SpokenChange {
  readonly what: string;
  readonly was: string | null;
  readonly is: string | null;
}

interface Told {
  readonly nameOfStandard: (id: string) => string;
  readonly clauseName: (criterion: string) => string;
  /** What was sealed, and what is so now. */
  readonly before: PlainRecord;
  readonly now: PlainRecord;
}

export function spokenChanges(changes: readonly Value[], told: Told): SpokenChange[] {
  const { nameOfStandard } = told;
  return (changes as unknown as PlainRecord[]).flatMap((change): SpokenChange | SpokenChange[] => {
    const { finding, evidence, field, was, is } = change;
    if (typeof finding !== 'string' && typeof evidence !== 'string') {
      if (field === 'judgements') return spokenJudgements(told);
      return { what: say('report.part', String(field), {}, String(field)), was: null, is: null };
    }
    const name = typeof finding === 'string' ? t('closing.finding_named', { number: finding }) : t('report.evidence');
    if (field === null) return { what: `${name}: ${say('report.change', String(is))}`, was: null, is: null };
    return {
      what: `${name}, ${say('closing.field', String(field), {}, String(field))}`,
      ...(field === 'grades'
        ? { was: spokenGrades(was, nameOfStandard), is: spokenGrades(is, nameOfStandard) }
        : differing(...inWords(String(field), was, is, told))),
    };
  });
}

/** By field of a finding or of evidence, the list of the record in which its id is found. */
const LISTED_AS: Readonly<Record<string, string>> = {
  process: 'processes',
  site: 'sites',
  shift: 'shifts',
  area: 'areas',
};

function inWords(
  field: string,
  was: Value | undefined,
  is: Value | undefined,
  { before, now }: Told,
): [string, string] {
  if (field === 'annotation') return [annotationWords(was), annotationWords(is)];
  if (field === 'method') return [method(was), method(is)];
  if (field === 'observed_at') return [time(was), time(is)];
  const list = LISTED_AS[field];
  if (list === undefined) return [spoken(was), spoken(is)];
  const listed = [before, now].flatMap((record) => (record[list] ?? []) as PlainRecord[]);
  const names = new Map(listed.map(({ id, name }) => [id, name]));
  return [spoken(names.get(was) ?? was), spoken(names.get(is) ?? is)];
}

/** Clause by clause, what was judged of it at all its places. */
function spokenJudgements({ before, now, clauseName }: Told): SpokenChange[] {
  const [earlier, later] = [judgementsIn(before), judgementsIn(now)];
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((criterion) => {
    const [was, is] = [earlier.get(criterion) ?? [], later.get(criterion) ?? []];
    if (isSameValue(was as Value, is as Value)) return [];
    const what = t('report.judgement_of', { clause: clauseName(criterion) });
    const [wasSaid, isSaid] = [results(was), results(is)];
    return [wasSaid === isSaid ? { what, was: null, is: null } : { what, was: wasSaid, is: isSaid }];
  });
}

function judgementsIn(record: PlainRecord): Map<string, PlainRecord[]> {
  const found = new Map<string, PlainRecord[]>();
  for (const one of (record['judgements'] ?? []) as PlainRecord[]) {
    const criterion = String(one['criterion']);
    found.set(criterion, [...(found.get(criterion) ?? []), one]);
  }
  return found;
}

function results(judgements: readonly PlainRecord[]): string {
  const said = new Set(judgements.flatMap(({ result }) => (result ? [say('mark', String(result))] : [])));
  return [...said].join(', ') || t('report.nothing');
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

function method(value: Value | undefined): string {
  return typeof value === 'string' ? say('evidence.method', value) : spoken(value);
}

function time(value: Value | undefined): string {
  return typeof value === 'string' && value ? formatDateTime(value) : spoken(value);
}

function spoken(value: Value | undefined): string {
  if (value === null || value === undefined || value === '') return t('report.nothing');
  if (value === true) return t('answer.yes');
  if (value === false) return t('answer.no');
  if (Array.isArray(value)) return value.map(String).join(', ') || t('report.nothing');
  return say('mark', String(value), {}, say('answer', String(value), {}, String(value)));
}
