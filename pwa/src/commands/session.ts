/**
 * Who is at work on this tablet, and what every command starts with: may this person write that?
 *
 * A command gives back what was written, or a `Refusal` (a value with a code and facts: `isRefusal`). It throws `NotSaved` alone,
 * when the device did not keep what was entered.
 */
import { refuseAnnotation } from '../domain/annotation';
import { liesUnderSeal } from '../domain/closing';
import { fitsId } from '../domain/entity';
import type { EntityView } from '../domain/fold';
import { refuseText } from '../domain/limits';
import { DELETED, entityIdOf, entityKindOf, refuseSize } from '../domain/operation';
import { maySpeakAs, mayWrite } from '../domain/permissions';
import { makePlain, type Value } from '../domain/plain-json';
import { refuse, type Refusal } from '../domain/refusal';
import { refuseSpelling } from '../domain/spelling';
import { accountsOfMembers, foldTeam, namedMember } from '../domain/team';
import type { EntityKind, Role } from '../domain/vocabulary';
import type { Change } from '../store/changes';
import { commit, type Written } from '../store/commit';
import type { EvidenceFile } from '../store/evidence-bytes';
import { readEntity, readKind, readLog, readTeam } from '../store/queries';
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
  const unfit =
    refuseUnfit(changes) ??
    (await refuseUnderSeal(session, audit, changes)) ??
    (await refuseInAnothersName(session, audit, changes));
  if (unfit !== null) return unfit;
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

/** Why the server would set one of these changes aside whoever makes it; null where it would not. */
export function refuseUnfit(changes: readonly Change[]): Refusal | null {
  for (const { kind, ent, fld, val } of changes) {
    const [entity, id] = [entityKindOf(ent), entityIdOf(ent)];
    const refusal =
      refuseText(entity, fld, val) ??
      refuseSize(makePlain(val)) ??
      refuseSpelling(entity, fld, val) ??
      (entity === 'evidence' && fld === 'annotation' ? refuseAnnotation(val) : null);
    if (refusal !== null) return refusal;
    const born = kind === 'add' ? (val as Readonly<Record<string, Value>>) : null;
    if (!fitsId(entity, id, born)) return refuse('operation.value_unfit', { entity, field: fld, why: id });
  }
  return null;
}

const VOUCHED_FOR: readonly string[] = [
  'closing_record',
  'handwritten_signature',
  'report_record',
] satisfies EntityKind[];

/** Whether one of these changes takes back what somebody has vouched for: by undo, by settling a dispute, or on purpose. */
async function refuseUnderSeal(session: Session, audit: string, changes: readonly Change[]): Promise<Refusal | null> {
  const deleted = changes
    .filter(({ ent, fld, val }) => fld === DELETED && val === true && VOUCHED_FOR.includes(entityKindOf(ent)))
    .map(({ ent }) => ent);
  if (deleted.length === 0) return null;
  const view = await readLog(session.database, audit);
  return deleted.some((ref) => liesUnderSeal(view, ref)) ? refuse('operation.under_seal') : null;
}

/** Whether one of these changes judges, or raises a finding, as somebody else: by settling a dispute of hers, for instance. */
async function refuseInAnothersName(
  session: Session,
  audit: string,
  changes: readonly Change[],
): Promise<Refusal | null> {
  const others = changes.filter((change) => ![null, session.account].includes(namedMember(change)));
  if (others.length === 0) return null;
  const view = await readLog(session.database, audit);
  const [accounts, teamRole] = [accountsOfMembers(view), foldTeam(view, audit).get(session.account) ?? null];
  const refused = others.find(
    (change) => !maySpeakAs(namedMember(change)!, accounts, session.account, teamRole, change.kind),
  );
  if (refused === undefined) return null;
  return refuse('operation.in_anothers_name', { entity: entityKindOf(refused.ent), field: refused.fld });
}

export async function refuseToWrite(
  session: Session,
  audit: string,
  kinds: readonly EntityKind[],
): Promise<Refusal | null> {
  const teamRole = (await readTeam(session.database, audit)).get(session.account) ?? null;
  const roles = await rolesIn(session, audit);
  const refused = kinds.find((kind) => !mayWrite(teamRole, roles, kind));
  return refused === undefined ? null : refuse('operation.not_permitted', { entity: refused, field: '' });
}

/** This person's entry in the team; null where there is none, which does not mean that she may not lead (domain/team.ts). */
export async function ownMember(session: Session, audit: string): Promise<EntityView<'team_member'> | null> {
  const team = await readKind(session.database, audit, 'team_member');
  return team.find((member) => member.get('account') === session.account) ?? null;
}

async function rolesIn(session: Session, audit: string): Promise<readonly Role[]> {
  const shown = await readEntity(session.database, audit, 'audit', audit);
  const workspace = session.workspaces.find((other) => other.id === shown?.get('workspace'));
  return workspace?.roles ?? [];
}
