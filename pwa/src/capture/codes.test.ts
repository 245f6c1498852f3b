import { describe, expect, test } from 'vitest';
import { isSameLook, listedWith, readCode, readCodes, sizeToLookAt } from './codes';

describe('what a code says', () => {
  test('stays as it is where it is plain', () => {
    expect(readCode('M-101', 'qr_code', 120)).toEqual({
      text: 'M-101',
      format: 'qr_code',
      cutFrom: null,
      isCleaned: false,
    });
    expect(readCode('Prüfmittel 7 / Ø 12,5 µm', 'code_128', 120)?.isCleaned).toBe(false);
    expect(readCode('M-101\r\n', 'code_128', 120)).toMatchObject({ text: 'M-101', isCleaned: false });
  });

  test.each([
    ['a control', 'M-1\u001d01\u0000', 'M-1 01'],
    ['an escape sequence', '\u001b[31mM-101', '[31mM-101'],
    ['letters turned round', 'M-\u202e101\u202c', 'M-101'],
    ['a direction isolate', '\u2067M-101\u2069', 'M-101'],
    ['a width of nothing', 'M\u200b-\ufeff101', 'M-101'],
    ['half a character', 'M-101\ud800', 'M-101'],
    ['a line', 'M-101\u2028Seen and approved', 'M-101 Seen and approved'],
    ['a private sign', 'M-101\ue000', 'M-101'],
  ])('is shown without %s, and says so', (_, raw, text) => {
    expect(readCode(raw, 'qr_code', 120)).toMatchObject({ text, isCleaned: true });
  });

  test('of 4,000 characters is cut to what the field takes, between characters and not within one', () => {
    const code = readCode('📦'.repeat(4000), 'qr_code', 120);
    expect(code?.cutFrom).toBe(4000);
    expect([...code!.text]).toHaveLength(120);
    expect(code!.text).toBe('📦'.repeat(120));
  });

  test('is nothing where nothing can be read', () => {
    expect(readCode('\u0000\u202e\u200b \n', 'qr_code', 120)).toBeNull();
  });
});

test('the same text in two codes is asked about once', () => {
  const found = ['M-1', 'M-2', 'M-1'].map((rawValue) => ({ rawValue, format: 'qr_code' }));
  expect(readCodes(found, 120).map(({ text }) => text)).toEqual(['M-1', 'M-2']);
});

test('one look may miss a code: two that agree are believed', () => {
  const look = (...texts: string[]) =>
    readCodes(
      texts.map((rawValue) => ({ rawValue, format: 'qr_code' })),
      120,
    );
  expect(isSameLook(look('M-1', 'M-2'), look('M-2', 'M-1'))).toBe(true);
  expect(isSameLook(look('M-1'), look('M-1', 'M-2'))).toBe(false);
  expect(isSameLook(look('M-1'), look('M-2'))).toBe(false);
});

test('a sample goes behind those that are there, once', () => {
  expect(listedWith('', 'M-1')).toBe('M-1');
  expect(listedWith('M-1', 'M-2')).toBe('M-1, M-2');
  expect(listedWith('M-1,', 'M-2')).toBe('M-1, M-2');
  expect(listedWith('M-1, M-2', 'M-1')).toBe('M-1, M-2');
});

test('a picture is looked through in a size that is quick, and never made larger', () => {
  expect(sizeToLookAt(4096, 3072, 1280)).toEqual([1280, 960]);
  expect(sizeToLookAt(640, 480, 1280)).toEqual([640, 480]);
  expect(sizeToLookAt(1, 9000, 1280)).toEqual([1, 1280]);
});
