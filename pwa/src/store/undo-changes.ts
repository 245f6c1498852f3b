/** What takes a set of changes back, worked out against the state before them. */
import type { EntityView } from '../domain/fold';
import { DELETED, entityIdOf, entityKindOf } from '../domain/operation';
import type { Value } from '../domain/plain-json';
import type { EntityKind } from '../domain/vocabulary';
import { del, undelete, type Change } from './changes';

/** What a field that was never written reads as, where the contract knows no null for it. Others cannot be unwritten. */
const UNWRITTEN: Readonly<Record<string, Value>> = {
  'judgement.result': 'not_seen',
  'judgement.reason': '',
  'plan_slot.state': 'planned',
  'plan_slot.reason': '',
  'previous_finding.follow_up_result': 'not_verified',
  'previous_finding.follow_up_note': '',
  'finding.title': '',
  'finding.grade': null,
  'finding.grade_reason': '',
  'finding.requirement': '',
  'finding.failure': '',
  'finding.objective_evidence': '',
  'finding.criteria': [],
  'finding.process': null,
  'finding.site': null,
  'finding.shift': null,
  'finding.observed_at': null,
  'finding.is_corrected_on_site': false,
  'finding.withdrawn_reason': null,
  'finding.acknowledgement': null,
  'finding.dissent_reason': null,
  'finding_grade.grade': null,
  'finding_grade.grade_reason': '',
  'note.text': '',
  'note.criterion': null,
  'note.process': null,
  'note.site': null,
  'note.shift': null,
  'evidence.annotation': [],
  'evidence.caption': '',
  'evidence.process': null,
  'evidence.site': null,
  'evidence.shift': null,
  'evidence.area': null,
  'evidence.method': null,
  'evidence.observed_at': null,
  'evidence.title': '',
  'evidence.identifier': '',
  'evidence.revision': '',
  'evidence.found_in': '',
  'evidence.interviewee': '',
  'evidence.samples': [],
  'evidence.population': '',
  'evidence.allowed_by': '',
  'evidence.is_in_report': false,
  'audit.positions': 'off',
  'audit.voice_notes': false,
  'area.name': '',
  'area.site': null,
  'area.photo_policy': 'ask',
  'plan_slot.area': null,
  'attendance.at_opening': false,
  'attendance.at_closing': false,
  'recommendation.text': '',
  'recommendation.considered': [],
};

/** Empty where one of the changes cannot be taken back: half an undo would be worse than none. */
export function undoOf(changes: readonly Change[], before: (ref: string) => EntityView): Change[] {
  const added = new Set(changes.filter((change) => change.kind === 'add').map((change) => change.ent));
  const undo: Change[] = [...added].map((ref) => del(entityKindOf(ref) as EntityKind, entityIdOf(ref)));
  for (const change of changes) {
    if (added.has(change.ent)) continue;
    const kind = entityKindOf(change.ent) as EntityKind;
    if (change.kind === 'del') {
      undo.push(undelete(kind, entityIdOf(change.ent)));
    } else if (change.kind === 'set' && change.fld === DELETED) {
      undo.push(change.val === true ? undelete(kind, entityIdOf(change.ent)) : del(kind, entityIdOf(change.ent)));
    } else if (change.kind === 'set') {
      const previous = before(change.ent).value(change.fld) ?? UNWRITTEN[`${kind}.${change.fld}`];
      if (previous === undefined) return [];
      undo.push({ kind: 'set', ent: change.ent, fld: change.fld, val: previous });
    } else {
      return [];
    }
  }
  return undo;
}
