/** The chain of custody of one piece of evidence as this tablet's own log has it, and the small pictures that were made of it here. */
import { stepsOf, type Step, type ToldEntry } from '../domain/chain-of-custody';
import { sha256Of } from '../domain/operation';
import { decode } from './codec';
import type { AuditbookDatabase, OperationRow } from './database';
import { fromDatabase, type Live } from './live';
import { entryOf } from './refold';

/** A small picture of a file, made on this tablet. */
export interface MadeHere {
  readonly size: 'thumbnail' | 'view';
  /** Of the picture itself. */
  readonly sha256: string;
  readonly bytes: number;
  /** When and by which version of the app; null where that was not said. */
  readonly made: { readonly at: number; readonly by: string } | null;
}

export function watchSteps(db: AuditbookDatabase, audit: string, evidence: string): Live<Step[]> {
  return fromDatabase(() => readSteps(db, audit, evidence));
}

export async function readSteps(db: AuditbookDatabase, audit: string, evidence: string): Promise<Step[]> {
  const told = await db.transaction('r', [db.operations, db.verdicts], async () => {
    const rows = await rowsAbout(db, audit, evidence);
    const verdicts = await db.verdicts.where('audit').equals(audit).toArray();
    return [...rows.flatMap(entryIn), ...verdicts.map((row): ToldEntry => decode(row.body))];
  });
  return stepsOf(evidence, told);
}

/** What was filed, shown again, sealed and decided about it stands at other things. */
async function rowsAbout(db: AuditbookDatabase, audit: string, evidence: string): Promise<OperationRow[]> {
  const ofKind = (kind: string) =>
    db.operations.where('[audit+ent]').between([audit, `${kind}/`], [audit, `${kind}/\uffff`]);
  const naming = async (kind: string, words: string): Promise<(string | undefined)[]> =>
    (
      await ofKind(kind)
        .filter(({ body }) => decode(body).includes(words))
        .toArray()
    ).map(({ ent }) => ent);
  const things = new Set([
    `evidence/${evidence}`,
    ...(await naming('evidence', '"fld":"retakes"')),
    ...(await naming('evidence_link', evidence)),
  ]);
  return [
    ...(await db.operations
      .where('[audit+ent]')
      .anyOf([...things].map((ent) => [audit, ent ?? '']))
      .toArray()),
    ...(await ofKind('closing_record').toArray()),
    ...(await ofKind('report_record').toArray()),
    // There may be thousands of verdicts, and the last one on each entry stands in a table of its own.
    ...(await ofKind('operation')
      .filter(({ body }) => !decode(body).includes('"kind":"verdict"'))
      .toArray()),
  ];
}

function entryIn(row: OperationRow): ToldEntry[] {
  const entry = row.lost === 1 ? null : entryOf(row);
  return entry === null ? [] : [entry];
}

/** What this tablet has made of a file to look at it. */
export function watchMadeHere(db: AuditbookDatabase, sha256: string): Live<MadeHere[]> {
  return fromDatabase(async () => {
    const rows = {
      view: await db.evidence_views.get(sha256),
      thumbnail: await db.evidence_thumbnails.get(sha256),
    };
    return (['view', 'thumbnail'] as const).flatMap((size) => {
      const row = rows[size];
      if (row === undefined) return [];
      const picture = new Uint8Array(decode(row.body));
      const made = row.made === undefined ? null : decode(row.made);
      return [{ size, sha256: sha256Of(picture), bytes: picture.byteLength, made }];
    });
  });
}
