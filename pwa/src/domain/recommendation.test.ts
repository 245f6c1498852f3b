import { expect, test } from 'vitest';
import type { PlainRecord } from './record';
import { recommendationsToAskAgain } from './recommendation';

const [QUALITY, GREEN] = ['iso9001-2015', 'iso14001-2015'] as const;
const MINOR = { id: 'f1', number: '01', grade: 'minor_nonconformity', grades: [], criteria: [`${QUALITY}:8.3`] };
const MAJOR = { id: 'f2', number: '02', grade: 'major_nonconformity', grades: [], criteria: [`${QUALITY}:8.5.1`] };

function said(findings: unknown[], outcome = 'recommended'): PlainRecord {
  const recommendations = [QUALITY, GREEN].map((standard) => ({ standard, outcome, text: null }));
  return { audit: { criteria: [QUALITY, GREEN] }, findings, recommendations } as unknown as PlainRecord;
}

test('a nonconformity that was raised after the closing asks for the recommendation of its standard again', () => {
  const again = recommendationsToAskAgain(said([MINOR]), said([MINOR, MAJOR]));
  expect(again).toEqual([{ standard: QUALITY, numbers: ['02'], isThoughtOver: false }]);
});

test('another grade asks again, in the standard in which it is another', () => {
  const apart = {
    ...MINOR,
    criteria: [`${QUALITY}:8.3`, `${GREEN}:8.1`],
    grades: [{ standard: GREEN, grade: 'major_nonconformity', grade_reason: 'It reached the drain' }],
  };
  const before = said([{ ...apart, grades: [] }]);
  expect(recommendationsToAskAgain(before, said([apart]))).toEqual([
    { standard: GREEN, numbers: ['01'], isThoughtOver: false },
  ]);
});

test('a nonconformity that was withdrawn after the closing asks again', () => {
  const withdrawn = said([{ ...MINOR, withdrawn_reason: 'It was calibrated' }]);
  expect(recommendationsToAskAgain(said([MINOR]), withdrawn)).toEqual([
    { standard: QUALITY, numbers: ['01'], isThoughtOver: false },
  ]);
});

test('other words or an opportunity ask for nothing', () => {
  const words = { ...MINOR, failure: 'The caliper of line 2' };
  const idea = { ...MAJOR, grade: 'opportunity_for_improvement' };
  expect(recommendationsToAskAgain(said([MINOR]), said([words, idea]))).toEqual([]);
});

test('a recommendation that was thought over since says so', () => {
  const changed = said([MINOR, MAJOR], 'recommended_after_closure');
  expect(recommendationsToAskAgain(said([MINOR]), changed)).toMatchObject([{ isThoughtOver: true }]);
});

test('where nothing is recommended nothing is asked', () => {
  const internal = { ...said([MINOR, MAJOR]), recommendations: [] } as PlainRecord;
  expect(recommendationsToAskAgain({ ...said([MINOR]), recommendations: [] } as PlainRecord, internal)).toEqual([]);
});
