/**
 * The two records that are sealed: plain data from the folded log by an allow-list of fields.
 *
 * No raw notes, interviewees, positions or device data get in (what is not listed here cannot). The canonical bytes are
 * RFC 8785; their SHA-256 is what people sign on the glass. server/domain/record.py builds the same bytes;
 * schemas/vectors/record proves it.
 */
import { numberedFindings, numbersOf, specialGrades, type FindingView } from './finding';
import { type EntityView, type LogView } from './fold';
import { clauseResults } from './judgement';
import { byCodePoint, type ChainKey } from './operation';
import { isSameValue, type Value } from './plain-json';
import type { EntityKind } from './vocabulary';

export const CLOSING_RECORD = 'auditbook-closing-record';
export const REPORT_RECORD = 'auditbook-report-record';
export const RECORD_VERSION = 1;

const AUDIT = ['type', 'reference', 'title', 'language', 'scope', 'objectives', 'criteria', 'starts_on', 'ends_on'];
const FINDING = [
  'raised_at',
  'raised_by',
  'title',
  'grade',
  'grade_reason',
  'requirement',
  'failure',
  'objective_evidence',
  'criteria',
  'process',
  'site',
  'shift',
  'observed_at',
  'is_corrected_on_site',
  'withdrawn_reason',
  'acknowledgement',
  'dissent_reason',
];
const GRADE = ['grade', 'grade_reason'];
const EVIDENCE = [
  'sha256',
  'kind',
  'method',
  'media_type',
  'size',
  'source',
  'captured_at',
  'observed_at',
  'caption',
  'title',
  'identifier',
  'revision',
  'found_in',
  'interviewee',
  'samples',
  'population',
  'process',
  'site',
  'shift',
  'area',
  'allowed_by',
];
/** How far the tablet's clock was off. Its key stands in a record only where the app could say so. */
const CLOCK = 'clock';
/** Where it was recorded. Its key stands in a record only where the audit says that positions are told. */
const POSITION = 'position';
/** The earlier photo that it shows again. Its key stands in a record only where that one is in it as well. */
const RETAKES = 'retakes';
/** How long a voice note is and how it ended. Its key stands in a record only where the app could say so. */
const RECORDING = 'recording';
/** What is drawn on evidence. Its key stands in a record only where something is: most has nothing, and says nothing of it. */
const DRAWN = 'annotation';
const JUDGEMENT = ['criterion', 'process', 'site', 'shift', 'auditor', 'result', 'reason'];
/** What findings, judgements and evidence point to by id, with what is told of it: two processes of one name stay two. */
const LISTED = {
  sites: ['site', ['name', 'address']],
  processes: ['process', ['name']],
  shifts: ['shift', ['name']],
  areas: ['area', ['name', 'site', 'photo_policy']],
  team: ['team_member', ['account', 'name', 'role']],
} as const satisfies Record<string, readonly [EntityKind, readonly string[]]>;
const REFERENCES: Partial<Record<EntityKind, readonly string[]>> = {
  site: ['site'],
  process: ['process'],
  shift: ['shift'],
  area: ['area'],
  team_member: ['auditor', 'raised_by'],
};
const ATTENDANCE = ['name', 'function', 'at_opening', 'at_closing'];
const DEVIATION = ['observed_at', 'text', 'minutes_lost', 'told_to'];
const PREVIOUS = ['number', 'grade', 'statement', 'criteria', 'raised_on', 'follow_up_result', 'follow_up_note'];
const RECOMMENDATION = ['outcome', 'text', 'considered'];

/** The team's words that the report adds to the closing record. */
export const SUMMARY = [
  'executive_summary',
  'conformity',
  'effectiveness',
  'internal_audit_and_review',
  'is_scope_appropriate',
  'are_objectives_met',
  'changes',
  'unresolved_issues',
  'plan_against_actual',
  'remote_share_percent',
  'next_audit',
] as const;
/** What the opening meeting confirms of the application. */
export const CONFIRMED = [
  'confirmed_headcount',
  'confirmed_shifts',
  'confirmed_outsourced',
  'confirmed_scope',
] as const;

/** Every field whose value enters the closing record, by kind: an open dispute in one of them stands in the way of the seal. */
export const SEALED_FIELDS: Partial<Record<EntityKind, readonly string[]>> = {
  audit: [...AUDIT, 'body_name', 'body_address', 'client_name', 'client_address', 'client_representative'],
  site: LISTED.sites[1],
  process: LISTED.processes[1],
  shift: LISTED.shifts[1],
  area: LISTED.areas[1],
  team_member: LISTED.team[1],
  finding: FINDING,
  finding_grade: GRADE,
  evidence: [...EVIDENCE, DRAWN, CLOCK, POSITION, RETAKES, RECORDING],
  evidence_link: [],
  judgement: JUDGEMENT,
  attendance: ATTENDANCE,
  deviation: DEVIATION,
  previous_finding: PREVIOUS,
  recommendation: RECOMMENDATION,
};

export type PlainRecord = { [key: string]: Value };

/** The last operation of one chain, as a record names it. */
export interface ChainHead {
  readonly chain: ChainKey;
  readonly dseq: number;
  readonly digest: string;
}

/** Where and when a record was frozen, and how far the tablet had pulled the log. */
export type Frozen = {
  at: string;
  installation: string;
  account: string;
  app: string;
  schema: number;
  /** So that nobody finds a sentence of an erased record by guessing against its hash. */
  salt: string;
  zone: string;
  log: { epoch: string | null; seq: number; hash: string };
};

/** What a record rests on, beside what it says; `frozen` is null to see what it would say now. From it the record can be made again. */
export interface Basis {
  /** The last operations of every chain that this tablet knows, the server's own among them. */
  readonly heads: Iterable<ChainHead>;
  readonly frozen: Frozen | null;
  /** The digests of what it had and knew to be set aside. */
  readonly aside: Iterable<string>;
  /** The digests of what it had and could not read: a newer app wrote it. */
  readonly unread: Iterable<string>;
}

const NO_BASIS: Basis = { heads: [], frozen: null, aside: [], unread: [] };

/** Which catalogue of a standard a record was made with: SHA-256 of `catalogueTree` in domain/standard.ts. */
export type CatalogueName = { standard: string; sha256: string | null };

/** What a closing record says beside what it shows of the audit. */
export interface ClosingTerms {
  /** The hash of the closing record whose place it takes. */
  readonly supersedes: string | null;
  readonly reason: string | null;
  readonly catalogues: readonly CatalogueName[];
}

export interface ReportTerms {
  /** Every auditable criterion in the order of the standards. */
  readonly criteria: Iterable<string>;
  readonly catalogues: readonly CatalogueName[];
  readonly closing: PlainRecord;
  readonly closingSha256: string;
  /** Which seal under the closing record the report rests on: two tablets may have sealed it. */
  readonly closingSealSha256: string;
  readonly revision: number;
  readonly reason: string | null;
  /** The hash of the report record before this one. */
  readonly supersedesSha256: string | null;
}

/** What the closing meeting agrees on. */
export function closingRecord(
  view: LogView,
  audit: string,
  { supersedes, reason, catalogues }: ClosingTerms,
  basis: Basis = NO_BASIS,
): PlainRecord {
  return {
    record: CLOSING_RECORD,
    version: RECORD_VERSION,
    audit_id: audit,
    supersedes,
    reason,
    catalogues: named(catalogues),
    ...contentOf(view, audit),
    ...basisOf(basis),
  };
}

/**
 * The whole report: the closing record's content as it is now, the team's words, the clause matrix, the picked pictures,
 * and what changed since the closing record.
 */
export function reportRecord(view: LogView, audit: string, terms: ReportTerms, basis: Basis = NO_BASIS): PlainRecord {
  const content = contentOf(view, audit);
  const shown = view.find('audit', audit);
  const rows = clauseResults(view, terms.criteria, numbersOf(numberedFindings(view)));
  return {
    record: REPORT_RECORD,
    version: RECORD_VERSION,
    audit_id: audit,
    revision: terms.revision,
    reason: terms.reason,
    supersedes_sha256: terms.supersedesSha256,
    closing_sha256: terms.closingSha256,
    closing_seal_sha256: terms.closingSealSha256,
    catalogues: named(terms.catalogues),
    ...content,
    summary: picked(shown, SUMMARY),
    confirmed: picked(shown, CONFIRMED),
    clauses: rows.map((row) => ({ criterion: row.criterion, result: row.result, findings: [...row.findings] })),
    pictures: evidenceIn(view)
      .filter((evidence) => evidence.get('is_in_report') === true && Boolean(evidence.get('sha256')))
      .map((evidence) => evidence.id),
    changes_since_closing: changesSinceClosing(terms.closing, content),
    ...basisOf(basis),
  };
}

/** Every finding and piece of evidence, and every part of the audit's own facts, that no longer reads as it was sealed. */
export function changesSinceClosing(closing: PlainRecord, content: PlainRecord): Value[] {
  const changes = [...changedItems(closing, content, 'findings'), ...changedItems(closing, content, 'evidence')];
  for (const name of Object.keys(content).sort()) {
    if (name === 'findings' || name === 'evidence') continue;
    if (!isSameValue(closing[name] ?? null, content[name] ?? null)) {
      changes.push({ finding: null, evidence: null, field: name, was: null, is: null });
    }
  }
  return changes;
}

/** `finding` is a number, `evidence` an id: evidence gets its number on paper only. */
function changedItems(closing: PlainRecord, content: PlainRecord, listed: 'findings' | 'evidence'): Value[] {
  const before = itemsById(closing, listed);
  const after = itemsById(content, listed);
  const changes: Value[] = [];
  for (const id of [...new Set([...before.keys(), ...after.keys()])].sort(byCodePoint)) {
    const old = before.get(id);
    const current = after.get(id);
    const number = (current ?? old)!['number'] ?? null;
    const where = listed === 'findings' ? { finding: number, evidence: null } : { finding: null, evidence: id };
    if (old === undefined || current === undefined) {
      changes.push({ ...where, field: null, was: null, is: current === undefined ? 'removed' : 'added' });
      continue;
    }
    for (const name of [...new Set([...Object.keys(old), ...Object.keys(current)])].sort()) {
      const [was, is] = [old[name] ?? null, current[name] ?? null];
      if (!isSameValue(was, is)) changes.push({ ...where, field: name, was, is });
    }
  }
  return changes;
}

/** Whether two records say the same, wherever and whenever they were written, whatever chains they had seen and knew to be set aside. */
export function isSameContent(one: PlainRecord, other: PlainRecord): boolean {
  const basis = { frozen: null, heads: null, aside: null, unread: null };
  return isSameValue({ ...one, ...basis }, { ...other, ...basis });
}

/** What both records show of the audit. */
export function contentOf(view: LogView, audit: string): PlainRecord {
  const shown = view.find('audit', audit);
  const isLocated = shown?.get('positions') === 'in_report';
  return {
    audit: picked(shown, AUDIT),
    certification_body: { name: valueOf(shown, 'body_name'), address: valueOf(shown, 'body_address') },
    audit_client: {
      name: valueOf(shown, 'client_name'),
      address: valueOf(shown, 'client_address'),
      representative: valueOf(shown, 'client_representative'),
    },
    ...Object.fromEntries(Object.entries(LISTED).map(([name, [kind, told]]) => [name, listed(view, kind, told)])),
    findings: numberedFindings(view).map(({ number, finding }) => findingContent(view, number, finding)),
    evidence: evidenceIn(view).map((evidence) => evidenceContent(view, evidence, isLocated)),
    judgements: view.ofKind('judgement').map((judgement) => picked(judgement, JUDGEMENT)),
    attendance: every(view, 'attendance', ATTENDANCE),
    deviations: every(view, 'deviation', DEVIATION),
    follow_up: every(view, 'previous_finding', PREVIOUS),
    recommendations: view
      .ofKind('recommendation')
      .map((item) => ({ standard: item.id, ...picked(item, RECOMMENDATION) })),
  };
}

function findingContent(view: LogView, number: string, finding: FindingView): PlainRecord {
  const links = view.ofKind('evidence_link').filter((link) => link.get('finding') === finding.id);
  const filed = new Set(links.map((link) => link.get('evidence')));
  return {
    id: finding.id,
    number,
    ...picked(finding, FINDING),
    grades: [...specialGrades(view, finding)].map(([standard, special]) => ({ standard, ...picked(special, GRADE) })),
    evidence: evidenceIn(view)
      .map(({ id }) => id)
      .filter((id) => filed.has(id))
      .sort(),
  };
}

/** All of it but what was withdrawn: its birth says nothing any more. */
function evidenceIn(view: LogView): EntityView<'evidence'>[] {
  return view.ofKind('evidence').filter((evidence) => Boolean(evidence.get('kind')));
}

function evidenceContent(view: LogView, evidence: EntityView<'evidence'>, isLocated: boolean): PlainRecord {
  const links = view.ofKind('evidence_link').filter((link) => link.get('evidence') === evidence.id);
  const criteria = links.map((link) => link.get('criterion')).filter((one) => typeof one === 'string' && one !== '');
  const also = {
    [DRAWN]: evidence.get('sha256') ? valueOf(evidence, DRAWN) : null,
    [CLOCK]: valueOf(evidence, CLOCK),
    [POSITION]: isLocated ? valueOf(evidence, POSITION) : null,
    [RECORDING]: valueOf(evidence, RECORDING),
    [RETAKES]: evidenceIn(view).some(({ id }) => id === evidence.get(RETAKES)) ? valueOf(evidence, RETAKES) : null,
  };
  return {
    id: evidence.id,
    recorded_by: accountOf(evidence),
    ...picked(evidence, EVIDENCE),
    criteria: [...new Set(criteria as string[])].sort(),
    ...Object.fromEntries(Object.entries(also).filter(([, value]) => value !== null)),
  };
}

/** Who recorded it: the account of the birth that counts, which nobody can write for somebody else. */
function accountOf(evidence: EntityView<'evidence'>): string | null {
  return evidence.bornView?.heads.at(-1)?.chain.account ?? null;
}

function every(view: LogView, kind: EntityKind, names: readonly string[]): PlainRecord[] {
  return view.ofKind(kind).map((entity) => ({ id: entity.id, ...picked(entity, names) }));
}

/** Every one that is shown, and what was deleted while a finding, a judgement or evidence still points to it. */
function listed(view: LogView, kind: EntityKind, names: readonly string[]): PlainRecord[] {
  const pointing: readonly AnyEntity[] = [...view.ofKind('finding'), ...view.ofKind('judgement'), ...evidenceIn(view)];
  const named = new Set(pointing.flatMap((entity) => REFERENCES[kind]!.map((name) => entity.value(name))));
  return [...view.entities.values()]
    .filter((entity) => entity.kind === kind && entity.born !== null && (!entity.isDeleted || named.has(entity.id)))
    .sort((one, other) => compare(one.ref, other.ref))
    .map((entity) => ({ id: entity.id, ...picked(entity, names) }));
}

function picked(entity: AnyEntity | undefined, names: readonly string[]): PlainRecord {
  return Object.fromEntries(names.map((name) => [name, valueOf(entity, name)]));
}

/** What is empty was not said: a field whose first words were taken back reads like one that was never written. */
function valueOf(entity: AnyEntity | undefined, name: string): Value {
  const value = entity?.value(name) ?? null;
  return value === '' || (Array.isArray(value) && value.length === 0) ? null : value;
}

function basisOf({ heads, frozen, aside, unread }: Basis): PlainRecord {
  return { frozen, heads: headsOf(heads), aside: [...aside].sort(), unread: [...unread].sort() };
}

function named(catalogues: readonly CatalogueName[]): Value[] {
  return catalogues.map(({ standard, sha256 }) => ({ standard, sha256 }));
}

function headsOf(heads: Iterable<ChainHead>): Value[] {
  return [...heads]
    .map(({ chain, dseq, digest }) => ({
      installation: chain.installation,
      account: chain.account,
      dseq,
      digest,
    }))
    .sort(
      (one, other) =>
        compare(one.installation, other.installation) ||
        compare(one.account, other.account) ||
        one.dseq - other.dseq ||
        compare(one.digest, other.digest),
    );
}

function itemsById(record: PlainRecord, listed: 'findings' | 'evidence'): Map<string, PlainRecord> {
  const items = (record[listed] ?? []) as PlainRecord[];
  return new Map(items.map((item) => [item['id'] as string, item]));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

type AnyEntity = Pick<EntityView, 'value'>;
