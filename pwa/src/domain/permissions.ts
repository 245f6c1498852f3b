/**
 * What a member of the team may write in an audit, asked on the tablet before the tap becomes an operation.
 *
 * The same table stands in server/domain/permissions.py, where it decides; schemas/vectors/permissions holds both together.
 */
import type { EntityKind, OperationKind, Role, TeamRole } from './vocabulary';

/** What is prepared in the office as well as on the way. */
const SETUP: readonly EntityKind[] = [
  'audit',
  'team_member',
  'site',
  'process',
  'shift',
  'area',
  'plan_slot',
  'previous_finding',
];
const CAPTURE: readonly EntityKind[] = ['note', 'evidence', 'evidence_link', 'attendance', 'deviation'];
const JUDGE: readonly EntityKind[] = [
  'judgement',
  'finding',
  'finding_grade',
  'previous_finding',
  'plan_slot',
  'site',
  'process',
  'shift',
  'area',
];
const LEAD: readonly EntityKind[] = [
  'audit',
  'team_member',
  'recommendation',
  'closing_record',
  'handwritten_signature',
  'report_record',
];

/** Experts, interpreters and observers never grade (ISO/IEC 17021-1:2015, 9.2.2.2). */
const WRITABLE: Readonly<Record<TeamRole, readonly EntityKind[]>> = {
  audit_team_leader: [...CAPTURE, ...JUDGE, ...LEAD],
  auditor: [...CAPTURE, ...JUDGE],
  auditor_in_training: [...CAPTURE, ...JUDGE],
  technical_expert: CAPTURE,
  interpreter: [],
  observer: [],
};

/** Whether somebody with this role in the team, and these roles in the workspace, may write entities of this kind. */
export function mayWrite(teamRole: TeamRole | null, roles: readonly Role[], kind: EntityKind): boolean {
  if (teamRole !== null && WRITABLE[teamRole].includes(kind)) return true;
  return SETUP.includes(kind) && roles.includes('programme_manager');
}

/**
 * Whether somebody with this role in the team, and these roles in the workspace, may have the original of a photo of which something is
 * covered for privacy: whoever answers for the audit, and for the programme.
 */
export function mayOpenCovered(teamRole: TeamRole | null, roles: readonly Role[]): boolean {
  return teamRole === 'audit_team_leader' || roles.includes('programme_manager');
}

/**
 * Whether this account may judge, or raise a finding, in the name of that member of the team. `accounts`: of each entry in the team
 * its account, null for a guest without one.
 *
 * A judgement is one person's word, and nobody else's, the leader's included: she judges the same place under her own name. What a
 * guest said she writes down, and where somebody's own two tablets differ she settles it.
 */
export function maySpeakAs(
  member: string,
  accounts: ReadonlyMap<string, string | null>,
  account: string,
  teamRole: TeamRole | null,
  kind: OperationKind,
): boolean {
  const named = accounts.get(member);
  if ((named === undefined ? member : named) === account) return true;
  return teamRole === 'audit_team_leader' && (named === null || kind === 'resolve' || kind === 'del');
}
