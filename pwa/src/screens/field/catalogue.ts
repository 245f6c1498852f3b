/**
 * The clauses of the audit's standards: which one is meant, how the tree adds up, and how a clause is found in three seconds.
 *
 * The catalogue comes from the server once and stays on the tablet; numbers and titles are facts, questions are our own words.
 */
import type { ClauseResult } from '../../domain/judgement';
import type { Clause, Standard, Wording } from '../../domain/standard';
import type { Mark } from '../../look/grade-shapes';

/** The worst first, as a heading shows it when its clauses differ. */
const WORST_FIRST: readonly Mark[] = [
  'major_nonconformity',
  'minor_nonconformity',
  'area_of_concern',
  'opportunity_for_improvement',
];

/** Grades beside which a judgement is no longer the news: the clause does not count as conforming. */
export function isOutweighing(mark: Mark): boolean {
  return mark === 'major_nonconformity' || mark === 'minor_nonconformity' || mark === 'area_of_concern';
}

/** A wording in the language that is spoken; English where a catalogue lacks it. */
export function worded(wording: Wording, language: string): string {
  return (wording as unknown as Record<string, string | undefined>)[language] ?? wording.en;
}

/** `iso9001-2015:7.1.5.1` -> `7.1.5.1`; whatever else somebody cited is shown as it stands. */
export function numberOf(criterion: string): string {
  return criterion.slice(criterion.indexOf(':') + 1);
}

export function standardIdOf(criterion: string): string {
  const colon = criterion.indexOf(':');
  return colon < 0 ? '' : criterion.slice(0, colon);
}

/** "ISO 9001:2015" */
export function nameOfStandard(standard: Pick<Standard, 'standard' | 'edition'>): string {
  return `${standard.standard}:${standard.edition}`;
}

/** Every auditable clause in the order of the standards: what a plan covers and a matrix counts. */
export function auditableClauses(standards: readonly Standard[]): Clause[] {
  return standards.flatMap((standard) => standard.clauses.filter((clause) => clause.auditable));
}

export function findClause(standards: readonly Standard[], criterion: string): Clause | undefined {
  const standard = standards.find(({ id }) => id === standardIdOf(criterion));
  return standard?.clauses.find((clause) => clause.criterion === criterion);
}

/** What a heading says of the clauses below it. */
export interface RolledUp {
  readonly seen: number;
  readonly total: number;
  readonly findings: number;
  /** The worst grade below, or what is so once all of it was seen. */
  readonly mark: Mark;
}

export function rollUp(results: readonly ClauseResult[]): RolledUp {
  const seen = results.filter(({ result }) => result !== 'not_seen').length;
  const worst = WORST_FIRST.find((mark) => results.some(({ result }) => result === mark));
  const settled = (['conforms', 'not_planned', 'not_applicable'] as const).find((mark) =>
    results.some(({ result }) => result === mark),
  );
  return {
    seen,
    total: results.length,
    findings: new Set(results.flatMap(({ findings }) => findings)).size,
    mark: worst ?? (seen < results.length ? 'not_seen' : (settled ?? 'not_seen')),
  };
}

/** The clauses that are below this heading, or the clause itself. */
export function isWithin(clause: Clause, heading: Clause): boolean {
  return (
    standardIdOf(clause.criterion) === standardIdOf(heading.criterion) &&
    (clause.number === heading.number || clause.number.startsWith(`${heading.number}.`))
  );
}

/**
 * Clauses by number or words, the likeliest first: `7.1.5`, `715`, `calibr`, `release night`.
 * Numbers beat titles, titles beat questions; within each the standard's own order stays.
 */
export function searchClauses(standards: readonly Standard[], query: string, language: string, most = 30): Clause[] {
  const words = foldedWords(query);
  const [first] = words;
  if (first === undefined) return [];
  const ranked: { clause: Clause; rank: number }[] = [];
  for (const clause of standards.flatMap((standard) => standard.clauses)) {
    if (!clause.auditable && clause.level < 2) continue;
    const rank = rankOf(clause, words, language);
    if (rank !== null) ranked.push({ clause, rank });
  }
  return ranked
    .sort((one, other) => one.rank - other.rank)
    .slice(0, most)
    .map(({ clause }) => clause);
}

function rankOf(clause: Clause, words: readonly string[], language: string): number | null {
  const [first = ''] = words;
  if (words.length === 1 && /^[a-z]?[\d.]+$/.test(first)) {
    const number = clause.number.toLowerCase();
    if (number === first) return 0;
    if (number.startsWith(first)) return 1;
    // Gloves skip the dots: 715 means 7.1.5.
    return number.replaceAll('.', '').startsWith(first.replaceAll('.', '')) ? 2 : null;
  }
  const title = foldedWords(worded(clause.title, language));
  if (words.every((word) => title.some((other) => other.startsWith(word)))) return 3;
  const asked = foldedWords(
    clause.questions
      .map((question) => `${worded(question.text, language)} ${worded(question.look_for, language)}`)
      .join(' '),
  );
  return words.every((word) => [...title, ...asked].some((other) => other.startsWith(word))) ? 4 : null;
}

function foldedWords(text: string): string[] {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .split(/[^\p{Letter}\p{Number}.]+/u)
    .map((word) => word.replace(/^\.+|\.+$/g, ''))
    .filter(Boolean);
}
