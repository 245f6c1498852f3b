/**
 * Who is in the team of an audit and as what: from the log alone, so that the server and every tablet say the same.
 *
 * The same rule stands in server/domain/team.py; schemas/vectors/team holds both together.
 */
import type { EntityView, LogView } from './fold';
import { BORN, entityKindOf } from './operation';
import type { Value } from './plain-json';
import { TEAM_ROLES, type TeamRole } from './vocabulary';

/** Role in the team by account. null: in the team, without a role yet. */
export type Team = ReadonlyMap<string, TeamRole | null>;

/**
 * Whoever began the audit leads it until an entry gives that account a role. Of several entries for one account the one
 * that may do most counts. `view` needs no more than the entries of the team and the birth of the audit.
 */
export function foldTeam(view: LogView, audit: string): Team {
  const team = new Map<string, TeamRole | null>();
  for (const member of view.ofKind('team_member')) {
    const account = member.get('account');
    if (typeof account !== 'string') continue;
    const said = member.get('role');
    const roles = TEAM_ROLES.filter((role) => role === said || role === team.get(account));
    team.set(account, roles[0] ?? null);
  }
  const beginner = begunBy(view, audit);
  if (beginner !== null && (team.get(beginner) ?? null) === null) team.set(beginner, 'audit_team_leader');
  return team;
}

/** In place of the account of a member whose birth was erased. */
const NOBODY = '';

/**
 * Of every entry that there ever was in the team its account; null for a guest without one. Where the birth was erased it is
 * nobody's: who it was is not known any more, and a guest it was not for certain.
 */
export function accountsOfMembers(view: LogView): ReadonlyMap<string, string | null> {
  const members = [...view.entities.values()].filter(({ kind, born }) => kind === 'team_member' && born !== null);
  return new Map(members.map((member) => [member.id, accountOf(member)]));
}

function accountOf({ born, bornView }: EntityView): string | null {
  if (bornView?.isErased) return NOBODY;
  const account = born?.['account'];
  return typeof account === 'string' ? account : null;
}

/** In whose name it is said: who judges, who raised the finding. null where only its author stands for it. */
export function namedMember({ ent, fld, val }: { ent: string; fld: string; val: Value }): string | null {
  const kind = entityKindOf(ent);
  if (kind === 'judgement') return ent.slice(ent.lastIndexOf('~') + 1);
  if (kind !== 'finding' || fld !== BORN || val === null || typeof val !== 'object' || Array.isArray(val)) return null;
  return String((val as Readonly<Record<string, Value>>)['raised_by']);
}

/** The author of the birth that counts; null while there is none, as in a log that has not been pulled yet. */
function begunBy(view: LogView, audit: string): string | null {
  const shown = view.entity(`audit/${audit}`);
  return shown === undefined || shown.born === null ? null : shown.bornView!.heads.at(-1)!.chain.account;
}
