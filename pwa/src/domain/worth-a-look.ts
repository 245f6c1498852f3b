/** What is worth a look before the closing seal, and in the way of nothing. */
import { NONCONFORMITIES } from './finding';
import type { PlainRecord } from './record';

export interface DespiteMajor {
  readonly standard: string;
  readonly numbers: readonly string[];
}

/** Standards for which certification is recommended as it stands, with a major nonconformity in them. */
export function recommendedDespiteMajor(record: PlainRecord): DespiteMajor[] {
  const grades = gradesByStandard(record);
  return recordedItems(record['recommendations'])
    .filter((one) => one['outcome'] === 'recommended')
    .map((one) => String(one['standard']))
    .map((standard) => ({
      standard,
      numbers: [...(grades.get(standard) ?? [])].flatMap(([number, grade]) =>
        grade === 'major_nonconformity' ? [number] : [],
      ),
    }))
    .filter(({ numbers }) => numbers.length > 0);
}

/** By standard, the nonconformities that stand: number and grade. */
function gradesByStandard(record: PlainRecord): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const finding of recordedItems(record['findings'])) {
    if (finding['withdrawn_reason']) continue;
    const special = new Map(
      recordedItems(finding['grades']).map((one) => [String(one['standard']), String(one['grade'])]),
    );
    for (const criterion of listed(finding['criteria'])) {
      const standard = String(criterion).split(':', 1)[0]!;
      const grade = special.get(standard) ?? String(finding['grade']);
      if (!NONCONFORMITIES.includes(grade)) continue;
      const numbers = found.get(standard) ?? new Map<string, string>();
      found.set(standard, numbers.set(String(finding['number']), grade));
    }
  }
  return found;
}

/** The numbers of the previous audit's findings that nobody has verified yet. */
export function notVerified(record: PlainRecord): string[] {
  return recordedItems(record['follow_up'])
    .filter((one) => (one['follow_up_result'] ?? 'not_verified') === 'not_verified')
    .map((one) => String(one['number'] ?? ''));
}

/** The audit's last day where it lies ahead of `today`. */
export function lastDayAhead(record: PlainRecord, today: string): string | null {
  const ends = (record['audit'] as PlainRecord | undefined)?.['ends_on'];
  return typeof ends === 'string' && ends > today ? ends : null;
}

function recordedItems(value: unknown): PlainRecord[] {
  return listed(value) as PlainRecord[];
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
