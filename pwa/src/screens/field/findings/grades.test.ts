import { expect, test } from 'vitest';
import { summaryOf } from '../closing/record-summary';
import { gradesInWords } from './grades';

const named = (id: string) => ({ 'iso14001-2015': 'ISO 14001', 'iso9001-2015': 'ISO 9001' })[id] ?? id;

test('where the standards agree there is nothing to say', () => {
  const byStandard = [
    ['iso9001-2015', 'minor_nonconformity'],
    ['iso14001-2015', 'minor_nonconformity'],
  ] as const;
  expect(gradesInWords({ general: 'minor_nonconformity', byStandard }, named)).toBe('');
  expect(gradesInWords({ general: 'positive', byStandard: [] }, named)).toBe('');
});

test('where they differ the grade of the finding comes first, then each standard that has another', () => {
  const byStandard = [
    ['iso9001-2015', 'minor_nonconformity'],
    ['iso14001-2015', 'major_nonconformity'],
  ] as const;
  expect(gradesInWords({ general: 'minor_nonconformity', byStandard }, named)).toBe('Minor; ISO 14001: Major');
  expect(gradesInWords({ general: null, byStandard }, named)).toBe('ISO 9001: Minor; ISO 14001: Major');
});

test('the frozen record counts a finding under its worst grade, and says both', () => {
  const finding = {
    number: '01',
    grade: 'minor_nonconformity',
    criteria: ['iso9001-2015:8.5.1', 'iso14001-2015:9.1.2'],
    grades: [{ standard: 'iso14001-2015', grade: 'major_nonconformity', grade_reason: 'Why' }],
  };
  const { findings, grades } = summaryOf({ findings: [finding] });
  expect([...grades]).toEqual([['major_nonconformity', 1]]);
  expect(gradesInWords(findings[0]!.given, named)).toBe('Minor; ISO 14001: Major');
});
