/**
 * Free the bytes of photos that the server holds. Nothing goes by itself: a person says so, and which.
 *
 * The server is asked at that very moment, file by file: what it lacks after a restore is not freed but sent again. A file that is
 * freed here is like one from another tablet from then on: its thumbnail stays, and it is fetched when it is opened.
 */
import { ApiClient } from '../api/client';
import type { AuditbookDatabase } from '../store/database';
import { dropBytes, filesOnServer, waitAgain, type FileHere } from '../store/space';
import { problemOf, type SyncProblem } from './problem';

const ASKED_AT_ONCE = 500;

export interface Files {
  readonly count: number;
  readonly bytes: number;
}

export interface Room {
  /** On the server and in a backup that it has taken. */
  readonly backedUp: Files;
  /** On the server, and in no backup yet: lost with it. */
  readonly onServerOnly: Files;
}

export interface Asked<T> {
  readonly value: T | null;
  readonly problem: SyncProblem | null;
}

/** How much room there is to be had, as the server says now. */
export async function askRoom(db: AuditbookDatabase, api = new ApiClient()): Promise<Asked<Room>> {
  const { value, problem } = await ask(db, api);
  if (value === null) return { value, problem };
  return { value: { backedUp: sum(value.backedUp), onServerOnly: sum(value.onServerOnly) }, problem: null };
}

/** Free what a backup holds, or everything that the server holds. Says how much went. */
export async function makeRoom(
  db: AuditbookDatabase,
  what: 'backed_up' | 'everything',
  api = new ApiClient(),
): Promise<Asked<Files>> {
  const { value, problem } = await ask(db, api);
  if (value === null) return { value, problem };
  const chosen = what === 'backed_up' ? value.backedUp : [...value.backedUp, ...value.onServerOnly];
  return { value: sum(await dropBytes(db, chosen)), problem: null };
}

interface Found {
  readonly backedUp: readonly FileHere[];
  readonly onServerOnly: readonly FileHere[];
}

async function ask(db: AuditbookDatabase, api: ApiClient): Promise<Asked<Found>> {
  const files = await filesOnServer(db);
  const stored = new Set<string>();
  const backedUp = new Set<string>();
  const keyOf = (audit: string, sha256: string): string => `${audit}/${sha256}`;
  for (const [audit, hashes] of byAudit(files)) {
    for (let at = 0; at < hashes.length; at += ASKED_AT_ONCE) {
      const some = hashes.slice(at, at + ASKED_AT_ONCE);
      const answer = await api.knownEvidence(audit, some);
      if (answer.kind === 'unchanged') continue;
      if (answer.kind !== 'ok') {
        // An audit that one may not see any more: its photos stay, and do not stand in the way of the others'.
        if (answer.kind === 'problem' && [403, 404].includes(answer.status)) continue;
        return { value: null, problem: problemOf(answer, audit) };
      }
      for (const sha256 of answer.value.stored ?? []) stored.add(keyOf(audit, sha256));
      for (const sha256 of answer.value.backed_up ?? []) backedUp.add(keyOf(audit, sha256));
      const lacking = some.filter((sha256) => !stored.has(keyOf(audit, sha256)));
      await waitAgain(db, audit, lacking);
    }
  }
  // The same photo in two audits lies here once: each of them must have it over there.
  const isIn = (known: ReadonlySet<string>, file: FileHere): boolean =>
    file.audits.every((audit) => known.has(keyOf(audit, file.sha256)));
  const held = files.filter((file) => isIn(stored, file));
  return {
    value: {
      backedUp: held.filter((file) => isIn(backedUp, file)),
      onServerOnly: held.filter((file) => !isIn(backedUp, file)),
    },
    problem: null,
  };
}

function byAudit(files: readonly FileHere[]): Map<string, string[]> {
  const hashes = new Map<string, string[]>();
  for (const { audits, sha256 } of files) {
    for (const audit of audits) hashes.set(audit, [...(hashes.get(audit) ?? []), sha256]);
  }
  return hashes;
}

function sum(files: readonly { readonly bytes: number }[]): Files {
  return { count: files.length, bytes: files.reduce((total, { bytes }) => total + bytes, 0) };
}
