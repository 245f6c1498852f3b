/**
 * From the log of operations to what a screen or a report shows. A pure function of the set of entries:
 * order, repetition and detours on the way here cannot change the result.
 *
 * The same fold stands in server/domain/fold.py; schemas/vectors/fold holds both together.
 */
import { BORN, DELETED, entityIdOf, entityKindOf, parseOperation, type ReadOperation } from './operation';
import { canonicalText, type Value } from './plain-json';
import { isRefusal } from './refusal';
import { BORN_FIELDS, type Entities, type EntityKind, type FieldName, type Origin } from './vocabulary';

/** One line of the log as the server numbers it. What has not been pulled yet has neither `seq` nor `receivedAt`. */
export interface Entry {
  readonly operation: ReadOperation;
  readonly origin: Origin;
  readonly seq: number | null;
  /** Milliseconds since 1970, by the server's clock. It bounds the display order and never enters sealed content. */
  readonly receivedAt: number | null;
  /** From when on it counts, as the server's last verdict says. Without one it counts from when it was received. */
  readonly since?: number;
}

/** Since when an entry counts, and its number. The number alone would not do: after a restore entries get new ones, and keep their time. */
export type Arrival = readonly [since: number, seq: number];

/** What the server said about an operation: `quarantined` or, when it took that back, `applied`. */
export interface Verdict {
  readonly state: string;
  readonly code?: string;
  readonly facts?: Readonly<Record<string, Value>>;
  /** Of what counts: from when on, in milliseconds by the server's clock. */
  readonly since?: number;
  /** Of what a person let count: whose decision it was. */
  readonly by?: string;
  /** Of a quarantine: who sent it, from where. What cannot be read, or names another author, does not tell. */
  readonly sent_by?: { readonly installation: string; readonly account: string };
}

/** What the server said when it issued a report from a sealed record: a file that is named by its hash. */
export interface Issuance {
  readonly revision: number;
  /** The hash of the report record. */
  readonly sha256: string;
  /** `provisional` lacks pictures, `draft` waits for the certification body, `released` does not. */
  readonly state: string;
  readonly pdf_sha256: string;
  readonly pages: number;
  /** The number of each finding in it: no other one ever gets it. */
  readonly numbers?: Readonly<Record<string, string>>;
  readonly by: string;
  readonly at: string;
}

/** What the server said when it took content out of the log. */
export interface Erasure {
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  /** Of a sealed record, which it was and the number that it gave to each finding. */
  readonly record?: { readonly sha256: string; readonly numbers: Readonly<Record<string, string>> };
  /** Of evidence the SHA-256 of its file, where that goes as well: no other entry named it. */
  readonly evidence?: string;
}

/**
 * Verdicts on what names a chain without being part of it: sent under a name that is not the sender's, or forked off. It says
 * nothing about how far the chain goes. (Of two tablets under one name, the one whose entries count keeps it.)
 */
export const BESIDE_THE_CHAIN: readonly string[] = ['operation.not_yours', 'operation.reserved', 'chain.forked'];

/** One field with every head: the operations that no other applied operation supersedes. */
export class FieldView {
  readonly value: Value;
  readonly heads: readonly ReadOperation[];
  /** Of every head its number in the server's log; null while it has not come back from there. */
  readonly arrivals: readonly (Arrival | null)[];

  constructor(value: Value, heads: readonly ReadOperation[], arrivals: readonly (Arrival | null)[] = []) {
    this.value = value;
    this.heads = heads;
    this.arrivals = arrivals;
  }

  /**
   * Two people left different values without having seen each other's. The same value twice is no dispute; neither are two
   * seals, which are two witnesses.
   */
  get isDisputed(): boolean {
    if (this.heads.length < 2 || this.heads[0]!.kind === 'seal') return false;
    return new Set(this.heads.map(comparable)).size > 1;
  }

  /** The displayed value was erased: who wrote it, and when, is all that is left. `value` is null. */
  get isErased(): boolean {
    return this.heads.at(-1)?.isErased === true;
  }
}

/** One thing in the audit, as the folded log shows it. */
export class EntityView<K extends EntityKind = EntityKind> {
  readonly ref: string;
  readonly born: Readonly<Record<string, Value>> | null;
  readonly fields: ReadonlyMap<string, FieldView>;
  /** The heads of `born` and `deleted`, which a deletion and its dispute need. */
  readonly bornView: FieldView | undefined;
  readonly deletedView: FieldView | undefined;
  readonly isDeleted: boolean;
  readonly isDeletionDisputed: boolean;

  constructor(ref: string, views: ReadonlyMap<string, FieldView>) {
    this.ref = ref;
    this.bornView = views.get(BORN);
    this.deletedView = views.get(DELETED);
    const born = this.bornView?.value;
    // Where its birth was erased, the entity is there all the same.
    if (this.bornView?.isErased) this.born = {};
    else this.born = typeof born === 'object' && born !== null && !Array.isArray(born) ? born : null;
    const names = [...views.keys()].filter((name) => name !== BORN && name !== DELETED).sort();
    this.fields = new Map(names.map((name) => [name, views.get(name)!]));
    const wantsDeletion = this.deletedView !== undefined && isTruthy(this.deletedView.value);
    this.isDeletionDisputed =
      this.deletedView !== undefined &&
      (this.deletedView.isDisputed || (wantsDeletion && this.#wasEditedMeanwhile(this.deletedView)));
    this.isDeleted = wantsDeletion && !this.isDeletionDisputed;
  }

  get kind(): string {
    return entityKindOf(this.ref);
  }

  get id(): string {
    return entityIdOf(this.ref);
  }

  /** The displayed value of a field, or what the entity was born with; undefined where neither was ever written. */
  get<F extends FieldName<K>>(name: F): Entities[K][F] | null | undefined {
    return this.value(name) as Entities[K][F] | null | undefined;
  }

  /** The same by any name, for code that walks over fields. */
  value(name: string): Value | undefined {
    const shown = this.fields.get(name);
    if (shown !== undefined) return shown.value;
    return this.born !== null && Object.hasOwn(this.born, name) ? this.born[name] : undefined;
  }

  /** The operation that said it, where its content was erased: the field's, or the birth's. */
  erased(name: string): ReadOperation | undefined {
    const born: readonly string[] = BORN_FIELDS[this.kind as EntityKind] ?? [];
    const shown = this.fields.get(name) ?? (born.includes(name) ? this.bornView : undefined);
    return shown?.isErased ? shown.heads.at(-1) : undefined;
  }

  isDisputed(name: FieldName<K>): boolean {
    return this.fields.get(name)?.isDisputed ?? false;
  }

  /** Every head of the whole entity: what a deletion names as seen. */
  allHeads(): ReadOperation[] {
    const views = [this.deletedView, this.bornView, ...this.fields.values()];
    return views.flatMap((view) => view?.heads ?? []);
  }

  /** A deletion names every head it saw. A head that it does not name was written by somebody who did not know of it. */
  #wasEditedMeanwhile(deleted: FieldView): boolean {
    const witnessed = new Set(deleted.heads.flatMap((head) => head.bases));
    const others = [this.bornView, ...this.fields.values()];
    return others.some((view) => view?.heads.some((head) => !witnessed.has(head.digest)) ?? false);
  }
}

/** The folded log: entities by reference, and the verdicts of what was kept without being applied, by digest. */
export class LogView {
  readonly entities: ReadonlyMap<string, EntityView>;
  readonly quarantined: ReadonlyMap<string, Verdict>;
  /** What was erased, by digest. */
  readonly erased: ReadonlyMap<string, Erasure>;
  /** By the digest of a report's seal what was issued from it, in the order in which it was. */
  readonly issued: ReadonlyMap<string, readonly Issuance[]>;
  readonly #byKind = new Map<string, EntityView[]>();

  constructor(
    entities: ReadonlyMap<string, EntityView> = new Map(),
    quarantined: ReadonlyMap<string, Verdict> = new Map(),
    erased: ReadonlyMap<string, Erasure> = new Map(),
    issued: ReadonlyMap<string, readonly Issuance[]> = new Map(),
  ) {
    this.entities = entities;
    this.quarantined = quarantined;
    this.erased = erased;
    this.issued = issued;
  }

  /** Every entity of a kind that was born and is not deleted, in the order of references. */
  ofKind<K extends EntityKind>(kind: K): readonly EntityView<K>[] {
    let found = this.#byKind.get(kind);
    if (found === undefined) {
      const refs = [...this.entities.keys()].filter((ref) => entityKindOf(ref) === kind).sort();
      found = refs.map((ref) => this.entities.get(ref)!).filter(isShown);
      this.#byKind.set(kind, found);
    }
    return found as unknown as readonly EntityView<K>[];
  }

  entity(ref: string): EntityView | undefined {
    return this.entities.get(ref);
  }

  /** One entity by kind and id, whether it is deleted or not. */
  find<K extends EntityKind>(kind: K, id: string | null | undefined): EntityView<K> | undefined {
    return id ? (this.entities.get(`${kind}/${id}`) as unknown as EntityView<K> | undefined) : undefined;
  }
}

/** Born and not deleted. A disputed deletion is shown until a person decides. */
export function isShown(entity: EntityView | undefined): entity is EntityView {
  return entity !== undefined && entity.born !== null && !entity.isDeleted;
}

/** Heads, displayed values and open disputes of every field, from whatever set of entries is at hand. */
export function foldLog(entries: Iterable<Entry>): LogView {
  const told = [...entries];
  const erased = erasedBy(told);
  const all = told.map((entry) => (isToldToGo(entry, erased) ? withoutContent(entry) : entry));
  const verdicts = verdictsOf(lastVerdicts(all));
  const heads = foldHeads(all, verdicts);
  const entities = new Map<string, EntityView>();
  for (const ref of [...heads.keys()].sort()) entities.set(ref, entityView(ref, heads.get(ref)!));
  return new LogView(entities, quarantinedAmong(verdicts), erased, issuedFrom(all));
}

/** The heads of every field of every entity, once it is known what the server said of each digest. */
export function foldHeads(
  entries: readonly Entry[],
  verdicts: ReadonlyMap<string, Verdict>,
): Map<string, Map<string, Entry[]>> {
  const quarantined = quarantinedAmong(verdicts);
  const { known, applied } = knownAndApplied(
    entries.map((entry) => countingSince(entry, verdicts)),
    quarantined,
  );
  const superseded = supersededBy(applied, known, quarantined);
  const fields = new Map<string, Map<string, Entry[]>>();
  for (const entry of applied.values()) {
    const { ent, fld } = entry.operation;
    const ofEntity = upsert(fields, ent, () => new Map<string, Entry[]>());
    upsert(ofEntity, fld, () => []).push(entry);
  }
  for (const ofEntity of fields.values()) {
    for (const [name, all] of ofEntity) {
      ofEntity.set(
        name,
        all.filter((entry) => !superseded.has(entry.operation.digest)),
      );
    }
  }
  return fields;
}

/** What an entity looks like with these heads. */
export function entityView(ref: string, heads: ReadonlyMap<string, readonly Entry[]>): EntityView {
  const views = new Map<string, FieldView>();
  for (const [name, entries] of heads) if (entries.length > 0) views.set(name, fieldView(entries));
  return new EntityView(ref, views);
}

/**
 * An entry from the text of the log; `contentSha256` stands for content that was erased. What cannot be read is null: it is in
 * quarantine and shows nothing.
 */
export function readEntry(
  data: string,
  origin: Origin,
  seq: number | null,
  receivedAt: number | null,
  contentSha256?: string,
): Entry | null {
  const operation = parseOperation(data, contentSha256);
  return isRefusal(operation) ? null : { operation, origin, seq, receivedAt };
}

/** An entry that still has its content shows it no more than one that has lost it. */
export function withoutContent(entry: Entry): Entry {
  return { ...entry, operation: { ...entry.operation, val: null, isErased: true } };
}

/** What the server has erased, by digest, with its last word about it. */
export function erasedBy(entries: Iterable<Entry>): Map<string, Erasure> {
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    const { origin, operation } = entry;
    if (origin !== 'server' || operation.kind !== 'erasure' || !isPlainObject(operation.val)) continue;
    const target = entityIdOf(operation.ent);
    const before = last.get(target);
    if (before === undefined || isLater(entry, before)) last.set(target, entry);
  }
  return new Map([...last].map(([target, { operation }]) => [target, operation.val as unknown as Erasure]));
}

/**
 * Every word of the server that a report was issued: a provisional one and the whole one, a draft and its release. Of one file once, also
 * where a restored server has said it again.
 */
export function issuedFrom(entries: Iterable<Entry>): Map<string, Issuance[]> {
  const issued = new Map<string, Map<string, Issuance>>();
  for (const { origin, operation } of [...entries].sort(byArrival)) {
    const isWord = origin === 'server' && operation.kind === 'issuance' && isPlainObject(operation.val);
    if (!isWord) continue;
    const said = operation.val as unknown as Issuance;
    const files = upsert(issued, entityIdOf(operation.ent), () => new Map<string, Issuance>());
    upsert(files, typeof said.pdf_sha256 === 'string' ? said.pdf_sha256 : operation.digest, () => said);
  }
  return new Map([...issued].map(([seal, files]) => [seal, [...files.values()]]));
}

/** What the server says about operations is never erased: an operation would count again that was set aside. */
export function isToldToGo({ origin, operation }: Entry, erased: ReadonlyMap<string, Erasure>): boolean {
  return erased.has(operation.digest) && !(origin === 'server' && isOnOperation(operation));
}

function isPlainObject(value: Value): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the server alone writes: it speaks of an operation, not of the audit. */
export function isOnOperation(operation: ReadOperation): boolean {
  return operation.kind === 'verdict' || operation.kind === 'erasure' || operation.kind === 'issuance';
}

/** The server's last word in the log on each digest. Only what the server itself wrote counts. */
export function lastVerdicts(entries: Iterable<Entry>): Map<string, Entry> {
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    if (entry.origin !== 'server' || entry.operation.kind !== 'verdict') continue;
    const target = entityIdOf(entry.operation.ent);
    const before = last.get(target);
    if (before === undefined || isLater(entry, before)) last.set(target, entry);
  }
  return last;
}

/** What the entries of verdicts say. */
export function verdictsOf(words: ReadonlyMap<string, Entry>): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  for (const [digest, { operation }] of words) {
    if (isPlainObject(operation.val)) verdicts.set(digest, operation.val as unknown as Verdict);
  }
  return verdicts;
}

export function quarantinedAmong(verdicts: ReadonlyMap<string, Verdict>): Map<string, Verdict> {
  return new Map([...verdicts].filter(([, { state }]) => state === 'quarantined'));
}

/**
 * What was set aside and counts by now has arrived when it began to count, not when it came: numbers and records that people saw
 * meanwhile stay what they were. A verdict speaks of what a device pushed: the server's own words came when they came.
 */
function countingSince(entry: Entry, verdicts: ReadonlyMap<string, Verdict>): Entry {
  if (entry.origin === 'server') return entry;
  const { state, since } = verdicts.get(entry.operation.digest) ?? {};
  return state === 'applied' && typeof since === 'number' ? { ...entry, since } : entry;
}

/** What stands in the log outranks what a tablet only remembers from before the server was restored. */
function isLater(one: Entry, other: Entry): boolean {
  const first = one.seq ?? 0;
  const second = other.seq ?? 0;
  if (first !== second) return first > second;
  if (one.operation.dseq !== other.operation.dseq) return one.operation.dseq > other.operation.dseq;
  return one.operation.digest > other.operation.digest;
}

/** Operations by digest: all that can be read, and those of them that count. */
function knownAndApplied(
  entries: readonly Entry[],
  quarantined: ReadonlyMap<string, Verdict>,
): { known: Map<string, ReadOperation>; applied: Map<string, Entry> } {
  const known = new Map<string, ReadOperation>();
  const applied = new Map<string, Entry>();
  for (const entry of [...entries].sort(byArrival)) {
    const operation = entry.operation;
    if (isOnOperation(operation) || known.has(operation.digest)) continue;
    known.set(operation.digest, operation);
    if (!quarantined.has(operation.digest)) applied.set(operation.digest, entry);
  }
  return { known, applied };
}

/** What is still on its way arrives in the order in which it was written: of one chain, at least, that is certain. */
function byArrival(one: Entry, other: Entry): number {
  return (
    compareArrivals(arrivalOf(one), arrivalOf(other)) ||
    compare(one.operation.hlc, other.operation.hlc) ||
    compare(one.operation.digest, other.operation.digest)
  );
}

function arrivalOf({ seq, receivedAt, since }: Entry): Arrival | null {
  return seq === null ? null : [since ?? receivedAt ?? 0, seq];
}

/** What has not arrived comes behind all that has. */
export function compareArrivals(one: Arrival | null, other: Arrival | null): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return one[0] - other[0] || one[1] - other[1];
}

/** Every operation that an applied one has seen and replaced in the same field, also by way of one in quarantine. */
function supersededBy(
  applied: ReadonlyMap<string, Entry>,
  known: ReadonlyMap<string, ReadOperation>,
  quarantined: ReadonlyMap<string, Verdict>,
): Set<string> {
  const superseded = new Set<string>();
  for (const { operation } of applied.values()) {
    const ahead = [...operation.bases];
    const passed = new Set<string>();
    while (ahead.length > 0) {
      const base = known.get(ahead.pop()!);
      if (base === undefined || passed.has(base.digest) || !canReplace(operation, base)) continue;
      passed.add(base.digest);
      superseded.add(base.digest);
      if (quarantined.has(base.digest)) ahead.push(...base.bases);
    }
  }
  return superseded;
}

/**
 * The same field. What names a digest has seen it, so no two can replace each other.
 *
 * A birth replaces nothing: what an entity is born with (a photo's hash, who raised a finding) never changes. A seal replaces
 * none: nobody takes back what somebody else has vouched for.
 */
function canReplace(operation: ReadOperation, base: ReadOperation): boolean {
  if (operation.ent !== base.ent || operation.fld !== base.fld || operation.fld === BORN) return false;
  return operation.kind !== 'seal' && base.kind !== 'seal';
}

function fieldView(heads: readonly Entry[]): FieldView {
  // Of births and seals the first to arrive is the one that everything else refers to; a different later birth is set aside.
  const isFirstShown = heads[0]?.operation.fld === BORN || heads[0]?.operation.kind === 'seal';
  const ordered = [...heads].sort(isFirstShown ? (one, other) => byArrival(other, one) : byDisplay);
  return new FieldView(
    ordered.at(-1)!.operation.val,
    ordered.map((entry) => entry.operation),
    ordered.map(arrivalOf),
  );
}

/** Which of several heads is shown until a person decides. A clock that runs ahead cannot win beyond the time of receipt. */
function byDisplay(one: Entry, other: Entry): number {
  const [a, b] = [one.operation, other.operation];
  return (
    shownStamp(one) - shownStamp(other) ||
    compare(a.hlc.slice(16), b.hlc.slice(16)) ||
    compare(a.chain.installation, b.chain.installation) ||
    compare(a.chain.account, b.chain.account) ||
    compare(a.chain.audit, b.chain.audit) ||
    compare(a.digest, b.digest)
  );
}

function shownStamp(entry: Entry): number {
  const stamp = Number(entry.operation.hlc.slice(0, 15));
  return entry.receivedAt === null ? stamp : Math.min(stamp, entry.receivedAt);
}

function comparable(operation: ReadOperation): string {
  return operation.isErased ? 'erased' : canonicalText(operation.val);
}

/** As Python's `bool`: an odd value of an odd device must not fold differently here. */
function isTruthy(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function upsert<Key, Found>(map: Map<Key, Found>, key: Key, make: () => Found): Found {
  let found = map.get(key);
  if (found === undefined) {
    found = make();
    map.set(key, found);
  }
  return found;
}
