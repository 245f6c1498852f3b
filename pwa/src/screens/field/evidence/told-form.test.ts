import { expect, test } from 'vitest';
import { blank, instantOfLocal, isBlank, lackingIn, readForm, samplesIn, toldOf } from './told-form';

test('samples are typed as they come: commas, semicolons, lines, and one of them twice', () => {
  expect(samplesIn('M-101, M-114;M-115\n M-101 ,')).toEqual(['M-101', 'M-114', 'M-115']);
});

test('what was typed under another kind is not kept with this one', () => {
  const form = {
    ...blank('document', []),
    title: 'Control of gauges',
    interviewee: 'Machine operator',
    samples: 'M-1',
  };
  expect(toldOf(form)).toEqual({ kind: 'document', title: 'Control of gauges' });
  expect(toldOf({ ...form, kind: 'interview' })).toEqual({ kind: 'interview', interviewee: 'Machine operator' });
});

test('a draft comes back as it was typed, and one that nobody can read does not stand in the way', () => {
  const form = { ...blank('record', ['iso9001-2015:7.1.5.2']), samples: 'M-101, ', observed: '2026-11-24T03:30' };
  expect(readForm(JSON.stringify(form))).toEqual(form);
  expect(readForm('{"kind":"hologram"}')).toBeNull();
  expect(readForm('{')).toBeNull();
  expect(readForm(null)).toBeNull();
});

test('says what lacks, and is blank while nothing that its kind asks for is written', () => {
  expect(lackingIn({ ...blank('interview', []), caption: 'Sends it back.' })).toEqual(['interviewee']);
  expect(lackingIn({ ...blank('document', []), identifier: 'QM-07' })).toEqual([]);
  expect(isBlank({ ...blank('interview', ['iso9001-2015:7.2']), title: 'x' })).toBe(true);
});

test('a time of the wall clock is an instant; nothing is none', () => {
  expect(instantOfLocal('2026-11-24T03:30')).toBe(new Date('2026-11-24T03:30').toISOString());
  expect(instantOfLocal('')).toBeNull();
});
