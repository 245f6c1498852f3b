/**
 * A person's entry in the team. It has the account's id, so that two tablets that enter somebody enter one person: twice in the
 * team would be twice in the sealed record, and two judgements of one place.
 */
import { isRefusal, refuse } from '../domain/refusal';
import type { EntityKind, TeamRole } from '../domain/vocabulary';
import { add, setAll, undelete, type Change } from '../store/changes';
import { newId } from '../store/device';
import { readEntity, readTeam } from '../store/queries';
import { ownMember, refuseToWrite, write, type Outcome, type Session } from './session';

export interface Entry {
  readonly id: string;
  readonly changes: readonly Change[];
}

/** The entry of whoever begins an audit: she leads it, and the team says so from the first moment on. */
export function entryOfBeginner({ account, name }: Session): Change[] {
  const leader: TeamRole = 'audit_team_leader';
  return [add('team_member', account, { account }), ...setAll('team_member', account, { name, role: leader })];
}

/** What enters somebody into the team, also after having left it. A guest without an account is a new one every time. */
export async function entryOf(
  session: Session,
  audit: string,
  account: string | null,
  fields: { readonly name?: string | undefined; readonly role?: TeamRole | undefined },
): Promise<Entry> {
  const id = account ?? newId();
  const before = await readEntity(session.database, audit, 'team_member', id);
  const birth = before === undefined || before.born === null ? [add('team_member', id, { account })] : [];
  const back = before?.isDeleted ? [undelete('team_member', id)] : [];
  return { id, changes: [...birth, ...back, ...setAll('team_member', id, fields)] };
}

/**
 * The id of this person's entry, under which she judges and raises. Who leads without one, because the office began the audit in
 * her name, is entered by her first word. `kind` is what she is about to write: whoever may not is not entered for it.
 */
export async function enterTeam(session: Session, audit: string, kind: EntityKind): Promise<Outcome<string>> {
  const member = await ownMember(session, audit);
  if (member !== null) return member.id;
  const role = (await readTeam(session.database, audit)).get(session.account) ?? null;
  if (role === null) return refuse('operation.not_permitted', { entity: kind, field: '' });
  const refusal = await refuseToWrite(session, audit, [kind]);
  if (refusal !== null) return refusal;
  const { id, changes } = await entryOf(session, audit, session.account, { name: session.name, role });
  const written = await write(session, audit, changes);
  return isRefusal(written) ? written : id;
}
