/** What a change looks like before it becomes an operation. The types are those of the contract, field by field. */
import { BORN, DELETED, SEAL } from '../domain/operation';
import type { Value } from '../domain/plain-json';
import type { Born, Entities, EntityKind, SettableField } from '../domain/vocabulary';

export type Change =
  | { readonly kind: 'add'; readonly ent: string; readonly fld: typeof BORN; readonly val: Value }
  | { readonly kind: 'set' | 'resolve'; readonly ent: string; readonly fld: string; readonly val: Value }
  | { readonly kind: 'del'; readonly ent: string; readonly fld: typeof DELETED; readonly val: true }
  | { readonly kind: 'seal'; readonly ent: string; readonly fld: typeof SEAL; readonly val: Value };

/** Bring an entity into the world with the facts that never change. */
export function add<K extends EntityKind>(kind: K, id: string, born: Born<K>): Change {
  return { kind: 'add', ent: `${kind}/${id}`, fld: BORN, val: born as unknown as Value };
}

/** Write a field. An open dispute stays open: only the value that the person saw is replaced. */
export function set<K extends EntityKind, F extends SettableField<K>>(
  kind: K,
  id: string,
  field: F,
  value: NonNullable<Entities[K][F]> | Extract<Entities[K][F], null>,
): Change {
  return { kind: 'set', ent: `${kind}/${id}`, fld: field, val: value as Value };
}

/** Several fields of one entity; those that are undefined are left alone. */
export function setAll<K extends EntityKind>(
  kind: K,
  id: string,
  fields: { readonly [F in SettableField<K>]?: Entities[K][F] | undefined },
): Change[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => ({ kind: 'set', ent: `${kind}/${id}`, fld: field, val: value as Value }));
}

/** Settle a dispute: every head that is known here is replaced. */
export function resolve(ref: string, field: string, value: Value): Change {
  return { kind: 'resolve', ent: ref, fld: field, val: value };
}

/** Delete an entity, having seen everything that is known of it here. */
export function del(kind: EntityKind, id: string): Change {
  return { kind: 'del', ent: `${kind}/${id}`, fld: DELETED, val: true };
}

/** Take a deletion back. */
export function undelete(kind: EntityKind, id: string): Change {
  return { kind: 'set', ent: `${kind}/${id}`, fld: DELETED, val: false };
}

/** Vouch for a record. */
export function seal<K extends 'closing_record' | 'report_record'>(
  kind: K,
  id: string,
  value: NonNullable<Entities[K]['seal']>,
): Change {
  return { kind: 'seal', ent: `${kind}/${id}`, fld: SEAL, val: value as unknown as Value };
}
