/**
 * A finding: its number, whether it counts, and what it still lacks before the closing meeting can seal it.
 *
 * The same rules stand in server/domain/finding.py; schemas/vectors/finding holds both together.
 */
import { isShown, type EntityView, type LogView } from './fold';
import { fixedNumbers } from './numbering';
import { refuse, type Refusal } from './refusal';
import type { FindingGrade } from './vocabulary';

export type FindingView = EntityView<'finding'>;
export type GradeView = EntityView<'finding_grade'>;
export type FindingPart = 'requirement' | 'failure' | 'objective_evidence' | 'criteria';

export const WORST_FIRST = [
  'major_nonconformity',
  'minor_nonconformity',
  'area_of_concern',
  'opportunity_for_improvement',
  'positive',
] as const satisfies FindingGrade[];
export const NONCONFORMITIES: readonly unknown[] = [
  'major_nonconformity',
  'minor_nonconformity',
] satisfies FindingGrade[];
/** ISO/IEC 17021-1:2015, 9.4.5.3: the requirement, the statement of what is not met, the objective evidence. */
const THREE_PARTS = ['requirement', 'failure', 'objective_evidence'] as const;

/** Python's idea of white space, which is not quite JavaScript's. */
const BLANK = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;

export interface NumberedFinding {
  readonly number: string;
  readonly finding: FindingView;
}

/**
 * Every finding with its number; withdrawn ones keep theirs.
 *
 * On the floor the number is provisional: the order of raising, since another tablet may hold earlier ones. The closing seal
 * fixes it, and so does a report that was issued: what people signed as 01 stays 01, whatever arrives or goes later, and no number
 * is given twice.
 */
export function numberedFindings(view: LogView): NumberedFinding[] {
  const { fixed, given } = fixedNumbers(view);
  let last = 0;
  const nextFree = (): number => {
    do last += 1;
    while (given.has(last));
    return last;
  };
  return [...view.ofKind('finding')]
    .map((finding) => ({ finding, raisedAt: String(finding.get('raised_at') ?? '') }))
    .sort((one, other) => compare(one.raisedAt, other.raisedAt) || compare(one.finding.id, other.finding.id))
    .map(({ finding }) => ({ finding, position: fixed.get(finding.id) ?? nextFree() }))
    .sort((one, other) => one.position - other.position)
    .map(({ finding, position }) => ({ number: String(position).padStart(2, '0'), finding }));
}

/** The number of each finding by its id. */
export function numbersOf(findings: readonly NumberedFinding[]): Map<string, string> {
  return new Map(findings.map(({ number, finding }) => [finding.id, number]));
}

export function isWithdrawn(finding: FindingView): boolean {
  return Boolean(finding.get('withdrawn_reason'));
}

/** The same finding in the same standard is always the same entity, whichever tablet wrote it first. */
export function gradeId(finding: string, standard: string): string {
  return `${finding}~${standard}`;
}

/** The finding that a grade of its own, by its id, belongs to. */
export function gradedFinding(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('~')));
}

/** The standards whose clauses it cites, in the order of their ids. */
export function citedStandards(finding: FindingView): string[] {
  return [...new Set((finding.get('criteria') ?? []).map((criterion) => criterion.split(':', 1)[0]!))].sort();
}

/**
 * By standard, the grades that were given for it alone. One that was taken back is none, and one for a standard that the finding
 * does not cite says nothing.
 */
export function specialGrades(view: LogView, finding: FindingView): Map<string, GradeView> {
  const special = new Map<string, GradeView>();
  for (const standard of citedStandards(finding)) {
    const grade = view.entity(`finding_grade/${gradeId(finding.id, standard)}`);
    if (isShown(grade) && grade.value('grade')) special.set(standard, grade as unknown as GradeView);
  }
  return special;
}

/** The grade in this standard: its own, or else the grade of the finding. */
export function gradeIn(view: LogView, finding: FindingView, standard: string): FindingGrade | null {
  return (specialGrades(view, finding).get(standard)?.get('grade') ?? finding.get('grade')) || null;
}

/** The grade in each standard that it cites; while it cites none, the grade of the finding. */
export function gradesOf(view: LogView, finding: FindingView): (FindingGrade | null)[] {
  const special = specialGrades(view, finding);
  const general = finding.get('grade') ?? null;
  const byStandard = citedStandards(finding).map((standard) => special.get(standard)?.get('grade') ?? general);
  return byStandard.length > 0 ? byStandard : [general];
}

/** The one that counts where one must be shown. */
export function worstGrade(view: LogView, finding: FindingView): FindingGrade | null {
  const given = gradesOf(view, finding);
  return WORST_FIRST.find((grade) => given.includes(grade)) ?? null;
}

/** Whether it is one in any of its standards. */
export function isNonconformity(view: LogView, finding: FindingView): boolean {
  return gradesOf(view, finding).some((grade) => NONCONFORMITIES.includes(grade));
}

/** The parts of a nonconformity that are still empty. Nothing of this stands in the way of capturing it. */
export function missingParts(view: LogView, finding: FindingView): FindingPart[] {
  if (!isNonconformity(view, finding) || isWithdrawn(finding)) return [];
  const missing: FindingPart[] = THREE_PARTS.filter((part) => BLANK.test(finding.get(part) ?? ''));
  return (finding.get('criteria') ?? []).length > 0 ? missing : [...missing, 'criteria'];
}

/** Why neither record can be sealed yet, finding by finding. */
export function findingsBeforeSealing(view: LogView): Refusal[] {
  const refusals: Refusal[] = [];
  for (const { number, finding } of numberedFindings(view)) {
    if (isWithdrawn(finding)) continue;
    const missing = missingParts(view, finding);
    if (gradesOf(view, finding).includes(null)) {
      refusals.push(refuse('closing.grade_missing', { number, finding: finding.id }));
    } else if (missing.length > 0) {
      refusals.push(
        refuse('closing.nonconformity_incomplete', { number, finding: finding.id, missing: missing.join(', ') }),
      );
    }
  }
  return refusals;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
