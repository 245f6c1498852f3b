/**
 * Which findings have a number for good: what was signed at a closing meeting or printed in a report that was issued stays as it is.
 *
 * server/domain/numbering.py decides the same; schemas/vectors/finding and schemas/vectors/numbering hold both together.
 */
import { closingsOf } from './closings';
import type { EntityView, LogView } from './fold';
import { SEAL } from './operation';
import { parsePlainJson } from './plain-json';

const NUMBER = /^[0-9]{2,6}$/;

/**
 * By finding, whether it is still there or not. What went out to the certification body comes first, then what the closing record
 * that counts says, then those before it and beside it: of each what nothing before it knows and what is still free. Clocks decide
 * nothing, and neither does a deletion: nobody takes back what was signed.
 */
export function fixedNumbers(view: LogView): Map<string, number> {
  const fixed = new Map<string, number>();
  for (const record of recordsOf(view)) {
    const taken = new Set(fixed.values());
    for (const [finding, number] of numbersOfRecord(view, record)) {
      if (!fixed.has(finding) && !taken.has(number)) fixed.set(finding, number);
    }
  }
  return fixed;
}

function recordsOf(view: LogView): EntityView[] {
  const sealed = new Map<string, EntityView>();
  for (const entity of view.entities.values()) {
    if (entity.kind !== 'report_record') continue;
    for (const head of entity.fields.get(SEAL)?.heads ?? []) sealed.set(head.digest, entity);
  }
  const issued = [...view.issued.keys()].flatMap((seal) => sealed.get(seal) ?? []);
  const { counted, beside } = closingsOf(view);
  const closings = [...counted.toReversed(), ...beside].map(({ record }) => record as unknown as EntityView);
  return [...issued, ...closings];
}

/** Where its content was erased, the word of the erasure says how it numbered the findings. */
function numbersOfRecord(view: LogView, record: EntityView): [string, number][] {
  const birth = record.bornView?.heads.at(-1);
  if (birth === undefined) return [];
  if (!birth.isErased) return numbersIn(record.born?.['record']);
  const told = view.erased.get(birth.digest)?.numbers;
  return isPlainObject(told) ? fitting(Object.entries(told)) : [];
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
