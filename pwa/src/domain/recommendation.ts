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
  const [earlier, later] = [gradesIn(before), gradesIn(now)];
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
function gradesIn(record: PlainRecord): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const finding of listed(record['findings']) as PlainRecord[]) {
    if (finding['withdrawn_reason']) continue;
    const special = new Map(
      (listed(finding['grades']) as PlainRecord[]).map((one) => [String(one['standard']), String(one['grade'])]),
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
  return (listed(record['recommendations']) as PlainRecord[]).find((one) => one['standard'] === standard) ?? null;
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
