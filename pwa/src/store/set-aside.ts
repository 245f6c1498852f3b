/** What the server holds and does not count, with its reason: nothing of it is lost, and somebody may decide about it. */
import type { Value } from '../domain/plain-json';
import { decode } from './codec';
import type { AuditbookDatabase } from './database';
import { fromDatabase, type Live } from './live';
import { entryOf, readQuarantine } from './refold';

export interface SetAside {
  readonly digest: string;
  readonly code: string;
  readonly facts: Readonly<Record<string, Value>>;
  /** Null, like all that follows, where it cannot be read. */
  readonly ent: string | null;
  readonly fld: string | null;
  readonly value: Value;
  readonly isErased: boolean;
  readonly account: string | null;
  readonly dseq: number | null;
  /** By the clock of the tablet that wrote it, in milliseconds since 1970. */
  readonly at: number | null;
  /** Its exact text, for whoever takes it along; null where this account may not see it. */
  readonly text: string | null;
}

/** In the order of the chains. */
export async function readSetAside(db: AuditbookDatabase, audit: string): Promise<SetAside[]> {
  const found: SetAside[] = [];
  for (const [digest, verdict] of await readQuarantine(db, audit)) {
    const row = await db.operations.get([audit, digest]);
    const operation = (row === undefined ? null : entryOf(row))?.operation ?? null;
    found.push({
      digest,
      code: verdict.code ?? 'envelope.malformed',
      facts: verdict.facts ?? {},
      ent: operation?.ent ?? null,
      fld: operation?.fld ?? null,
      value: operation?.val ?? null,
      isErased: operation?.isErased === true,
      account: operation?.chain.account ?? verdict.sent_by?.account ?? null,
      dseq: operation?.dseq ?? null,
      at: operation?.wall ?? null,
      text: row === undefined || row.hidden === 1 ? null : decode(row.body),
    });
  }
  return found.toSorted((one, other) => (one.dseq ?? 0) - (other.dseq ?? 0) || (one.digest < other.digest ? -1 : 1));
}

export function watchSetAside(db: AuditbookDatabase, audit: string): Live<SetAside[]> {
  return fromDatabase(() => readSetAside(db, audit));
}
