/** Two people wrote different things: a person decides, for one of the values or for a third. */
import { DELETED, entityIdOf, entityKindOf } from '../domain/operation';
import type { Value } from '../domain/plain-json';
import type { EntityKind } from '../domain/vocabulary';
import { del, resolve } from '../store/changes';
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

/** Settle a deletion that met an edit: keep the entity with the edit, or delete it knowing of the edit. */
export function resolveDeletion(session: Session, audit: string, ref: string, isKept: boolean): Promise<Outcome> {
  const kind = entityKindOf(ref) as EntityKind;
  return write(session, audit, [isKept ? resolve(ref, DELETED, false) : del(kind, entityIdOf(ref))]);
}
