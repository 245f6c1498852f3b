/** Creating an audit, offline too, and what is set up in it: facts, team, sites, processes, shifts, plan. */
import { refuse } from '../domain/refusal';
import type { Entities, Role, SettableField } from '../domain/vocabulary';
import { add, del, setAll, type Change } from '../store/changes';
import { commit } from '../store/commit';
import { instant, newId } from '../store/device';
import { refuseUnfit, write, writeNew, type Created, type Outcome, type Session } from './session';
import { entryOfBeginner, entryOf } from './team';

export type Fields<K extends keyof Entities> = { readonly [F in SettableField<K>]?: Entities[K][F] | undefined };
/** Kinds that are added, changed and removed without more ado. */
export type SetUpKind = 'site' | 'process' | 'shift' | 'area' | 'plan_slot' | 'attendance';

export interface NewAudit extends Fields<'audit'> {
  readonly workspace: string;
  readonly type: Entities['audit']['type'];
}

const MAY_CREATE: readonly Role[] = ['programme_manager', 'lead_auditor', 'quality_manager'];

/** A new audit, led by whoever creates it. `id` is the audit's id. */
export async function createAudit(
  session: Session,
  { workspace, type, ...fields }: NewAudit,
): Promise<Outcome<Created>> {
  const roles = session.workspaces.find((other) => other.id === workspace)?.roles ?? [];
  if (!roles.some((role) => MAY_CREATE.includes(role))) {
    return refuse('account.not_permitted', { who: 'programme_manager' });
  }
  const id = newId();
  const changes = [
    // Its birth comes first: by it the server knows which workspace the audit belongs to, and everybody who leads it.
    add('audit', id, { workspace, type }),
    ...entryOfBeginner(session),
    ...setAll('audit', id, fields),
  ];
  const unfit = refuseUnfit(changes);
  if (unfit !== null) return unfit;
  return { ...(await commit(session.database, id, changes)), id };
}

export function changeAudit(session: Session, audit: string, fields: Fields<'audit'>): Promise<Outcome> {
  return write(session, audit, setAll('audit', audit, fields));
}

export async function addTeamMember(
  session: Session,
  audit: string,
  { account, ...fields }: Fields<'team_member'> & { readonly account: string | null },
): Promise<Outcome<Created>> {
  const { id, changes } = await entryOf(session, audit, account, fields);
  return writeNew(session, audit, id, changes);
}

export function changeTeamMember(
  session: Session,
  audit: string,
  id: string,
  fields: Fields<'team_member'>,
): Promise<Outcome> {
  return write(session, audit, setAll('team_member', id, fields));
}

export function removeTeamMember(session: Session, audit: string, id: string): Promise<Outcome> {
  return write(session, audit, [del('team_member', id)]);
}

/** A site, a process, a shift, a line of the plan, somebody who attends. */
export function addPart<K extends SetUpKind>(
  session: Session,
  audit: string,
  kind: K,
  fields: Fields<K>,
): Promise<Outcome<Created>> {
  const id = newId();
  return writeNew(session, audit, id, [birthOf(kind, id), ...setAll(kind, id, fields)]);
}

export function changePart<K extends SetUpKind>(
  session: Session,
  audit: string,
  kind: K,
  id: string,
  fields: Fields<K>,
): Promise<Outcome> {
  return write(session, audit, setAll(kind, id, fields));
}

export function removePart(session: Session, audit: string, kind: SetUpKind, id: string): Promise<Outcome> {
  return write(session, audit, [del(kind, id)]);
}

/** A departure from the plan, with whom it was agreed. */
export function recordDeviation(
  session: Session,
  audit: string,
  { observedAt = instant(), ...fields }: Fields<'deviation'> & { readonly observedAt?: string },
): Promise<Outcome<Created>> {
  const id = newId();
  const changes = [add('deviation', id, { observed_at: observedAt }), ...setAll('deviation', id, fields)];
  return writeNew(session, audit, id, changes);
}

export function changeDeviation(
  session: Session,
  audit: string,
  id: string,
  fields: Fields<'deviation'>,
): Promise<Outcome> {
  return write(session, audit, setAll('deviation', id, fields));
}

/** It was noted by mistake. */
export function removeDeviation(session: Session, audit: string, id: string): Promise<Outcome> {
  return write(session, audit, [del('deviation', id)]);
}

/** What became of a finding of the previous audit. */
export function followUp(
  session: Session,
  audit: string,
  id: string,
  fields: Fields<'previous_finding'>,
): Promise<Outcome> {
  return write(session, audit, setAll('previous_finding', id, fields));
}

export function addPreviousFinding(
  session: Session,
  audit: string,
  born: Pick<Entities['previous_finding'], 'number' | 'grade' | 'statement' | 'criteria' | 'raised_on'>,
): Promise<Outcome<Created>> {
  const id = newId();
  return writeNew(session, audit, id, [add('previous_finding', id, born)]);
}

function birthOf(kind: SetUpKind, id: string): Change {
  return { kind: 'add', ent: `${kind}/${id}`, fld: 'born', val: {} };
}
