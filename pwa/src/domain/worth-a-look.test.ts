import { expect, test } from 'vitest';
import type { PlainRecord } from './record';
import { lastDayAhead, notVerified, recommendedDespiteMajor } from './worth-a-look';

const QUALITY = 'iso9001-2015';
const finding = (number: string, grade: string, withdrawn: string | null = null) => ({
  number,
  grade,
  grades: [],
  criteria: [`${QUALITY}:8.3`],
  withdrawn_reason: withdrawn,
});

function record(more: object): PlainRecord {
  return { audit: { criteria: [QUALITY] }, ...more } as unknown as PlainRecord;
}

test('a recommendation as it stands over an open major is worth a look', () => {
  const findings = [finding('01', 'minor_nonconformity'), finding('02', 'major_nonconformity')];
  const said = (outcome: string) => record({ findings, recommendations: [{ standard: QUALITY, outcome }] });
  expect(recommendedDespiteMajor(said('recommended'))).toEqual([{ standard: QUALITY, numbers: ['02'] }]);
  expect(recommendedDespiteMajor(said('recommended_after_closure'))).toEqual([]);
});

test('a major that was withdrawn is none', () => {
  const recommendations = [{ standard: QUALITY, outcome: 'recommended' }];
  const findings = [finding('01', 'major_nonconformity', 'It was calibrated')];
  expect(recommendedDespiteMajor(record({ findings, recommendations }))).toEqual([]);
});

test('earlier findings that nobody has verified are worth a look', () => {
  const results = [null, 'not_verified', 'effective'];
  const follow_up = results.map((result, index) => ({ number: `0${index + 1}`, follow_up_result: result }));
  expect(notVerified(record({ follow_up }))).toEqual(['01', '02']);
});

test('a last day that lies ahead is worth a look', () => {
  const until = record({ audit: { ends_on: '2026-11-28' } });
  expect(lastDayAhead(until, '2026-11-27')).toBe('2026-11-28');
  expect(lastDayAhead(until, '2026-11-28')).toBeNull();
});
