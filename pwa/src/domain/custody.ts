/**
 * What the server signs before somebody leaves the site: up to which number it holds an audit's log, and which files of its evidence.
 * The tablet makes the list of files from its own log, which the running hash proves. schemas/vectors/custody holds both languages
 * together.
 */
import { sha256Of } from './operation';
import type { LogPoint } from './receipt';

export interface Custody extends LogPoint {
  readonly evidence_count: number;
  /** Over the list of the files that are stored (`evidenceListHash`). */
  readonly evidence_sha256: string;
}

/**
 * The SHA-256 of every file that these births of evidence name, once and sorted. Births are the values of `add evidence/…`, whether
 * they count or not; what was erased names nothing any more, and a file that was withdrawn is not waited for, whoever names it again.
 */
export function evidenceNamed(births: Iterable<unknown>, withdrawn: ReadonlySet<string> = new Set()): string[] {
  const hashes = new Set<string>();
  for (const birth of births) {
    const sha256 = typeof birth === 'object' && birth !== null ? (birth as { sha256?: unknown }).sha256 : null;
    if (typeof sha256 !== 'string' || withdrawn.has(sha256)) continue;
    if (/^[0-9a-f]{64}$/.test(sha256)) hashes.add(sha256);
  }
  return [...hashes].sort();
}

/** SHA-256, in hex, over the sorted list: each on its line. */
export function evidenceListHash(hashes: Iterable<string>): string {
  const lines = [...hashes].sort().map((sha256) => `${sha256}\n`);
  return sha256Of(lines.join(''));
}

/** The text that is signed. Its first line says what for, so that no other signature passes for one. */
export function custodyStatement(custody: Custody, at: string): string {
  const { audit, epoch, seq, hash, evidence_count, evidence_sha256 } = custody;
  return `auditbook-custody-v1\n${audit}\n${epoch}\n${seq}\n${hash}\n${evidence_count}\n${evidence_sha256}\n${at}\n`;
}
