/**
 * Which findings have a number for good: what was signed at a closing meeting or printed in a report that was issued stays as it is.
 *
 * server/domain/numbering.py decides the same; schemas/vectors/finding and schemas/vectors/numbering hold both together.
 */
import { closingsOf } from './closings';
import type { EntityView, LogView } from './fold';
import { parsePlainJson } from './plain-json';

const NUMBER = /^[0-9]{2,6}$/;

/**
 * The numbers by finding, and every number that was ever given, which no other finding gets.
 *
 * Whether the finding is still there or not: what went out to the certification body comes first, then what the closing record that
 * counts says, then those before it and beside it; of each what nothing before it knows and what is still free. Clocks decide
 * nothing, and neither does a deletion: nobody takes back what was signed.
 */
export function fixedNumbers(view: LogView): { fixed: Map<string, number>; given: Set<number> } {
  const fixed = new Map<string, number>();
  const given = new Set<number>();
  for (const numbers of givenIn(view)) {
    const taken = new Set(fixed.values());
    for (const [finding, number] of numbers) {
      given.add(number);
      if (!fixed.has(finding) && !taken.has(number)) fixed.set(finding, number);
    }
  }
  return { fixed, given };
}

/** What counts of them by now matters only of closing records: what was issued stays issued. */
function givenIn(view: LogView): [string, number][][] {
  const issued = [...view.issued.values()].flat().map(({ numbers }) => told(numbers));
  const { counted, beside } = closingsOf(view);
  const closings = [...counted.toReversed(), ...beside].map(({ record }) => record as unknown as EntityView);
  return [...issued, ...closings.map((record) => numbersOfRecord(view, record))];
}

/** Where its content was erased, the word of the erasure says how it numbered the findings. */
function numbersOfRecord(view: LogView, record: EntityView): [string, number][] {
  const birth = record.bornView?.heads.at(-1);
  if (birth === undefined) return [];
  if (!birth.isErased) return numbersIn(record.born?.['record']);
  const kept: unknown = view.erased.get(birth.digest)?.record;
  return isPlainObject(kept) ? told(kept['numbers']) : [];
}

function told(numbers: unknown): [string, number][] {
  return isPlainObject(numbers) ? fitting(Object.entries(numbers)) : [];
}

/** The numbers in a record's text. Not what this app writes, such as one of them twice: it fixes nothing. */
function numbersIn(record: unknown): [string, number][] {
  try {
    if (typeof record !== 'string') return [];
    const { findings } = parsePlainJson(record) as unknown as { findings: { id: unknown; number: unknown }[] };
    return fitting(findings.map(({ id, number }): [unknown, unknown] => [id, number]));
  } catch {
    return [];
  }
}

/** Nothing where one does not fit, or one stands there twice. */
function fitting(told: readonly (readonly [unknown, unknown])[]): [string, number][] {
  const isFit = ([id, number]: readonly [unknown, unknown]): boolean =>
    typeof id === 'string' && typeof number === 'string' && NUMBER.test(number);
  if (!told.every(isFit)) return [];
  const numbers = told.map(([id, number]): [string, number] => [id as string, Number(number)]);
  const isTwice = (place: 0 | 1): boolean => new Set(numbers.map((one) => one[place])).size < numbers.length;
  return isTwice(0) || isTwice(1) ? [] : numbers;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
