/**
 * What one tap did, in the words of whoever may want it back: "8.4.1 Conforms", "Finding 01: Failure".
 *
 * Read from what was written, whenever it is shown: so it holds for every command and follows the language.
 */
import { BORN, DELETED, entityIdOf, entityKindOf } from '../../domain/operation';
import type { Value } from '../../domain/plain-json';
import { FINDING_GRADES, JUDGEMENT_RESULTS } from '../../domain/vocabulary';
import { formatList, say, t } from '../../i18n';
import { fieldWords, whatWords, type Named } from './disputes/dispute-words';

/** As much of an operation as is said of it. */
export interface Said {
  readonly ent: string;
  readonly fld: string;
  readonly val: Value;
}

const MARKS: readonly unknown[] = [...FINDING_GRADES, ...JUDGEMENT_RESULTS];

/** Of several entities that one tap wrote, the first that a person would name: a photo rather than its filing. */
const NAMED_LAST: readonly string[] = ['evidence_link', 'team_member'];

export function undoWords(audit: Named, operations: readonly Said[]): string {
  const { ent } = operations.find(({ ent }) => !NAMED_LAST.includes(entityKindOf(ent))) ?? operations[0] ?? { ent: '' };
  const about = operations.filter((operation) => operation.ent === ent);
  const what = subjectOf(audit, ent);
  const deleted = about.find(({ fld }) => fld === DELETED);
  if (deleted?.val === true) return t('undo.removed', { what });
  const mark = about.find(({ fld }) => fld === 'grade' || fld === 'result')?.val;
  if (mark === 'not_seen') return t('undo.judgement_taken_back', { what });
  if (MARKS.includes(mark)) {
    const words = say('mark_short', String(mark));
    return entityKindOf(ent) === 'judgement' ? `${what} ${words}` : t('undo.field', { what, field: words });
  }
  if (about.some(({ fld }) => fld === BORN)) return t('undo.added', { what });
  const fields = [...new Set(about.filter(({ fld }) => fld !== DELETED).map(({ fld }) => wordsOfField(ent, fld)))];
  return fields.length > 0 ? t('undo.field', { what, field: formatList(fields) }) : what;
}

/** Disputes name most fields; the audit's own are named by the report's form, and what is noted at the meeting by its record. */
function wordsOfField(ref: string, field: string): string {
  const elsewhere = say('report.field', field, {}, say('closing.field', field, {}, ''));
  return say('dispute.field', field, {}, elsewhere || fieldWords({ ref, field }));
}

/** A judgement is known by its clause alone; its id begins with it. */
function subjectOf(audit: Named, ref: string): string {
  if (entityKindOf(ref) !== 'judgement') return whatWords(audit, ref);
  return audit.clauseName(entityIdOf(ref).split('~')[0] ?? '');
}
