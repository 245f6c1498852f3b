/** The team's recommendation for each standard, and when it has to be thought over. */
import { NONCONFORMITIES } from './finding';
import { isSameValue } from './plain-json';
import type { PlainRecord } from './record';

export interface AskedAgain {
  readonly standard: string;
  /** The findings that make the difference. */
  readonly numbers: readonly string[];
  /** It reads otherwise by now. */
  readonly isThoughtOver: boolean;
}

/** The standards whose nonconformities are others by now than in the record `before`: the recommendation there was given without them. */
export function recommendationsToAskAgain(before: PlainRecord, now: PlainRecord): AskedAgain[] {
  const [earlier, later] = [gradesByStandard(before), gradesByStandard(now)];
  const order = listed((now['audit'] as PlainRecord | undefined)?.['criteria']).map(String);
  return order.flatMap((standard) => {
    const given = recommendationIn(now, standard);
    if (given === null) return [];
    const isThoughtOver = !isSameValue(given, recommendationIn(before, standard));
    const [was, is] = [earlier.get(standard), later.get(standard)];
    const numbers = [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])].filter(
      (number) => was?.get(number) !== is?.get(number),
    );
    return numbers.length > 0 ? [{ standard, numbers: numbers.sort(), isThoughtOver }] : [];
  });
}

/** By standard, the nonconformities that stand: number and grade. */
export function gradesByStandard(record: PlainRecord): Map<string, Map<string, string>> {
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

function recommendationIn(record: PlainRecord, standard: string): PlainRecord | null {
  return recordedItems(record['recommendations']).find((one) => one['standard'] === standard) ?? null;
}

/** The items of a list in a record. */
export function recordedItems(value: unknown): PlainRecord[] {
  return listed(value) as PlainRecord[];
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
