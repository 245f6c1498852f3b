/**
 * Who is at work on this tablet, and what every command starts with: may this person write that?
 *
 * A command gives back what was written, or a `Refusal` (a value with a code and facts: `isRefusal`). It throws `NotSaved` alone,
 * when the device did not keep what was entered.
 */
import type { EntityView } from '../domain/fold';
import { refuseText } from '../domain/limits';
import { entityKindOf, refuseSize } from '../domain/operation';
import { mayWrite } from '../domain/permissions';
import { makePlain } from '../domain/plain-json';
import { refuse, type Refusal } from '../domain/refusal';
import type { EntityKind, Role, TeamRole } from '../domain/vocabulary';
import type { Change } from '../store/changes';
import { commit, type Written } from '../store/commit';
import type { EvidenceFile } from '../store/evidence-bytes';
import { readEntity, readKind } from '../store/queries';
import type { Session } from '../store/session';
import { askToPersist } from '../store/space';

export { isRefusal, type Refusal } from '../domain/refusal';
export { NotSaved } from '../store/not-saved';
export type { Written } from '../store/commit';
export type { Session } from '../store/session';

export type Outcome<T = Written> = T | Refusal;
/** What was written, and the id of what came into the world by it. */
export type Created = Written & { readonly id: string };

/** Write to an audit what this person may write there. */
export async function write(
  session: Session,
  audit: string,
  changes: readonly Change[],
  evidence: readonly EvidenceFile[] = [],
): Promise<Outcome> {
  const kinds = new Set(changes.map((change) => entityKindOf(change.ent) as EntityKind));
  const refusal = await refuseToWrite(session, audit, [...kinds]);
  if (refusal !== null) return refusal;
  for (const { ent, fld, val } of changes) {
    const tooLong = refuseText(entityKindOf(ent), fld, val) ?? refuseSize(makePlain(val));
    if (tooLong !== null) return tooLong;
  }
  const written = await commit(session.database, audit, changes, evidence);
  askOnce();
  return written;
}

let hasAsked = false;

/** At the first answer that was saved, when a person's tap stands behind the question. */
function askOnce(): void {
  if (hasAsked) return;
  hasAsked = true;
  void askToPersist();
}

/** The same, with the id of what was created. */
export async function writeNew(
  session: Session,
  audit: string,
  id: string,
  changes: readonly Change[],
  evidence: readonly EvidenceFile[] = [],
): Promise<Outcome<Created>> {
  const written = await write(session, audit, changes, evidence);
  return 'code' in written ? written : { ...written, id };
}

export async function refuseToWrite(
  session: Session,
  audit: string,
  kinds: readonly EntityKind[],
): Promise<Refusal | null> {
  const member = await ownMember(session, audit);
  const teamRole = (member?.get('role') ?? null) as TeamRole | null;
  const roles = await rolesIn(session, audit);
  const refused = kinds.find((kind) => !mayWrite(teamRole, roles, kind));
  return refused === undefined ? null : refuse('operation.not_permitted', { entity: refused, field: '' });
}

/** Who this person is in the team; null where the team does not know the account. */
export async function ownMember(session: Session, audit: string): Promise<EntityView<'team_member'> | null> {
  const team = await readKind(session.database, audit, 'team_member');
  return team.find((member) => member.get('account') === session.account) ?? null;
}

async function rolesIn(session: Session, audit: string): Promise<readonly Role[]> {
  const shown = await readEntity(session.database, audit, 'audit', audit);
  const workspace = session.workspaces.find((other) => other.id === shown?.get('workspace'));
  return workspace?.roles ?? [];
}
