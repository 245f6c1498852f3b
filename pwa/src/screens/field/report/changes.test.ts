import { expect, test } from 'vitest';
import type { Value } from '../../../domain/plain-json';
import type { PlainRecord } from '../../../domain/record';
import { spokenChanges } from './changes';

const judged = (criterion: string, result: string, site = 'Main works') => ({ criterion, result, site });

function record(...judgements: object[]): PlainRecord {
  return { judgements } as unknown as PlainRecord;
}

const CHANGED = [{ finding: null, evidence: null, field: 'judgements', was: null, is: null }] as Value[];
const names = { nameOfStandard: (id: string) => id, clauseName: (criterion: string) => criterion.split(':')[1]! };

test('a judgement that changed since the closing is named with its clause, and what it was', () => {
  const before = record(judged('iso9001-2015:8.3.4', 'conforms'), judged('iso9001-2015:7.2', 'conforms'));
  const now = record(judged('iso9001-2015:8.3.4', 'not_applicable'), judged('iso9001-2015:7.2', 'conforms'));
  const [change, ...others] = spokenChanges(CHANGED, { ...names, before, now });
  expect(others).toEqual([]);
  expect(change!.what).toContain('8.3.4');
  expect([change!.was, change!.is]).toEqual(['Conforms', 'Not applicable']);
});

test('a clause that was judged after the closing was nothing before', () => {
  const now = record(judged('iso9001-2015:8.3.4', 'conforms'));
  const [change] = spokenChanges(CHANGED, { ...names, before: record(), now });
  expect([change!.was, change!.is]).toEqual(['nothing', 'Conforms']);
});

test('of a long text only what differs is said', () => {
  const start = 'Eight of nine providers were evaluated in 2026. One of them was seen twice in the same week.';
  const changes = [
    { finding: '04', evidence: null, field: 'failure', was: `${start} Seen on 04.`, is: `${start} Seen on 14.` },
  ] as Value[];
  const [change] = spokenChanges(changes, { ...names, before: {}, now: {} });
  expect([change!.was, change!.is]).toEqual(['… Seen on 04.', '… Seen on 14.']);
});

test('a finding that was moved to another process is told by the names of both', () => {
  const changes = [{ finding: '02', evidence: null, field: 'process', was: 'p1', is: 'p2' }] as Value[];
  const before = { processes: [{ id: 'p1', name: 'Milling' }] };
  const now = { processes: [{ id: 'p2', name: 'Assembly' }] };
  const [change] = spokenChanges(changes, { ...names, before, now });
  expect([change!.was, change!.is]).toEqual(['Milling', 'Assembly']);
});

test('evidence that was collected elsewhere, otherwise or at another time is told in words too', () => {
  const changed = (field: string, was: Value, is: Value) => ({ finding: null, evidence: 'e1', field, was, is });
  const changes = [
    changed('area', 'a1', 'a2'),
    changed('method', null, 'interview'),
    changed('samples', ['M-101'], ['M-101', 'M-114']),
    changed('observed_at', null, '2026-11-24T03:30:00.000Z'),
  ] as Value[];
  const before = { areas: [{ id: 'a1', name: 'Paint shop' }] };
  const now = { areas: [{ id: 'a2', name: 'Yard' }] };
  const [area, method, samples, observed] = spokenChanges(changes, { ...names, before, now });
  expect(area).toEqual({ what: 'Evidence, area', was: 'Paint shop', is: 'Yard' });
  expect(method).toEqual({ what: 'Evidence, how it was collected', was: 'nothing', is: 'Interview' });
  expect(samples).toEqual({ what: 'Evidence, sample', was: 'M-101', is: 'M-101, M-114' });
  expect(observed!.is).toContain('24 Nov 2026');
});
