/** Where something was judged: process, site, shift. And what the log says of one such place alone. */
import { LogView, type EntityView } from '../../../domain/fold';
import { entityKindOf } from '../../../domain/operation';

export interface Place {
  readonly process: string | null;
  readonly site: string | null;
  readonly shift: string | null;
}

export const PLACE_KINDS = ['process', 'site', 'shift'] as const;
export const NOWHERE: Place = { process: null, site: null, shift: null };

const PLACED: readonly string[] = ['judgement', 'finding', 'plan_slot'];

export function isNowhere(place: Place): boolean {
  return PLACE_KINDS.every((kind) => !place[kind]);
}

export function placeOf(entity: Pick<EntityView, 'value'> | undefined): Place {
  const at = (kind: keyof Place) => (entity?.value(kind) as string | null | undefined) || null;
  return { process: at('process'), site: at('site'), shift: at('shift') };
}

export function isSamePlace(one: Place, other: Place): boolean {
  return PLACE_KINDS.every((kind) => (one[kind] || null) === (other[kind] || null));
}

/** Whether it was at this place; what the place leaves open does not matter. */
export function isAt(entity: Pick<EntityView, 'value'>, place: Place): boolean {
  return PLACE_KINDS.every((kind) => !place[kind] || entity.value(kind) === place[kind]);
}

/** The log as if only this place had been audited, so that the rules of results hold for it unchanged. */
export function viewAt(view: LogView, place: Place): LogView {
  if (isNowhere(place)) return view;
  const kept = [...view.entities].filter(([ref, entity]) => !PLACED.includes(entityKindOf(ref)) || isAt(entity, place));
  return new LogView(new Map(kept), view.quarantined);
}

/** What the plan wants to be seen at this place; empty where the plan says nothing of it. */
export function criteriaPlannedAt(view: LogView, place: Place): Set<string> {
  const slots = view.ofKind('plan_slot').filter((slot) => slot.get('state') !== 'not_held' && isAt(slot, place));
  return new Set(slots.flatMap((slot) => slot.get('criteria') ?? []));
}
