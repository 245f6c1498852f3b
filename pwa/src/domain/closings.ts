/**
 * Which closing record counts: a later one may take the place of one that was sealed wrongly, or that has to lose a sentence by law.
 *
 * What counts follows from the seals alone, so it outlasts an erasure of what the records say. server/domain/closings.py decides the
 * same; schemas/vectors/closing holds both together.
 */
import { compareArrivals, type Arrival, type EntityView, type LogView } from './fold';
import { byCodePoint, SEAL, type ChainKey, type ReadOperation } from './operation';
import { parsePlainJson, type Value } from './plain-json';
import type { Schemas } from './vocabulary';

/** A closing record under the first seal that fits it. `arrived` is null while that seal is on this tablet only. */
export interface SealedClosing {
  readonly record: EntityView<'closing_record'>;
  readonly seal: Schemas['Seal'];
  readonly arrived: Arrival | null;
}

/**
 * Every sealed closing record of an audit. `counted` follow on each other, and the last of them is the one that counts; `beside`
 * were sealed while another tablet had sealed one in the same place.
 */
export interface Closings {
  readonly counted: readonly SealedClosing[];
  readonly beside: readonly SealedClosing[];
  readonly counting: SealedClosing | undefined;
}

/**
 * From the first record on, always to the one that takes its place. Where two tablets replaced the same record at once, what
 * arrived first at the server counts and goes on counting; the other is shown beside it and can be taken up in a further one.
 */
export function closingsOf(view: LogView): Closings {
  const sealed = sealedClosings(view).sort(byArrival);
  const known = new Set<unknown>(sealed.map(({ seal }) => seal.sha256));
  const after = new Map<unknown, SealedClosing[]>();
  for (const one of sealed) {
    const place = known.has(one.seal.supersedes) ? one.seal.supersedes : null;
    after.set(place, [...(after.get(place) ?? []), one]);
  }
  const counted: SealedClosing[] = [];
  let following = after.get(null) ?? [];
  while (following.length > 0) {
    counted.push(firstByLine(following, after));
    const last = counted.at(-1)!.seal.sha256;
    following = (after.get(last) ?? []).filter((one) => !counted.includes(one));
  }
  return { counted, beside: sealed.filter((one) => !counted.includes(one)), counting: counted.at(-1) };
}

/** By the first arrival among it and all that follow on it: a record that comes home late does not move those that rest on it. */
function firstByLine(
  following: readonly SealedClosing[],
  after: ReadonlyMap<unknown, readonly SealedClosing[]>,
): SealedClosing {
  const lines = following.map((first) => ({ first, earliest: earliestOf(first, after) }));
  lines.sort((one, other) => byArrival(one.earliest, other.earliest) || byArrival(one.first, other.first));
  return lines[0]!.first;
}

function earliestOf(first: SealedClosing, after: ReadonlyMap<unknown, readonly SealedClosing[]>): SealedClosing {
  const line = new Set<SealedClosing>();
  const ahead = [first];
  for (let one = ahead.pop(); one !== undefined; one = ahead.pop()) {
    if (line.has(one)) continue;
    line.add(one);
    ahead.push(...(after.get(one.seal.sha256) ?? []));
  }
  return [...line].sort(byArrival)[0]!;
}

/** Deleted or not: nobody takes back what somebody has vouched for. */
function sealedClosings(view: LogView): SealedClosing[] {
  const found: SealedClosing[] = [];
  for (const entity of view.entities.values()) {
    const shown = entity.kind === 'closing_record' ? entity.fields.get(SEAL) : undefined;
    if (shown === undefined || entity.bornView === undefined) continue;
    // The first to arrive comes last.
    const index = shown.heads.findLastIndex(({ val, chain }) => isSealOf(view, val, entity, chain));
    if (index < 0) continue;
    const record = entity as unknown as EntityView<'closing_record'>;
    const seal = shown.heads[index]!.val as unknown as Schemas['Seal'];
    found.push({ record, seal, arrived: shown.arrivals[index] ?? null });
  }
  return found;
}

function isSealOf(view: LogView, val: Value, entity: EntityView, author: ChainKey): boolean {
  if (!isObject(val)) return false;
  const isAuthors = val['installation'] === author.installation && val['account'] === author.account;
  if (val['purpose'] !== 'closing' || val['audit'] !== author.audit || !isAuthors || !val['sha256']) return false;
  const sha256 = sha256OfRecord(view, entity);
  return sha256 === undefined || val['sha256'] === sha256;
}

/**
 * The hash of the record, null where it is another's; of an erased one as the word of the erasure tells it, and undefined where that is
 * silent.
 */
function sha256OfRecord(view: LogView, entity: EntityView): Value | undefined {
  const birth = entity.bornView!.heads.at(-1)!;
  if (!birth.isErased) return namesItsAuthor(birth) ? (entity.value('sha256') ?? null) : null;
  return view.erased.get(birth.digest)?.record?.sha256;
}

/**
 * Whether a record's text, where it says whose it is, says what the log says of whoever brought it. A copy of what somebody else has
 * frozen, under another id, is no record of its own: it would stand in the place of the one that people signed.
 */
export function namesItsAuthor({ val, chain }: ReadOperation): boolean {
  const frozen = isObject(val) ? frozenIn(val['record']) : undefined;
  const { installation, account } = frozen ?? {};
  if (installation === undefined || account === undefined) return true;
  return installation === chain.installation && account === chain.account;
}

/** What a record says of how it was frozen; undefined where it says nothing that can be read. */
function frozenIn(record: Value | undefined): Readonly<Record<string, Value>> | undefined {
  try {
    const read = typeof record === 'string' ? parsePlainJson(record) : null;
    const frozen = isObject(read) ? read['frozen'] : undefined;
    return isObject(frozen) ? frozen : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: Value | undefined): value is Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of two that stand beside each other the first to arrive counts, as of births and seals. */
function byArrival(one: SealedClosing, other: SealedClosing): number {
  return (
    compareArrivals(one.arrived, other.arrived) ||
    byCodePoint(String(one.seal.sealed_at), String(other.seal.sealed_at)) ||
    byCodePoint(one.seal.sha256, other.seal.sha256) ||
    byCodePoint(one.record.ref, other.record.ref)
  );
}
