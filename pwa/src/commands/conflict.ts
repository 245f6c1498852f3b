/** Two people wrote different things: a person decides, for one of the values or for a third. */
import { isOrphanedGrade } from '../domain/closing';
import { gradedFinding } from '../domain/finding';
import type { EntityView, LogView } from '../domain/fold';
import { DELETED, entityIdOf, entityKindOf, type ReadOperation } from '../domain/operation';
import type { Value } from '../domain/plain-json';
import type { EntityKind } from '../domain/vocabulary';
import { del, resolve, undelete, type Change } from '../store/changes';
import { readLog } from '../store/queries';
import { write, type Outcome, type Session } from './session';

/** Settle a field: the value of one side, or what is right. Both stay in the log. */
export function resolveDispute(
  session: Session,
  audit: string,
  ref: string,
  field: string,
  value: Value,
): Promise<Outcome> {
  return write(session, audit, [resolve(ref, field, value)]);
}

/**
 * Settle a deletion that met an edit: keep the entity with the edit, or delete it knowing of the edit. A finding comes back with
 * what was deleted along with it, and goes with the grades that somebody gave meanwhile.
 */
export async function resolveDeletion(session: Session, audit: string, ref: string, isKept: boolean): Promise<Outcome> {
  const kind = entityKindOf(ref) as EntityKind;
  const view = await readLog(session.database, audit);
  const along = [...view.entities.values()].filter((entity) => belongsTo(entity) === ref);
  const changes: Change[] = isKept
    ? along
        .filter((entity) => wasDeletedWith(view, ref, entity))
        .map((entity) => undelete(entity.kind as EntityKind, entity.id))
    : along.filter((entity) => isOrphanedGrade(view, entity)).map((entity) => del('finding_grade', entity.id));
  return write(session, audit, [isKept ? resolve(ref, DELETED, false) : del(kind, entityIdOf(ref)), ...changes]);
}

/** The finding of a grade or a link; null for everything else. */
function belongsTo(entity: EntityView): string | null {
  if (entity.kind === 'finding_grade') return `finding/${gradedFinding(entity.id)}`;
  return entity.kind === 'evidence_link' ? `finding/${String(entity.value('finding'))}` : null;
}

/** In one go with the finding: by the same tablet, after it. Nobody reaches what belongs to a deleted finding any more. */
function wasDeletedWith(view: LogView, ref: string, entity: EntityView): boolean {
  const deletions = deletionsOf(view.entity(ref));
  return deletionsOf(entity).some((one) =>
    deletions.some(
      (other) =>
        one.chain.installation === other.chain.installation &&
        one.chain.account === other.chain.account &&
        one.dseq > other.dseq,
    ),
  );
}

function deletionsOf(entity: EntityView | undefined): readonly ReadOperation[] {
  return (entity?.deletedView?.heads ?? []).filter((head) => head.val === true);
}
