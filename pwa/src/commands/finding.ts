/** Findings: raised in seconds, completed when there is time, regraded and withdrawn with a reason. */
import { gradedFinding, gradeId } from '../domain/finding';
import { isRefusal, refuse } from '../domain/refusal';
import type { Acknowledgement, FindingGrade } from '../domain/vocabulary';
import { add, del, setAll, undelete, type Change } from '../store/changes';
import { instant, newId } from '../store/device';
import { readEntity, readKind } from '../store/queries';
import type { Fields } from './audit';
import { write, writeNew, type Created, type Outcome, type Session } from './session';
import { enterTeam } from './team';

/** Raise a finding, from a clause or out of nowhere. Nothing but the tap is needed; `evidence` links what was just taken. */
export async function raiseFinding(
  session: Session,
  audit: string,
  { evidence = [], ...fields }: Fields<'finding'> & { readonly evidence?: readonly string[] } = {},
): Promise<Outcome<Created>> {
  const id = newId();
  const raisedBy = await enterTeam(session, audit, 'finding');
  if (isRefusal(raisedBy)) return raisedBy;
  return writeNew(session, audit, id, [
    add('finding', id, { raised_at: instant(), raised_by: raisedBy }),
    ...setAll('finding', id, fields),
    ...evidence.map((item): Change => add('evidence_link', newId(), { evidence: item, finding: id, criterion: null })),
  ]);
}

/** Write fields of a finding: one operation for each that changed. */
export function changeFinding(
  session: Session,
  audit: string,
  id: string,
  fields: Fields<'finding'>,
): Promise<Outcome> {
  return write(session, audit, setAll('finding', id, fields));
}

/** Another grade, and why. */
export async function regradeFinding(
  session: Session,
  audit: string,
  id: string,
  grade: FindingGrade,
  reason: string,
): Promise<Outcome> {
  if (reason.trim() === '') return refuse('operation.reason_missing');
  return write(session, audit, setAll('finding', id, { grade, grade_reason: reason }));
}

/** Another grade in one of its standards alone, and why. */
export async function gradeInStandard(
  session: Session,
  audit: string,
  finding: string,
  standard: string,
  grade: FindingGrade,
  reason: string,
): Promise<Outcome> {
  if (reason.trim() === '') return refuse('operation.reason_missing');
  const id = gradeId(finding, standard);
  const before = await readEntity(session.database, audit, 'finding_grade', id);
  const changes = setAll('finding_grade', id, { grade, grade_reason: reason });
  if (before === undefined || before.born === null) changes.unshift(add('finding_grade', id, { finding, standard }));
  else if (before.isDeleted) changes.unshift(undelete('finding_grade', id));
  return write(session, audit, changes);
}

/** Other words for why the grade differs in this standard. */
export function changeGradeReason(
  session: Session,
  audit: string,
  finding: string,
  standard: string,
  reason: string,
): Promise<Outcome> {
  return write(session, audit, setAll('finding_grade', gradeId(finding, standard), { grade_reason: reason }));
}

/** In this standard it is what it is in the others again. */
export function takeGradeBack(session: Session, audit: string, finding: string, standard: string): Promise<Outcome> {
  return write(session, audit, setAll('finding_grade', gradeId(finding, standard), { grade: null }));
}

/** It was none: the number stays, with the reason. */
export async function withdrawFinding(session: Session, audit: string, id: string, reason: string): Promise<Outcome> {
  if (reason.trim() === '') return refuse('operation.reason_missing');
  return write(session, audit, setAll('finding', id, { withdrawn_reason: reason }));
}

/** It was one after all. */
export function reinstateFinding(session: Session, audit: string, id: string): Promise<Outcome> {
  return write(session, audit, setAll('finding', id, { withdrawn_reason: null }));
}

/** The auditee's word on it at the closing meeting; receipt is not agreement. */
export function acknowledgeFinding(
  session: Session,
  audit: string,
  id: string,
  word: Acknowledgement | null,
  dissentReason: string | null = null,
): Promise<Outcome> {
  return write(session, audit, setAll('finding', id, { acknowledgement: word, dissent_reason: dissentReason }));
}

/** Remove a finding that was raised by mistake, with its links and its grades by standard; evidence stays. A finding that was shown is withdrawn instead. */
export async function deleteFinding(session: Session, audit: string, id: string): Promise<Outcome> {
  const links = await readKind(session.database, audit, 'evidence_link');
  const grades = await readKind(session.database, audit, 'finding_grade');
  return write(session, audit, [
    del('finding', id),
    ...links.filter((link) => link.get('finding') === id).map((link) => del('evidence_link', link.id)),
    ...grades.filter((grade) => gradedFinding(grade.id) === id).map((grade) => del('finding_grade', grade.id)),
  ]);
}
