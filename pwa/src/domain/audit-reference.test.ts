import { expect, test } from 'vitest';
import { proposedReference } from './audit-reference';

test('a new audit is offered the client in short, the year and the next number', () => {
  expect(proposedReference('Muster Guss GmbH', '2026-11-28', [])).toBe('MUST-2026-01');
  const taken = ['MUST-2026-01', 'MUST-2026-09', 'MUST-2025-40', 'KESS-2026-77', 'MUST-2026-10-S2', null];
  expect(proposedReference('Muster Guss GmbH', '2026-11-28', taken)).toBe('MUST-2026-10');
  expect(proposedReference('Muster Guss GmbH', '2027-01-05', taken)).toBe('MUST-2027-01');
});

test('umlauts, signs and other scripts give a reference too', () => {
  expect(proposedReference('Öz & Söhne', '2026-11-28', [])).toBe('OZ-2026-01');
  expect(proposedReference('Großmann-Tore AG', '2026-11-28', [])).toBe('GROS-2026-01');
  expect(proposedReference('  «3B» Łódź', '2026-11-28', [])).toBe('3B-2026-01');
  expect(proposedReference('株式会社テスト製作所', '2026-11-28', [])).toBe('株式会社-2026-01');
});

test('nothing is offered while nobody knows the client or the day', () => {
  expect(proposedReference('', '2026-11-28', [])).toBe('');
  expect(proposedReference(' & ', '2026-11-28', [])).toBe('');
  expect(proposedReference('Muster', '', [])).toBe('');
});
