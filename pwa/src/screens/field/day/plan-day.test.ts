/** Where am I in the day. */
import { describe, expect, test } from 'vitest';
import { EntityView, FieldView } from '../../../domain/fold';
import type { Value } from '../../../domain/plain-json';
import { dayToShow, isAuditedBy, minutesLeft, shifted, slotAt, slotsOn, type SlotView } from './plan-day';

function entity(ref: string, fields: Record<string, Value>): EntityView {
  const born = new FieldView({}, []);
  return new EntityView(
    ref,
    new Map([
      ['born', born],
      ...Object.entries(fields).map(([name, value]) => [name, new FieldView(value, [])] as const),
    ]),
  );
}

function slot(id: string, from: string, until: string, more: Record<string, Value> = {}): SlotView {
  return entity(`plan_slot/${id}`, { starts_at: from, ends_at: until, ...more }) as unknown as SlotView;
}

const morning = slot('a', '2026-11-24T09:00', '2026-11-24T10:30');
const inspection = slot('b', '2026-11-24T10:40', '2026-11-24T11:25');
const night = slot('c', '2026-11-25T04:45', '2026-11-25T06:15');
const plan = [morning, inspection, night];

describe('the slot that is shown', () => {
  test('is the one that runs', () => {
    expect(slotAt(plan, '2026-11-24T11:00')?.id).toBe('b');
  });

  test('is the next one in a gap, and the last one after hours', () => {
    expect(slotAt(plan, '2026-11-24T10:35')?.id).toBe('b');
    expect(slotAt(slotsOn(plan, '2026-11-24'), '2026-11-24T18:00')?.id).toBe('b');
  });

  test('is not one that was not held', () => {
    const cancelled = slot('b', '2026-11-24T10:40', '2026-11-24T11:25', { state: 'not_held' });
    expect(slotAt([morning, cancelled], '2026-11-24T11:00')?.id).toBe('a');
  });
});

test('a day outside the plan shows the next day of the plan, then its last', () => {
  expect(dayToShow(plan, '2026-11-24')).toBe('2026-11-24');
  expect(dayToShow(plan, '2026-11-20')).toBe('2026-11-24');
  expect(dayToShow(plan, '2026-12-01')).toBe('2026-11-25');
  expect(dayToShow([], '2026-12-01')).toBe('2026-12-01');
});

test('minutes are counted while the slot runs and an hour beyond', () => {
  expect(minutesLeft(inspection, '2026-11-24T11:03')).toBe(22);
  expect(minutesLeft(inspection, '2026-11-24T11:30')).toBe(-5);
  expect(minutesLeft(inspection, '2026-11-24T10:00')).toBeUndefined();
  expect(minutesLeft(inspection, '2026-11-24T15:00')).toBeUndefined();
});

test('a slot moves across midnight', () => {
  expect(shifted('2026-11-24T23:50', 15)).toBe('2026-11-25T00:05');
  expect(shifted('2026-11-24T10:40', -15)).toBe('2026-11-24T10:25');
  expect(shifted('', 15)).toBe('');
});

test('auditors are known by id, account or name', () => {
  const lena = entity('team_member/lena', { name: 'Lena Brandt' }) as unknown as EntityView<'team_member'>;
  const named = (auditors: string[]) => slot('x', '', '', { auditors });
  expect(isAuditedBy(named(['lena']), lena)).toBe(true);
  expect(isAuditedBy(named(['Lena Brandt']), lena)).toBe(true);
  expect(isAuditedBy(named(['aron']), lena)).toBe(false);
  expect(isAuditedBy(named(['lena']), undefined)).toBe(false);
});
