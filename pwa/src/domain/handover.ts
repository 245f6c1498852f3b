/**
 * What stands in a file that is taken out by hand: its list of contents, and the lines of its logs and batches.
 *
 * The file is an age file around a plain ZIP. Its first entry, `handover.json`, says which others follow, in which order:
 *
 *   audits/<id>/log.jsonl      the log as it was pulled, as far as the server has signed it: lines as a page gives them
 *   audits/<id>/batches.jsonl  what the server has not got yet: one push body a line, signed by the tablet that wrote it
 *   evidence/<sha256>          bytes that the server has not got yet
 *
 * Whatever is wrong with it is a `Refusal`, never an exception. The same rules stand in schemas/handover.py;
 * schemas/vectors/handover holds both together.
 */
import { byCodePoint } from './operation';
import { refuse, type Refusal } from './refusal';
import { isSpelled, type Form } from './spelling';
import type { Origin, Schemas } from './vocabulary';

export const HANDOVER_FORMAT = 'auditbook-handover';
export const HANDOVER_VERSION = 1;
export const CONTENTS_NAME = 'handover.json';

/** More than any tablet has; less than what would fill one. */
export const MOST_AUDITS = 500;
export const MOST_EVIDENCE = 20_000;
export const MOST_CONTENTS_BYTES = 16 * 1024 * 1024;
/** An operation of the largest size, three times as long where JSON escapes its every letter. */
export const MOST_LINE_BYTES = 16 * 1024 * 1024;
export const MOST_LINES_BYTES = 256 * 1024 * 1024;
export const MOST_BATCH_OPERATIONS = 500;

export interface HandoverMaker {
  readonly at: string;
  readonly account: string;
  readonly name: string;
  readonly installation: string;
  readonly app: string;
}

/** A tablet that wrote some of what is inside. Its key is what it says of itself: what counts is the one that the server knows. */
export interface HandoverInstallation {
  readonly installation: string;
  readonly account: string;
  readonly name: string;
  readonly public_key: string | null;
}

/** Where the log in the file ends, and the server's signature there. */
export interface HandoverLog {
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  readonly receipt: Schemas['Receipt'];
}

export interface HandoverAudit {
  readonly id: string;
  readonly title: string | null;
  readonly reference: string | null;
  readonly log: HandoverLog | null;
  readonly batches: number;
  readonly operations: number;
}

export interface HandoverEvidence {
  readonly audit: string;
  readonly sha256: string;
  readonly media_type: string;
  readonly size: number;
}

export interface HandoverContents {
  readonly format: typeof HANDOVER_FORMAT;
  readonly version: number;
  readonly made: HandoverMaker;
  readonly installations: readonly HandoverInstallation[];
  readonly audits: readonly HandoverAudit[];
  readonly evidence: readonly HandoverEvidence[];
}

/** One line of a log, as a page has it. Its text is always there. */
export interface HandoverLine {
  readonly seq: number;
  readonly data: string;
  readonly content_sha256?: string;
  readonly origin: Origin;
  readonly received_at: string;
}

/** Always whole: whoever takes it in need not read another line first. */
export type HandoverBatch = Omit<Schemas['Push'], 'form'>;

/** The names of the entries behind the first one, in their order. The same photo in two audits lies in the file once. */
export function entryNames({ audits, evidence }: HandoverContents): string[] {
  const logs = audits.flatMap(({ id, log }) => [...(log === null ? [] : [logName(id)]), batchesName(id)]);
  return [...logs, ...new Set(evidence.map(({ sha256 }) => evidenceName(sha256)))];
}

export const logName = (audit: string): string => `audits/${audit}/log.jsonl`;
export const batchesName = (audit: string): string => `audits/${audit}/batches.jsonl`;
export const evidenceName = (sha256: string): string => `evidence/${sha256}`;

/** Read the list of contents; says why where it is none, or one of another version. */
export function readContents(value: unknown): HandoverContents | Refusal {
  if (!isObject(value) || value['format'] !== HANDOVER_FORMAT) return refuse('handover.not_a_handover');
  if (value['version'] !== HANDOVER_VERSION) {
    const version = Number.isSafeInteger(value['version']) ? (value['version'] as number) : '?';
    return refuse('handover.other_version', { version });
  }
  const wrong =
    wrongIn(value, CONTENTS, '') ?? repeated(value as unknown as HandoverContents) ?? strangers(value as never);
  return wrong === null ? (value as unknown as HandoverContents) : malformed(wrong);
}

export function readLine(value: unknown): HandoverLine | Refusal {
  const wrong = wrongIn(value, LINE, 'log');
  return wrong === null ? (value as HandoverLine) : malformed(wrong);
}

export function readBatch(value: unknown): HandoverBatch | Refusal {
  const wrong = wrongIn(value, BATCH, 'batch');
  return wrong === null ? (value as HandoverBatch) : malformed(wrong);
}

export function malformed(where: string): Refusal {
  return refuse('handover.malformed', { where });
}

// --- shapes

type Check = (value: unknown, where: string) => string | null;
interface Shape {
  readonly [key: string]: Check;
}

const is =
  (fits: (value: unknown) => boolean): Check =>
  (value, where) =>
    fits(value) ? null : where;
const orNull =
  (check: Check): Check =>
  (value, where) =>
    value === null ? null : check(value, where);
const object =
  (shape: Shape): Check =>
  (value, where) =>
    wrongIn(value, shape, where);
const list =
  (item: Check, least: number, most: number): Check =>
  (value, where) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) return where;
    for (const one of value as unknown[]) {
      const wrong = item(one, where);
      if (wrong !== null) return wrong;
    }
    return null;
  };

const text = (most: number): Check => is((value) => typeof value === 'string' && [...value].length <= most);
const whole = (least = 0): Check => is((value) => Number.isSafeInteger(value) && (value as number) >= least);
const spelled = (form: Form): Check => is((value) => typeof value === 'string' && isSpelled(form, value));
const uuid = spelled('uuid');
const sha256 = spelled('sha256');
const instant = spelled('instant');

const RECEIPT: Shape = { at: instant, key: sha256, signature: text(120) };
const CONTENTS: Shape = {
  format: text(40),
  version: whole(1),
  made: object({ at: instant, account: uuid, name: text(300), installation: uuid, app: text(40) }),
  installations: list(
    object({ installation: uuid, account: uuid, name: text(300), public_key: orNull(text(300)) }),
    1,
    MOST_AUDITS,
  ),
  audits: list(
    object({
      id: uuid,
      title: orNull(text(4000)),
      reference: orNull(text(4000)),
      log: orNull(object({ epoch: uuid, seq: whole(1), hash: sha256, receipt: object(RECEIPT) })),
      batches: whole(),
      operations: whole(),
    }),
    1,
    MOST_AUDITS,
  ),
  evidence: list(object({ audit: uuid, sha256, media_type: text(200), size: whole() }), 0, MOST_EVIDENCE),
};
const LINE: Shape = {
  seq: whole(1),
  data: text(Number.POSITIVE_INFINITY),
  content_sha256: sha256,
  origin: is((value) => value === 'device' || value === 'server'),
  received_at: instant,
};
const OPERATION: Check = (value, where) =>
  typeof value === 'string'
    ? null
    : wrongIn(value, { header: text(Number.POSITIVE_INFINITY), content_sha256: sha256 }, where);
const BATCH: Shape = {
  protocol: whole(1),
  installation: uuid,
  account: uuid,
  announced: object({ dseq: whole(1), digest: sha256 }),
  head_signature: orNull(text(120)),
  operations: list(OPERATION, 1, MOST_BATCH_OPERATIONS),
};
/** The only key that may be absent: an entry whose content is there has no hash in its place. */
const OPTIONAL = 'content_sha256';

/** Where it first is not what it should be; null where all fits. Keys are looked at in one order, here and in Python. */
function wrongIn(value: unknown, shape: Shape, where: string): string | null {
  if (!isObject(value)) return where;
  const odd = Object.keys(value).filter((key) => !Object.hasOwn(shape, key));
  if (odd.length > 0) return inside(where, [...odd.sort(byCodePoint)[0]!].slice(0, 40).join(''));
  for (const [key, check] of Object.entries(shape)) {
    if (!Object.hasOwn(value, key)) {
      if (key === OPTIONAL && shape === LINE) continue;
      return inside(where, key);
    }
    const wrong = check(value[key], inside(where, key));
    if (wrong !== null) return wrong;
  }
  return null;
}

function inside(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`;
}

/** What is named twice would be taken in twice. */
function repeated({ audits, evidence }: HandoverContents): string | null {
  if (new Set(audits.map(({ id }) => id)).size < audits.length) return 'audits';
  const names = evidence.map(({ audit, sha256 }) => `${audit}/${sha256}`);
  return new Set(names).size < names.length ? 'evidence' : null;
}

/** Evidence of an audit that is not in the file, or one photo with two lengths. */
function strangers({ audits, evidence }: HandoverContents): string | null {
  const known = new Set(audits.map(({ id }) => id));
  const sizes = new Map(evidence.map(({ sha256, size }) => [sha256, size]));
  const isOdd = evidence.some(({ audit, sha256, size }) => !known.has(audit) || sizes.get(sha256) !== size);
  return isOdd ? 'evidence' : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
