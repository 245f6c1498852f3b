import { expect, test } from 'vitest';
import { proposePassphrase, word } from './passphrase';
import { LEAST_PASSPHRASE, normalPassphrase } from './sealed';

test('words are those of the paper that describes them', () => {
  // 127.0.0.1 is lusab-babad there.
  expect([word(0x7f00), word(0x0001)]).toEqual(['lusab', 'babad']);
  expect([word(0), word(0xffff)]).toEqual(['babab', 'zuzuz']);
});

test('a proposal is long enough, and never the same', () => {
  expect(proposePassphrase()).toMatch(/^([a-z]{5}-){3}[a-z]{5}$/);
  expect(proposePassphrase()).not.toBe(proposePassphrase());
  expect(proposePassphrase().length).toBeGreaterThanOrEqual(LEAST_PASSPHRASE);
});

test('blanks around it and the way an accent is typed make no other passphrase', () => {
  expect(normalPassphrase(' u\u0308ber den Wolken\n')).toBe('\u00fcber den Wolken');
});
