/**
 * Where one piece of evidence has been, as the log tells it: every step with who, when by whose clock, and the hash that it speaks of.
 *
 * A pure function of the entries, so that nobody writes this history by hand. What is disputed, set aside or erased stays a step and is
 * called what it is. What the server alone knows (that the bytes came, who was handed them) is not in the log and not in here.
 */
import { erasedBy, foldLog, isToldToGo, type Entry, type Erasure, type Issuance, type LogView } from './fold';
import { BORN, DELETED, entityIdOf, entityKindOf, SEAL, sha256Of, type Context, type ReadOperation } from './operation';
import { canonicalText, type Value } from './plain-json';

/** An entry with what the app said of itself when it wrote it. */
export type ToldEntry = Omit<Entry, 'operation'> & {
  readonly operation: ReadOperation & { readonly ctx?: Readonly<Record<string, Value>> | Context };
};

export type StepKind =
  | 'captured'
  | 'hashed'
  | 'filed'
  | 'unfiled'
  | 'filed_again'
  | 'captioned'
  | 'changed'
  | 'annotated'
  | 'shows_again'
  | 'shown_again'
  | 'picked'
  | 'unpicked'
  | 'removed'
  | 'restored'
  | 'sealed'
  | 'reported'
  | 'withdrawn';

export interface Step {
  readonly key: string;
  readonly kind: StepKind;
  /** Milliseconds by which it stands in the order: by the clock of whoever wrote it, but never later than the server received it. */
  readonly order: number;
  /** By the clock of the tablet that wrote it, or of the server where that did; milliseconds since 1970. */
  readonly at: number;
  /** By the server's clock, when it arrived there; null while it has not, and for the server's own words. */
  readonly receivedAt: number | null;
  readonly isServers: boolean;
  readonly account: string;
  /** Null for the server. */
  readonly installation: string | null;
  /** The version of the app, where it is known here. */
  readonly app: string | null;
  /** SHA-256 of what it speaks of: the file, the drawing, the record, the report. */
  readonly sha256: string | null;
  /** Of the entry in the log; null where several stand for one step or the server's word does. */
  readonly digest: string | null;
  /** Its content was taken out of the log, and what the server said about that, where it is known here. */
  readonly erased: Partial<Erasure> | null;
  /** The code for which the server keeps it aside: it does not count. */
  readonly setAside: string | null;
  /** It is one of several that stand beside each other until a person decides. */
  readonly isDisputed: boolean;
  readonly facts: Readonly<Record<string, Value>>;
}

/** Fields that have a step of their own; every other one is part of the capture, or a change of what was said there. */
const OWN_STEP: readonly string[] = [BORN, DELETED, 'caption', 'annotation', 'retakes', 'is_in_report'];

/** The steps of one piece of evidence, the first one first. `told`: entries of the audit; what has nothing to do with it is passed over. */
export function stepsOf(evidence: string, told: Iterable<ToldEntry>): Step[] {
  const all = withoutErased(once(told));
  const about = new About(evidence, all, foldLog(all));
  return [
    ...about.births(),
    ...about.words(),
    ...about.filings(),
    ...about.retakes(),
    ...about.records(),
    ...about.withdrawals(),
  ].sort(inOrder);
}

/** A restored server may have told the same entry twice. */
function once(told: Iterable<ToldEntry>): ToldEntry[] {
  const found = new Map<string, ToldEntry>();
  for (const entry of told) {
    const before = found.get(entry.operation.digest);
    if (before === undefined || (before.seq === null && entry.seq !== null)) found.set(entry.operation.digest, entry);
  }
  return [...found.values()];
}

/** What the server said is to go shows nothing any more, also where this tablet still has it. */
function withoutErased(entries: readonly ToldEntry[]): ToldEntry[] {
  const erased = erasedBy(entries);
  return entries.map((entry) =>
    isToldToGo(entry, erased) ? { ...entry, operation: { ...entry.operation, val: null, isErased: true } } : entry,
  );
}

class About {
  readonly #evidence: string;
  readonly #view: LogView;
  readonly #ref: string;
  readonly #byEntity = new Map<string, ToldEntry[]>();

  constructor(evidence: string, all: readonly ToldEntry[], view: LogView) {
    this.#evidence = evidence;
    this.#view = view;
    this.#ref = `evidence/${evidence}`;
    for (const entry of all) {
      const { ent } = entry.operation;
      this.#byEntity.set(ent, [...(this.#byEntity.get(ent) ?? []), entry]);
    }
  }

  /** That it was captured, and that its bytes were hashed at that moment. A second birth under the same name is a step as well. */
  births(): Step[] {
    return this.#own(BORN).flatMap((birth) => {
      const born = asRecord(birth.operation.val);
      const sha256 = textOf(born['sha256']) ?? this.#erasure(birth)?.evidence ?? null;
      const facts = { ...born, ...this.#saidWith(birth) };
      const captured = this.#step(birth, 'captured', { facts });
      return sha256 === null ? [captured] : [captured, this.#step(birth, 'hashed', { sha256, facts: born })];
    });
  }

  /** What was said about it afterwards. Fields that were written in one go are one step. */
  words(): Step[] {
    const births = this.#own(BORN);
    const steps: Step[] = [];
    const changes = new Map<string, ToldEntry[]>();
    let version = 0;
    for (const entry of [...(this.#byEntity.get(this.#ref) ?? [])].sort(asWritten)) {
      const { fld, val } = entry.operation;
      if (fld === BORN) continue;
      if (fld === DELETED) steps.push(this.#step(entry, val === false ? 'restored' : 'removed'));
      else if (fld === 'caption') steps.push(this.#step(entry, 'captioned', { facts: { caption: val } }));
      else if (fld === 'annotation') steps.push(this.#annotated(entry, (version += 1)));
      else if (fld === 'is_in_report') steps.push(this.#step(entry, val === true ? 'picked' : 'unpicked'));
      else if (fld === 'retakes') steps.push(this.#step(entry, 'shows_again', { facts: { evidence: val } }));
      else if (!births.some((birth) => isSameMoment(birth, entry))) {
        const { chain, wall } = entry.operation;
        const step = this.#step(entry, 'changed');
        const key = [chain.installation, chain.account, wall, step.setAside, step.isDisputed].join(' ');
        changes.set(key, [...(changes.get(key) ?? []), entry]);
      }
    }
    return [...steps, ...[...changes.values()].map((entries) => this.#changed(entries))];
  }

  /** Each version of what is drawn on it, with the hash of the drawing and whether something is covered. */
  #annotated(entry: ToldEntry, version: number): Step {
    const { val, isErased } = entry.operation;
    const shapes = Array.isArray(val) ? val : [];
    const covered = shapes.filter((shape) => asRecord(shape)['kind'] === 'redact').length;
    return this.#step(entry, 'annotated', {
      sha256: isErased ? null : sha256Of(canonicalText(val)),
      facts: { version, shapes: shapes.length, covered },
    });
  }

  #changed(entries: readonly ToldEntry[]): Step {
    const [first] = entries;
    const said = entries.map(({ operation }) => ({
      field: operation.fld,
      value: operation.val,
      is_erased: operation.isErased === true,
    }));
    const erased = entries.every(({ operation }) => operation.isErased) ? (this.#erasure(first!) ?? {}) : null;
    const digest = entries.length === 1 ? first!.operation.digest : null;
    return { ...this.#step(first!, 'changed'), facts: { said }, erased, digest };
  }

  /** To which clause or finding it was filed, and that this was taken back. */
  filings(): Step[] {
    return this.#entitiesOf('evidence_link').flatMap((entries) => {
      const births = entries.filter(({ operation }) => operation.fld === BORN);
      const target = births
        .map(({ operation }) => asRecord(operation.val))
        .find((born) => born['evidence'] === this.#evidence);
      if (target === undefined) return [];
      const facts = { finding: target['finding'] ?? null, criterion: target['criterion'] ?? null };
      return entries.flatMap((entry) => {
        const { fld, val } = entry.operation;
        if (fld === BORN) return [this.#step(entry, 'filed', { facts })];
        return fld === DELETED ? [this.#step(entry, val === false ? 'filed_again' : 'unfiled', { facts })] : [];
      });
    });
  }

  /** Later photos that show the same again. */
  retakes(): Step[] {
    return this.#entitiesOf('evidence').flatMap((entries) =>
      entries
        .filter(({ operation }) => operation.fld === 'retakes' && operation.val === this.#evidence)
        .map((entry) => {
          const again = entityIdOf(entry.operation.ent);
          const sha256 = textOf(asRecord(this.#view.entity(entry.operation.ent)?.born)['sha256']);
          return this.#step(entry, 'shown_again', { sha256, facts: { evidence: again } });
        }),
    );
  }

  /** The seals under records that name it, and the reports that the server issued from them. */
  records(): Step[] {
    const steps: Step[] = [];
    for (const kind of ['closing_record', 'report_record']) {
      for (const entries of this.#entitiesOf(kind)) {
        const birth = entries.find(({ operation }) => operation.fld === BORN);
        const born = asRecord(birth?.operation.val);
        const isErased = birth?.operation.isErased === true;
        const named = this.#isNamedIn(born['record']);
        if (!isErased && named === null) continue;
        const seals = entries.filter(({ operation }) => operation.fld === SEAL);
        const sha256 =
          textOf(born['sha256']) ??
          (birth && this.#erasure(birth)?.record?.sha256) ??
          textOf(asRecord(seals[0]?.operation.val)['sha256']);
        const facts = { record: kind, revision: born['revision'] ?? null, is_picture: named === 'picture' };
        const erased = isErased ? (this.#erasure(birth) ?? {}) : null;
        for (const seal of seals) {
          steps.push(this.#step(seal, 'sealed', { sha256, facts, erased }));
          const issued = this.#view.issued.get(seal.operation.digest) ?? [];
          const record = { ...facts, record_sha256: sha256 };
          steps.push(...issued.map((word) => reported(word, orderOf(seal), record, erased)));
        }
      }
    }
    return steps;
  }

  /** `register` where a record lists it, `picture` where its picture is printed as well, null where it is not in there. */
  #isNamedIn(record: Value | undefined): 'register' | 'picture' | null {
    const text = textOf(record);
    if (text === null || !text.includes(this.#evidence)) return null;
    let said: Readonly<Record<string, Value>>;
    try {
      said = asRecord(JSON.parse(text) as Value);
    } catch {
      return null;
    }
    const isListed = listOf(said['evidence']).some((one) => asRecord(one)['id'] === this.#evidence);
    if (!isListed) return null;
    return listOf(said['pictures']).includes(this.#evidence) ? 'picture' : 'register';
  }

  /** That the programme manager had it destroyed. */
  withdrawals(): Step[] {
    return this.#own(BORN).flatMap((birth) => {
      const erasure = birth.operation.isErased ? this.#erasure(birth) : null;
      if (erasure === null) return [];
      const at = timeOf(erasure.at, orderOf(birth));
      return [
        {
          ...SERVERS,
          key: `${birth.operation.digest} withdrawn`,
          kind: 'withdrawn',
          order: at,
          at,
          account: erasure.by ?? '',
          sha256: erasure.evidence ?? null,
          facts: { reason: erasure.reason ?? null },
        },
      ];
    });
  }

  #step(entry: ToldEntry, kind: StepKind, more: Partial<Step> = {}): Step {
    const { operation, origin, receivedAt } = entry;
    const { chain, digest, wall, ctx } = operation;
    return {
      key: `${digest} ${kind}`,
      kind,
      order: orderOf(entry),
      at: wall,
      receivedAt: origin === 'server' ? null : receivedAt,
      isServers: origin === 'server',
      account: chain.account,
      installation: chain.installation,
      app: textOf((ctx as Readonly<Record<string, Value>> | undefined)?.['app']),
      sha256: null,
      digest,
      erased: operation.isErased ? (this.#erasure(entry) ?? {}) : null,
      setAside: this.#setAside(digest),
      isDisputed: this.#isDisputed(operation),
      facts: {},
      ...more,
    };
  }

  #setAside(digest: string): string | null {
    const verdict = this.#view.quarantined.get(digest);
    return verdict === undefined ? null : (verdict.code ?? 'envelope.malformed');
  }

  #isDisputed({ ent, fld, digest }: ReadOperation): boolean {
    const entity = this.#view.entity(ent);
    const field = fld === BORN ? entity?.bornView : fld === DELETED ? entity?.deletedView : entity?.fields.get(fld);
    const isDisputed = fld === DELETED ? entity?.isDeletionDisputed : field?.isDisputed;
    return isDisputed === true && field!.heads.some((head) => head.digest === digest);
  }

  #erasure({ operation }: ToldEntry): Partial<Erasure> | null {
    return this.#view.erased.get(operation.digest) ?? null;
  }

  #own(field: string): ToldEntry[] {
    return (this.#byEntity.get(this.#ref) ?? []).filter(({ operation }) => operation.fld === field);
  }

  #entitiesOf(kind: string): ToldEntry[][] {
    return [...this.#byEntity].filter(([ref]) => entityKindOf(ref) === kind).map(([, entries]) => entries);
  }

  /** What was written in one go with the birth: the app's words on the moment, and the person's on what it is. */
  #saidWith(birth: ToldEntry): Record<string, Value> {
    const said = (this.#byEntity.get(this.#ref) ?? []).filter(
      (entry) => !OWN_STEP.includes(entry.operation.fld) && isSameMoment(birth, entry),
    );
    return Object.fromEntries(said.map(({ operation }) => [operation.fld, operation.val]));
  }
}

const SERVERS = {
  receivedAt: null,
  isServers: true,
  installation: null,
  app: null,
  digest: null,
  erased: null,
  setAside: null,
  isDisputed: false,
} as const;

function reported(word: Issuance, sealedAt: number, facts: Step['facts'], erased: Step['erased']): Step {
  const at = timeOf(word.at, sealedAt);
  return {
    ...SERVERS,
    key: `${word.pdf_sha256} reported`,
    kind: 'reported',
    order: at,
    at,
    account: word.by,
    sha256: word.pdf_sha256,
    erased,
    facts: { ...facts, revision: word.revision, state: word.state },
  };
}

/** One tap writes all its entries with one reading of the clock. */
function isSameMoment(one: ToldEntry, other: ToldEntry): boolean {
  const [first, second] = [one.operation, other.operation];
  return (
    first.wall === second.wall &&
    first.chain.installation === second.chain.installation &&
    first.chain.account === second.chain.account
  );
}

/** A clock that runs ahead puts nothing behind the moment in which the server received it. */
function orderOf({ operation, receivedAt }: ToldEntry): number {
  const stamp = Number(operation.hlc.slice(0, 15));
  return receivedAt === null ? stamp : Math.min(stamp, receivedAt);
}

function asWritten(one: ToldEntry, other: ToldEntry): number {
  return (
    orderOf(one) - orderOf(other) ||
    compare(one.operation.hlc, other.operation.hlc) ||
    compare(one.operation.digest, other.operation.digest)
  );
}

const FIRST: readonly StepKind[] = ['captured', 'hashed'];

/** Nothing happened to it before it was captured, whatever the clocks say. */
function inOrder(one: Step, other: Step): number {
  const [first, second] = [one, other].map(({ kind, setAside }) => (setAside === null ? FIRST.indexOf(kind) : -1));
  if (first! >= 0 || second! >= 0) {
    if (first! < 0) return 1;
    if (second! < 0) return -1;
    return one.order - other.order || compare(one.key.slice(0, 64), other.key.slice(0, 64)) || first! - second!;
  }
  return one.order - other.order || compare(one.key, other.key);
}

/** Of an instant in milliseconds; `otherwise` where it is none. */
function timeOf(instant: unknown, otherwise: number): number {
  const at = typeof instant === 'string' ? Date.parse(instant) : NaN;
  return Number.isNaN(at) ? otherwise : at;
}

function asRecord(value: unknown): Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, Value>) : {};
}

function listOf(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
