/** What one place alone says, by the rules that hold for the whole audit. */
import { expect, test } from 'vitest';
import { EntityView, FieldView, LogView } from '../../../domain/fold';
import { clauseResults } from '../../../domain/judgement';
import type { Value } from '../../../domain/plain-json';
import { criteriaPlannedAt, NOWHERE, viewAt } from './places';

const CRITERION = 'iso9001-2015:8.6';

function logOf(...entities: [ref: string, born: Record<string, Value>][]): LogView {
  return new LogView(
    new Map(entities.map(([ref, born]) => [ref, new EntityView(ref, new Map([['born', new FieldView(born, [])]]))])),
  );
}

const log = logOf(
  [
    'judgement/1',
    { criterion: CRITERION, process: 'milling', site: 'works', shift: 'late', auditor: 'aron', result: 'conforms' },
  ],
  ['plan_slot/1', { process: 'milling', site: 'works', shift: 'night', criteria: [CRITERION, 'iso9001-2015:7.2'] }],
  [
    'plan_slot/2',
    { process: 'milling', site: 'works', shift: 'night', criteria: ['iso9001-2015:7.3'], state: 'not_held' },
  ],
);
const resultAt = (place: Parameters<typeof viewAt>[1]) =>
  clauseResults(viewAt(log, place), [CRITERION], new Map())[0]?.result;

test('a clause that was seen in one shift is unseen in another', () => {
  expect(resultAt(NOWHERE)).toBe('conforms');
  expect(resultAt({ ...NOWHERE, shift: 'late' })).toBe('conforms');
  expect(resultAt({ ...NOWHERE, process: 'milling', shift: 'night' })).toBe('not_seen');
});

test('what the plan wants to be seen at a place leaves out slots that were not held', () => {
  expect([...criteriaPlannedAt(log, { ...NOWHERE, shift: 'night' })]).toEqual([CRITERION, 'iso9001-2015:7.2']);
  expect(criteriaPlannedAt(log, { ...NOWHERE, shift: 'late' }).size).toBe(0);
});
