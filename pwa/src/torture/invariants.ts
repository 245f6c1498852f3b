/**
 * For tests: what must hold after any story. The same as tests/torture/invariants.py, which says what I1 to I8 are, on the app's own
 * store and engine.
 */
import { foldLog, readEntry, type Entry, type LogView } from '../domain/fold';
import { advanceRunningHash, digestOf, digestOfErased, GENESIS, type ReadOperation } from '../domain/operation';
import { decode } from '../store/codec';
import type { AuditbookDatabase } from '../store/database';
import { isEvidenceIntact } from '../store/evidence-bytes';
import { readRefusedCodes } from '../store/old-log';
import { readOutbox } from '../store/outbox';
import { readLog } from '../store/queries';
import { entriesOf } from '../store/refold';
import type { SyncProblem } from '../sync/problem';

/** One line of the server's log, raw. */
export interface LoggedLine {
  readonly data: string;
  readonly contentSha256?: string | undefined;
  readonly origin: 'device' | 'server';
  readonly receivedAt: number;
}

export interface TabletSeen {
  readonly name: string;
  readonly db: AuditbookDatabase;
  readonly problem: SyncProblem | null;
  /** Digests of everything that a screen called saved. */
  readonly saved: ReadonlySet<string>;
  /** Out of the team: it shows what it had, and the server shows it nothing. */
  readonly isOut?: boolean;
}

export interface ServerSeen {
  readonly epoch: string;
  /** By audit. */
  readonly logs: ReadonlyMap<string, readonly LoggedLine[]>;
  /** `<audit>/<sha256>`; null where nobody looks. */
  readonly files: ReadonlySet<string> | null;
  /** The same of every file that lies in its folders, with a row or without. */
  readonly disk?: ReadonlySet<string>;
}

/** Everything that does not hold, in a sentence each. `made`: text by digest; `withdrawn`: `<audit>/<sha256>` of what was taken out for good. */
export async function broken(
  made: ReadonlyMap<string, string>,
  tablets: readonly TabletSeen[],
  server: ServerSeen,
  withdrawn: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const found: string[] = [];
  const there = new Map<string, Set<string>>();
  for (const [audit, lines] of server.logs) {
    there.set(audit, new Set(lines.map(digestOfLine)));
    found.push(...logFaults(made, lines));
  }
  for (const { name, db, problem, saved, isOut } of tablets) {
    if (problem !== null) found.push(`I8: ${name} stopped: ${problem.code} ${JSON.stringify(problem.facts)}`);
    const outbox = await readOutbox(db);
    if (outbox.operations + outbox.damaged > 0) found.push(`I8: ${name} still has ${outbox.operations} to send`);
    if (outbox.carried > 0) found.push(`I8: ${name} still has ${outbox.carried} of others to take along`);
    if (!isOut) found.push(...(await withdrawnFaults(name, db, withdrawn)));
    if (server.files !== null && outbox.photos > 0) found.push(`I7: ${name} still has ${outbox.photos} photos to send`);
    const rows = await db.operations.toArray();
    const here = new Set(rows.map(({ digest }) => digest));
    const anywhere = new Set([...there.values()].flatMap((digests) => [...digests]));
    for (const digest of saved) {
      if (!here.has(digest) && !anywhere.has(digest)) found.push(`I1: ${name} lost ${digest}`);
    }
    for (const row of rows) {
      const text = decode(row.body);
      const named = row.content_sha256 === undefined ? digestOf(text) : digestOfErased(text, row.content_sha256);
      if (row.hidden !== 1 && named !== row.digest) found.push(`I6: ${name} changed ${row.digest}`);
      const isOwed = row.origin === 'device' && row.lost !== 1 && row.hidden !== 1;
      if (isOwed && !there.get(row.audit)?.has(row.digest)) found.push(`I2: the server lacks ${row.ent} of ${name}`);
    }
    for (const { audit, body } of await db.old_lines.toArray()) {
      const lacking = decode(body).filter(([digest]) => !there.get(audit)?.has(digest)).length;
      if (lacking > 0) found.push(`I2: ${name} has ${lacking} signed entries that it did not hand back`);
    }
    for (const [audit, lines] of isOut ? [] : server.logs)
      found.push(...(await agreementFaults(name, db, audit, lines, server.epoch)));
    for (const { audit, sha256, chunks, state } of await db.uploads.toArray()) {
      if (!(await isEvidenceIntact(db, sha256, chunks))) found.push(`I7: ${name} has other bytes than ${sha256} says`);
      if (server.files !== null && state === 'stored' && !server.files.has(`${audit}/${sha256}`)) {
        found.push(`I7: ${name} believes that the server has ${sha256}`);
      }
    }
  }
  for (const name of withdrawn) {
    if (server.files?.has(name) || server.disk?.has(name)) found.push(`I9: the server still has withdrawn ${name}`);
  }
  return found;
}

/** I9: whoever has heard of it has neither the bytes nor a picture of them. */
async function withdrawnFaults(name: string, db: AuditbookDatabase, withdrawn: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const one of withdrawn) {
    const [audit, sha256] = one.split('/') as [string, string];
    if ((await db.logs.get(audit)) === undefined) continue;
    if ((await db.uploads.get([audit, sha256])) !== undefined) found.push(`I9: ${name} keeps withdrawn ${sha256}`);
    if ((await db.uploads.where('sha256').equals(sha256).count()) > 0) continue;
    const chunks = await db.evidence_bytes.where('[sha256+index]').between([sha256, 0], [sha256, Infinity]).count();
    const pictures = (await db.evidence_thumbnails.get(sha256)) ?? (await db.evidence_views.get(sha256));
    if (chunks > 0 || pictures !== undefined) found.push(`I9: ${name} has bytes of withdrawn ${sha256}`);
  }
  return found;
}

async function agreementFaults(
  name: string,
  db: AuditbookDatabase,
  audit: string,
  lines: readonly LoggedLine[],
  epoch: string,
): Promise<string[]> {
  const log = await db.logs.get(audit);
  if (log === undefined || log.partial === 1) return [];
  const found = (await readRefusedCodes(db, audit)).map((code) => `I2: ${name} could not hand back: ${code}`);
  const hash = hashOf(lines);
  if (log.epoch !== epoch) found.push(`I3: ${name} believes in another epoch`);
  if (log.seq !== lines.length || log.hash !== hash) {
    return [...found, `I3: ${name} stands at ${log.seq} of ${lines.length}, or at another hash`];
  }
  const rows = (await db.operations.toArray()).filter((row) => row.audit === audit);
  const places = new Map(
    rows.flatMap((row) => (row.seq === undefined ? [] : [[row.seq, row]])) as [number, (typeof rows)[number]][],
  );
  for (const [index, line] of lines.entries()) {
    const row = places.get(index + 1);
    if (row?.digest !== digestOfLine(line)) found.push(`I3: ${name} has something else as entry ${index + 1}`);
    else if (row.origin !== line.origin || row.received_at !== line.receivedAt) {
      found.push(`I6: ${name} tells another origin or time of entry ${index + 1}`);
    }
  }
  if (places.size !== lines.length) found.push(`I3: ${name} has ${places.size} numbers of ${lines.length}`);
  const right = plain(foldLog(entriesIn(lines)));
  const shown = await readLog(db, audit);
  if (plain(shown) !== right) found.push(`I3: ${name} shows ${difference(plain(shown), right)}`);
  // Screens read what was folded bit by bit; all at once it must be the same.
  const atOnce = foldLog(entriesOf(rows));
  if (plain(atOnce, false) !== plain(shown, false)) {
    found.push(`I3: ${name} folded ${difference(plain(shown, false), plain(atOnce, false))} bit by bit`);
  }
  return found;
}

function logFaults(made: ReadonlyMap<string, string>, lines: readonly LoggedLine[]): string[] {
  const found: string[] = [];
  for (const line of lines) {
    const text = made.get(digestOfLine(line));
    if (text === undefined) continue;
    const isSame = line.contentSha256 === undefined ? text === line.data : text.split('\n')[0] === line.data;
    if (!isSame) found.push('I6: the server changed the bytes of an entry');
    if (line.origin !== 'device') found.push('I6: the server took an entry for its own');
  }
  if (new Set(lines.map(digestOfLine)).size !== lines.length) found.push('I3: an entry stands in the log twice');
  return [...found, ...unseen(entriesIn(lines))];
}

/** I4 by a way of its own: who names whom, also through what was set aside. */
function unseen(entries: readonly Entry[]): string[] {
  const aside = new Map<string, boolean>();
  const told = new Map<string, ReadOperation>();
  for (const { operation, origin } of entries) {
    const isWord = operation.kind === 'verdict' || operation.kind === 'erasure';
    if (!isWord) told.set(operation.digest, operation);
    else if (origin === 'server' && operation.kind === 'verdict') {
      const said = operation.val as { state?: string } | null;
      aside.set(operation.ent.slice('operation/'.length), said?.state === 'quarantined');
    }
  }
  const replaced = new Set<string>();
  for (const operation of told.values()) {
    if (aside.get(operation.digest) === true || operation.fld === 'born' || operation.kind === 'seal') continue;
    const ahead = [...operation.bases];
    for (let digest = ahead.pop(); digest !== undefined; digest = ahead.pop()) {
      const base = told.get(digest);
      if (base === undefined || replaced.has(digest) || base.ent !== operation.ent || base.fld !== operation.fld)
        continue;
      if (base.kind === 'seal') continue;
      replaced.add(digest);
      if (aside.get(digest) === true) ahead.push(...base.bases);
    }
  }
  const view = foldLog(entries);
  const heads = new Set([...view.entities.values()].flatMap((entity) => entity.allHeads().map(({ digest }) => digest)));
  return [...told.keys()]
    .filter((digest) => aside.get(digest) !== true && !heads.has(digest) && !replaced.has(digest))
    .map((digest) => `I4: ${told.get(digest)!.ent}.${told.get(digest)!.fld} is neither shown nor replaced`);
}

export function entriesIn(lines: readonly LoggedLine[]): Entry[] {
  return lines.flatMap(({ data, origin, receivedAt, contentSha256 }, index) => {
    const entry = readEntry(data, origin, index + 1, receivedAt, contentSha256);
    return entry === null ? [] : [entry];
  });
}

export function digestOfLine({ data, contentSha256 }: LoggedLine): string {
  return contentSha256 === undefined ? digestOf(data) : digestOfErased(data, contentSha256);
}

function hashOf(lines: readonly LoggedLine[]): string {
  let hash = GENESIS;
  for (const line of lines) hash = advanceRunningHash(hash, digestOfLine(line), line.origin, line.receivedAt);
  return hash;
}

/** The folded log in plain words. */
function plain(view: LogView, hasQuarantine = true): string {
  const shown = [...view.entities.values()]
    .map((entity) => [
      entity.ref,
      entity.born,
      entity.isDeleted,
      entity.isDeletionDisputed,
      entity.bornView?.heads.map(({ digest }) => digest) ?? [],
      [...entity.fields].map(([name, { value, heads }]) => [name, value, heads.map(({ digest }) => digest)]),
    ])
    .sort((one, other) => (String(one[0]) < String(other[0]) ? -1 : 1));
  const aside = hasQuarantine ? [...view.quarantined.keys()].sort() : [];
  return JSON.stringify([shown, aside]);
}

function difference(one: string, other: string): string {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return `…${one.slice(Math.max(0, at - 60), at + 120)} instead of …${other.slice(Math.max(0, at - 60), at + 120)}`;
}
