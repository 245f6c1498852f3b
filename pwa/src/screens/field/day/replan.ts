/** Moving a slot, and if wanted everything of the same people that comes after it on that day. */
import { changePart } from '../../../commands/audit';
import type { Outcome, Written } from '../../../commands/session';
import type { OpenAudit } from '../open-audit.svelte';
import { dayOf, shifted, slotsOn, type SlotView } from './plan-day';

/** The slots that follow on the same day and share an auditor with this one. */
export function following(audit: OpenAudit, slot: SlotView): SlotView[] {
  const auditors = slot.get('auditors') ?? [];
  const starts = slot.get('starts_at') ?? '';
  return slotsOn(audit.slots, dayOf(slot)).filter(
    (other) =>
      other.id !== slot.id &&
      (other.get('starts_at') ?? '') >= starts &&
      other.get('state') !== 'done' &&
      (auditors.length === 0 || (other.get('auditors') ?? []).some((name) => auditors.includes(name))),
  );
}

/** Begins (or with `from` the end alone: lasts) so many minutes later; one undo takes back all of it. */
export async function moveSlots(
  audit: OpenAudit,
  slot: SlotView,
  minutes: number,
  how: { readonly isEndOnly: boolean; readonly withFollowing: boolean },
): Promise<Outcome> {
  const later = how.withFollowing ? following(audit, slot) : [];
  let all: Written = { audit: audit.id, operations: [], undo: [] };
  for (const moved of [slot, ...later]) {
    const keepsStart = how.isEndOnly && moved.id === slot.id;
    const written = await changePart(audit.session, audit.id, 'plan_slot', moved.id, {
      starts_at: keepsStart ? undefined : shifted(moved.get('starts_at') ?? '', minutes),
      ends_at: shifted(moved.get('ends_at') ?? '', minutes),
    });
    if ('code' in written) return written;
    all = {
      audit: audit.id,
      operations: [...all.operations, ...written.operations],
      undo: [...written.undo, ...all.undo],
    };
  }
  return all;
}
