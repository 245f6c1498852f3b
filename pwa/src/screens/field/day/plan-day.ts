/**
 * Where am I in the day: the slots of the plan, the one that runs now, and what of it was seen.
 *
 * Slots carry local times of the site (`2026-11-24T10:40`); as text they sort and compare as times do.
 */
import type { EntityView, LogView } from '../../../domain/fold';

export type SlotView = EntityView<'plan_slot'>;

/** Slots that carry a time, in its order; the others at the end. */
export function slotsInOrder(view: LogView): SlotView[] {
  const key = (slot: SlotView) => slot.get('starts_at') || '9999';
  return [...view.ofKind('plan_slot')].sort((one, other) =>
    key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : one.id < other.id ? -1 : 1,
  );
}

export function dayOf(slot: SlotView): string {
  return (slot.get('starts_at') ?? '').slice(0, 10);
}

/** "10:40" */
export function clockOf(localTime: string | null | undefined): string {
  return (localTime ?? '').slice(11, 16);
}

/** The slots of one day. */
export function slotsOn(slots: readonly SlotView[], day: string): SlotView[] {
  return slots.filter((slot) => dayOf(slot) === day);
}

/** The day that is shown: today where the plan has it, else the next day of the plan, else its last. */
export function dayToShow(slots: readonly SlotView[], today: string): string {
  const days = [...new Set(slots.map(dayOf).filter(Boolean))];
  if (days.includes(today)) return today;
  return days.find((day) => day > today) ?? days.at(-1) ?? today;
}

/** Whose slot it is: a member of the team is named by its id, its account or its name, as whoever planned it had at hand. */
export function isAuditedBy(slot: SlotView, member: EntityView<'team_member'> | undefined): boolean {
  if (member === undefined) return false;
  const named = slot.get('auditors') ?? [];
  return [member.id, member.get('account'), member.get('name')].some((name) => !!name && named.includes(name));
}

/** The slot that runs now; else the next one of the day; else the day's last. Meetings count, what was not held does not. */
export function slotAt(slots: readonly SlotView[], now: string): SlotView | undefined {
  const held = slots.filter((slot) => slot.get('state') !== 'not_held');
  return (
    held.find((slot) => (slot.get('starts_at') ?? '') <= now && now < (slot.get('ends_at') ?? '')) ??
    held.find((slot) => (slot.get('starts_at') ?? '') > now) ??
    held.at(-1)
  );
}

/** Beyond this nobody is still in the slot; it is only the last one of the day. */
const LONGEST_OVERRUN = 60;

/** Minutes until the slot ends, negative once it is overrun; undefined unless it has begun and is of today. */
export function minutesLeft(slot: SlotView, now: string): number | undefined {
  const [starts, ends] = [slot.get('starts_at') ?? '', slot.get('ends_at') ?? ''];
  if (!starts || !ends || starts > now || starts.slice(0, 10) !== now.slice(0, 10)) return undefined;
  const left = Math.round((utc(ends) - utc(now)) / 60_000);
  return left < -LONGEST_OVERRUN ? undefined : left;
}

/** The same local time, so many minutes later. Local times have no zone, so this counts as a wall clock does. */
export function shifted(localTime: string, minutes: number): string {
  const at = utc(localTime);
  return Number.isNaN(at) ? localTime : new Date(at + minutes * 60_000).toISOString().slice(0, 16);
}

/** The wall clock of this tablet: "2026-11-24T10:40". */
export function localNow(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function utc(localTime: string): number {
  return Date.parse(`${localTime.slice(0, 16)}Z`);
}
