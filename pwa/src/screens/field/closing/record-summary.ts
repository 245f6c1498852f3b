/** What the frozen closing record says, read from its own text: people see what they sign, not what the screen has by now. */
import type { PlainRecord } from '../../../domain/record';
import { WORST_FIRST } from '../../../domain/finding';
import type { FindingGrade, RecommendationOutcome } from '../../../domain/vocabulary';
import type { GivenGrades } from '../findings/grades';

export interface RecordedFinding {
  readonly number: string;
  /** The worst one, where its standards differ. */
  readonly grade: FindingGrade | null;
  readonly given: GivenGrades;
  readonly words: string;
  readonly isWithdrawn: boolean;
  readonly acknowledgement: string | null;
}

export interface RecordSummary {
  readonly client: string | null;
  /** The hash of the closing record whose place it takes, and why. */
  readonly supersedes: string | null;
  readonly reason: string | null;
  readonly title: string | null;
  readonly findings: readonly RecordedFinding[];
  readonly grades: ReadonlyMap<FindingGrade, number>;
  readonly withdrawn: number;
  readonly dissents: number;
  readonly people: number;
  readonly deviations: number;
  readonly recommendations: readonly { standard: string; outcome: RecommendationOutcome | null }[];
}

export function summaryOf(record: PlainRecord): RecordSummary {
  const rows = (name: string) => listed(record[name]);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  const findings = rows('findings').map((finding) => ({
    number: text(finding['number']) ?? '',
    ...gradesIn(finding),
    words: text(finding['title']) ?? text(finding['failure']) ?? '',
    isWithdrawn: text(finding['withdrawn_reason']) !== null,
    acknowledgement: text(finding['acknowledgement']),
  }));
  // In the audit's order, as everywhere; the record lists them by their ids.
  const criteria = (record['audit'] as PlainRecord | undefined)?.['criteria'];
  const order = Array.isArray(criteria) ? criteria.map(String) : [];
  const place = (standard: string) => (order.includes(standard) ? order.indexOf(standard) : order.length);
  const standing = findings.filter((finding) => !finding.isWithdrawn);
  // Worst first, as the counts are read aloud.
  const counted = WORST_FIRST.map(
    (grade) => [grade, standing.filter((finding) => finding.grade === grade).length] as const,
  );
  return {
    client: text((record['audit_client'] as PlainRecord | undefined)?.['name']),
    supersedes: text(record['supersedes']),
    reason: text(record['reason']),
    title: text((record['audit'] as PlainRecord | undefined)?.['title']),
    findings,
    grades: new Map(counted.filter(([, count]) => count > 0)),
    withdrawn: findings.length - standing.length,
    dissents: standing.filter((finding) => finding.acknowledgement === 'dissent').length,
    people: rows('attendance').filter((person) => person['at_closing'] === true).length,
    deviations: rows('deviations').length,
    recommendations: rows('recommendations')
      .map((item) => ({
        standard: text(item['standard']) ?? '',
        outcome: text(item['outcome']) as RecommendationOutcome | null,
      }))
      .sort((one, other) => place(one.standard) - place(other.standard)),
  };
}

function gradesIn(finding: PlainRecord): Pick<RecordedFinding, 'grade' | 'given'> {
  const special = new Map(listed(finding['grades']).map((item) => [String(item['standard']), String(item['grade'])]));
  const general = typeof finding['grade'] === 'string' ? finding['grade'] : null;
  const criteria = Array.isArray(finding['criteria']) ? finding['criteria'].map(String) : [];
  const standards = [...new Set(criteria.map((criterion) => criterion.split(':', 1)[0]!))];
  const byStandard = standards.map((standard) => [standard, special.get(standard) ?? general] as const);
  const grades = byStandard.length > 0 ? byStandard.map(([, grade]) => grade) : [general];
  const grade = WORST_FIRST.find((one) => grades.includes(one)) ?? null;
  return { grade, given: { general, byStandard } };
}

function listed(value: unknown): PlainRecord[] {
  return Array.isArray(value) ? (value as PlainRecord[]) : [];
}

/** The first half of a checksum's start, in groups that can be read aloud: "3f9a 71c2". */
export function shortCode(sha256: string): string {
  return `${sha256.slice(0, 4)} ${sha256.slice(4, 8)}`;
}
