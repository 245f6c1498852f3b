/**
 * One operation: a single change to a single field, made on this device, in its place in a chain.
 *
 * The bytes of an operation are its truth. They are made here, once, as two lines of RFC 8785 canonical JSON; from then on
 * they are hashed, stored and sent as they are. The header says who, when, where in the chain and which field; the content
 * is the value beside a random salt. The digest covers the hash of each line, so that content can be erased and every chain
 * still checks. server/domain/operation.py reads them; schemas/vectors/operation holds both together.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalText, makePlain, parsePlainJson, type Value } from './plain-json';
import { refuse, type Refusal } from './refusal';
import { OPERATION_KINDS, type OperationKind, type Origin } from './vocabulary';

export const ENVELOPE_VERSION = 1;
export const SCHEMA_VERSION = 1;
/** What the first operation of a chain names as its predecessor, and the running hash of an empty log. */
export const GENESIS = '0'.repeat(64);

export const MAX_HEADER_BYTES = 131_072;
/** The one limit to what a person or a record can say at once, on both sides in bytes. */
export const MAX_CONTENT_BYTES = 4_194_304;
export const MAX_BASES = 1024;

/** In place of an account in the chains that no person writes. */
export const SERVER_ACCOUNT = 'server';

/** The field that an `add` writes: the facts an entity is born with, which never change. */
export const BORN = 'born';
/** The field that a `del` writes. Deletion is a value like any other, so it can be disputed and taken back. */
export const DELETED = 'deleted';
/** The field that an operation of kind `seal` writes. */
export const SEAL = 'seal';

/** A chain is one installation of the app, one account, one audit. The server's own chains carry the account `server`. */
export interface ChainKey {
  readonly installation: string;
  readonly account: string;
  readonly audit: string;
}

export interface Context {
  readonly app: string;
  readonly schema: number;
  readonly zone: string;
}

/** Header and content as they stand in the bytes; the salt is in the content alone. */
export interface Envelope {
  readonly chain: ChainKey;
  readonly dseq: number;
  readonly prev: string;
  /** The device's clock, in milliseconds. */
  readonly wall: number;
  /** A random mark of the start of the app; `mono` counts the milliseconds since then, so that a clock put back in between shows. */
  readonly start: string;
  readonly mono: number;
  readonly hlc: string;
  readonly seen: { readonly epoch: string | null; readonly seq: number };
  readonly ent: string;
  readonly fld: string;
  readonly bases: readonly string[];
  readonly kind: OperationKind;
  readonly val: Value;
  readonly ctx: Readonly<Record<string, Value>> | Context;
}

/** The parsed lines beside the text that they were read from, and its digest. */
export interface Operation extends Envelope {
  /** Both lines; the header alone where the content was erased, and `val` is then null. */
  readonly data: string;
  readonly digest: string;
  readonly isErased?: true;
}

/** As much of an operation as the fold needs and a screen shows; the tablet keeps this beside the text. */
export type ReadOperation = Pick<
  Operation,
  'chain' | 'dseq' | 'wall' | 'hlc' | 'ent' | 'fld' | 'bases' | 'kind' | 'val' | 'digest' | 'isErased'
>;

/** SHA-256 in lower-case hex, over the UTF-8 bytes. Synchronous: a database transaction ends while a promise is awaited. */
export function sha256Of(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === 'string' ? utf8ToBytes(data) : data));
}

/** The digest of an operation, whatever its text is: what stands behind the first line break is the content. */
export function digestOf(data: string): string {
  const [header, content] = linesOf(data);
  return digestOfErased(header, sha256Of(content));
}

/** The same digest where of the content only the hash is left. */
export function digestOfErased(header: string, contentSha256: string): string {
  return bytesToHex(sha256(concatBytes(sha256(utf8ToBytes(header)), hexToBytes(contentSha256))));
}

/** The header, and the hash of the content that stood under it. */
export function eraseContent(data: string): { header: string; contentSha256: string } {
  const [header, content] = linesOf(data);
  return { header, contentSha256: sha256Of(content) };
}

function linesOf(data: string): [header: string, content: string] {
  const end = data.indexOf('\n');
  return end < 0 ? [data, ''] : [data.slice(0, end), data.slice(end + 1)];
}

/**
 * H of the log after one more entry: SHA-256 over the raw 32 + 32 bytes, the name of the origin, and the time of receipt in
 * milliseconds as decimal digits. Device and server compute it separately: where H is the same, both hold the same entries,
 * take the same ones for the server's own, and show the same of two values that wait for a decision.
 */
export function advanceRunningHash(previous: string, digest: string, origin: Origin, receivedAt: number): string {
  const told = utf8ToBytes(`${origin} ${receivedAt}`);
  return bytesToHex(sha256(concatBytes(hexToBytes(previous), hexToBytes(digest), told)));
}

/** What the server says to prove which operations it holds: SHA-256 over the raw digests, one after the other. */
export function heldHash(digests: readonly string[]): string {
  return bytesToHex(sha256(concatBytes(...digests.map(hexToBytes))));
}

/** What a device signs about its chain, once a batch. */
export function headStatement(chain: ChainKey, dseq: number, digest: string): string {
  return `auditbook-chain-head-v1\n${chain.audit}\n${chain.installation}\n${chain.account}\n${dseq}\n${digest}\n`;
}

/** Write one operation. Its value is made plain first, so that nothing a person types can be refused. */
export function makeOperation(envelope: Envelope & { readonly salt: string }): Operation {
  const { chain, dseq, prev, wall, start, mono, hlc, seen, ent, fld, bases, kind, ctx } = envelope;
  const header = {
    chain: { installation: chain.installation, account: chain.account, audit: chain.audit },
    dseq,
    prev,
    wall,
    start,
    mono,
    hlc,
    seen: { epoch: seen.epoch, seq: seen.seq },
    ent,
    fld,
    bases: [...bases],
    kind,
    ctx: makePlain(ctx) as Readonly<Record<string, Value>>,
  };
  const val = makePlain(envelope.val);
  const data = `${canonicalText({ v: ENVELOPE_VERSION, ...header })}\n${contentOf(val, envelope.salt)}`;
  return { ...header, val, data, digest: digestOf(data) };
}

/** Why a value is too large for one operation; null when it fits. Asked before the transaction that would write it. */
export function refuseSize(val: Value): Refusal | null {
  const bytes = utf8ToBytes(contentOf(val, '-'.repeat(22))).length;
  return bytes > MAX_CONTENT_BYTES ? refuse('envelope.too_large', { bytes, limit: MAX_CONTENT_BYTES }) : null;
}

function contentOf(val: Value, salt: string): string {
  return canonicalText({ salt, val });
}

/**
 * Read one operation; `contentSha256` stands for content that was erased, and `data` is then the header. Everything that can
 * be wrong with it is a `Refusal`, never an exception: what cannot be understood is kept and must not hold up the ones behind it.
 */
export function parseOperation(data: string, contentSha256?: string): Operation | Refusal {
  const [header, content] = linesOf(data);
  for (const [line, limit] of [
    [header, MAX_HEADER_BYTES],
    [content, MAX_CONTENT_BYTES],
  ] as const) {
    // A letter takes three bytes at most (a pair of surrogates four), so most lines need not be counted.
    const bytes = line.length * 3 > limit ? utf8ToBytes(line).length : 0;
    if (bytes > limit) return refuse('envelope.too_large', { bytes, limit });
  }
  let envelope: Value;
  let body: Value = null;
  try {
    envelope = parsePlainJson(header);
    if (contentSha256 === undefined) body = parsePlainJson(content);
  } catch (problem) {
    return refuse('envelope.not_plain_json', { why: String((problem as Error).message) });
  }
  if (!isObject(envelope)) return refuse('envelope.not_an_object');
  const version = Object.hasOwn(envelope, 'v') ? envelope['v'] : null;
  if (version !== ENVELOPE_VERSION) {
    return refuse('envelope.unknown_version', { version: canonicalText(version).slice(0, 20) });
  }
  const newer = refuseNewer(envelope);
  if (newer !== null) return newer;
  const wrong = firstWrongKey(envelope) ?? (contentSha256 === undefined ? wrongContent(body) : null);
  if (wrong !== null) return refuse('envelope.malformed', { key: wrong });
  const { v: _, ...rest } = envelope;
  const read = rest as unknown as Omit<Envelope, 'val'>;
  if (contentSha256 === undefined) {
    return { ...read, val: (body as { val: Value }).val, data, digest: digestOf(data) };
  }
  return { ...read, val: null, isErased: true, data, digest: digestOfErased(header, contentSha256) };
}

/** The predecessor that a header names although the whole cannot be understood: a newer version, for instance. Empty where it names none. */
export function claimedPrev(data: string): string {
  try {
    const header = parsePlainJson(linesOf(data)[0]);
    return isObject(header) && matches(SHA256, header['prev']) ? (header['prev'] as string) : '';
  } catch {
    return '';
  }
}

function wrongContent(body: Value): string | null {
  if (!isObject(body) || !hasExactly(body, ['salt', 'val'])) return 'val';
  return matches(SALT, body['salt']) ? null : 'salt';
}

export function entityKindOf(ref: string): string {
  return ref.slice(0, ref.indexOf('/'));
}

export function entityIdOf(ref: string): string {
  return ref.slice(ref.indexOf('/') + 1);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const ENTITY = /^[a-z][a-z_]{0,39}\/[A-Za-z0-9][A-Za-z0-9._:~-]{0,199}$/;
const FIELD = /^[a-z_][a-z0-9_]{0,59}$/;
const HLC = /^[0-9]{15}-[0-9a-z]{8}$/;
const APP = /^[A-Za-z0-9.+-]{1,40}$/;
const ZONE = /^[A-Za-z0-9_+/-]{1,60}$/;
const START = /^[A-Za-z0-9_-]{11}$/;
const SALT = /^[A-Za-z0-9_-]{22}$/;
/** What a later version may call a further key of the header, or a further kind. */
const NEW_WORD = /^[a-z_]{1,40}$/;

/** In this order the first wrong one is named, here and on the server. */
const CHECKS: Readonly<Record<string, (value: Value | undefined) => boolean>> = {
  chain: (value) =>
    isObject(value) &&
    hasExactly(value, ['account', 'audit', 'installation']) &&
    matches(UUID, value['installation']) &&
    (value['account'] === SERVER_ACCOUNT || matches(UUID, value['account'])) &&
    matches(UUID, value['audit']),
  dseq: (value) => typeof value === 'number' && value >= 1,
  prev: (value) => matches(SHA256, value),
  wall: (value) => typeof value === 'number',
  start: (value) => matches(START, value),
  mono: (value) => typeof value === 'number' && value >= 0,
  hlc: (value) => matches(HLC, value),
  seen: (value) =>
    isObject(value) &&
    hasExactly(value, ['epoch', 'seq']) &&
    (value['epoch'] === null || matches(UUID, value['epoch'])) &&
    typeof value['seq'] === 'number' &&
    value['seq'] >= 0,
  ent: (value) => matches(ENTITY, value),
  fld: (value) => matches(FIELD, value),
  bases: (value) => Array.isArray(value) && value.length <= MAX_BASES && value.every((base) => matches(SHA256, base)),
  kind: (value) => typeof value === 'string' && (OPERATION_KINDS as readonly string[]).includes(value),
  // Nothing but what is listed: a header cannot be erased, so no words of a person may find room in it.
  ctx: (value) =>
    isObject(value) &&
    hasExactly(value, ['app', 'schema', 'zone']) &&
    matches(APP, value['app']) &&
    matches(ZONE, value['zone']) &&
    typeof value['schema'] === 'number' &&
    value['schema'] >= 0,
};
const KEYS = ['v', ...Object.keys(CHECKS)];

/** What a later version may have added. Told before anything that is malformed: it is asked again after an update. */
function refuseNewer(envelope: { [key: string]: Value }): Refusal | null {
  const [key] = Object.keys(envelope)
    .filter((name) => !KEYS.includes(name) && NEW_WORD.test(name))
    .sort();
  if (key !== undefined) return refuse('envelope.unknown_key', { key });
  const [kind, ent, fld] = ['kind', 'ent', 'fld'].map((name) =>
    Object.hasOwn(envelope, name) ? envelope[name] : null,
  );
  if (!matches(NEW_WORD, kind) || (OPERATION_KINDS as readonly unknown[]).includes(kind)) return null;
  const entity = matches(ENTITY, ent) ? entityKindOf(ent as string) : '?';
  return refuse('operation.unknown_kind', { entity, field: matches(FIELD, fld) ? (fld as string) : '?' });
}

/** The name of the first key that is absent, superfluous or of the wrong shape; null when all fit. */
function firstWrongKey(envelope: { [key: string]: Value }): string | null {
  const found = Object.keys(envelope);
  const odd = [...found.filter((key) => !KEYS.includes(key)), ...KEYS.filter((key) => !Object.hasOwn(envelope, key))];
  if (odd.length > 0) return [...odd.sort(byCodePoint)[0]!].slice(0, 60).join('');
  return Object.keys(CHECKS).find((key) => !CHECKS[key]!(envelope[key])) ?? null;
}

/** Python orders texts by code points, JavaScript by UTF-16 units; they differ beyond U+FFFF. */
export function byCodePoint(one: string, other: string): number {
  const left = [...one];
  const right = [...other];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = left[index]!.codePointAt(0)! - right[index]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function isObject(value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasExactly(value: { [key: string]: Value }, keys: readonly string[]): boolean {
  const found = Object.keys(value);
  return found.length === keys.length && keys.every((key) => Object.hasOwn(value, key));
}

function matches(pattern: RegExp, value: Value | undefined): boolean {
  return typeof value === 'string' && pattern.test(value);
}
