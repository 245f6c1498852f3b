import { afterEach, describe, expect, test } from 'vitest';
import { formatBytes, formatDate, formatDateTime, formatList, formatNumber, formatTime } from './format';
import { locale, say, t } from './index';

afterEach(() => locale.choose('en'));

describe('in English', () => {
  test('a date is written as it stands, whatever the zone of the tablet', () => {
    expect(formatDate('2026-11-23')).toBe('23 Nov 2026');
    expect(formatDate('2026-01-01', 'long')).toBe('1 January 2026');
  });

  test('a time may be the one on the wall of the site', () => {
    expect(formatTime('2026-11-23T11:04:00Z', 'Europe/Berlin')).toBe('12:04');
    expect(formatDateTime('2026-11-23T23:30:00Z', 'Asia/Tokyo')).toContain('24 Nov 2026');
  });

  test('sizes, numbers and lists are for reading', () => {
    expect(formatBytes(940)).toBe('940 byte');
    expect(formatBytes(3_140_000)).toBe('3.1 MB');
    expect(formatNumber(12_500.5)).toBe('12,500.5');
    expect(formatList(['Lena', 'Aron', 'Ruth'])).toBe('Lena, Aron and Ruth');
  });
});

test('everything changes with the language', () => {
  locale.choose('de');
  expect(t('trust.saved')).toBe('Auf diesem Gerät gespeichert');
  expect(formatDate('2026-11-23', 'long')).toBe('23. November 2026');
  expect(formatNumber(12_500.5)).toBe('12.500,5');
});

test('a code from a newer server is shown in the server’s own words', () => {
  expect(say('mark', 'conforms')).toBe('Conforms');
  expect(say('refusal', 'newer.than_this_app', { n: 1 }, 'The server’s sentence.')).toBe('The server’s sentence.');
});
