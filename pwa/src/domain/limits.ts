/**
 * How long a text may be, field by field, as the contract has it (limits.test.ts). Asked before a text becomes an operation:
 * what is too long stays on the screen, instead of being kept aside by the server later. Facts in a form have no limit of
 * their own (spelling.ts).
 */
import { refuse, type Refusal } from './refusal';

/** A text of one line. */
const LINE = 300;

const LONGER_OR_SHORTER: Readonly<Record<string, number>> = {
  'audit.changes': 20000,
  'audit.confirmed_outsourced': 2000,
  'audit.confirmed_shifts': 2000,
  'audit.conformity': 20000,
  'audit.effectiveness': 20000,
  'audit.executive_summary': 20000,
  'audit.internal_audit_and_review': 20000,
  'audit.next_audit': 20000,
  'audit.objectives': 20000,
  'audit.plan_against_actual': 20000,
  'audit.reference': 60,
  'audit.scope': 20000,
  'audit.unresolved_issues': 20000,
  'shift.hours': 60,
  'previous_finding.follow_up_note': 4000,
  'previous_finding.number': 60,
  'previous_finding.statement': 4000,
  'deviation.text': 4000,
  'judgement.reason': 2000,
  'note.text': 20000,
  'finding.dissent_reason': 4000,
  'finding.failure': 4000,
  'finding.grade_reason': 4000,
  'finding.objective_evidence': 8000,
  'finding.requirement': 4000,
  'finding.withdrawn_reason': 4000,
  'finding_grade.finding': 200,
  'finding_grade.grade_reason': 4000,
  'evidence.caption': 2000,
  'evidence.identifier': 120,
  'evidence.revision': 60,
  'recommendation.text': 4000,
  'handwritten_signature.reason': 2000,
  'handwritten_signature.statement': 2000,
  'report_record.reason': 2000,
};

/** The most characters of a text field, for `maxlength` and for the check; counted as Python does, by code points. */
export function longestText(kind: string, field: string): number {
  return LONGER_OR_SHORTER[`${kind}.${field}`] ?? LINE;
}

/** Why this text does not fit its field; null when it does. */
export function refuseText(kind: string, field: string, value: unknown): Refusal | null {
  const limit = longestText(kind, field);
  // Most texts are shorter than the limit however they are counted.
  if (typeof value !== 'string' || value.length <= limit || [...value].length <= limit) return null;
  return refuse('operation.value_unfit', { entity: kind, field, why: `${[...value].length} > ${limit}` });
}
