import { afterEach, describe, expect, test } from 'vitest';
import {
  formatBytes,
  formatDate,
  formatDateTime,
  formatDuration,
  formatList,
  formatNumber,
  formatTime,
} from './format';
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

describe('a length of time is said as people say it', () => {
  const minutes = (count: number): number => count * 60_000;

  test('in English', () => {
    expect(formatDuration(minutes(4))).toBe('4 minutes');
    expect(formatDuration(minutes(60) - 20_000)).toBe('1 hour');
    expect(formatDuration(minutes(125))).toBe('2 hours and 5 minutes');
    expect(formatDuration(minutes(1440 + 61))).toBe('1 day and 1 hour');
    expect(formatDuration(minutes(2_152_878))).toBe('1,495 days and 1 hour');
    expect(formatDuration(0)).toBe('0 minutes');
  });

  test('in German', () => {
    locale.choose('de');
    expect(formatDuration(minutes(1))).toBe('1 Minute');
    expect(formatDuration(minutes(125))).toBe('2 Stunden und 5 Minuten');
    expect(formatDuration(minutes(1440 + 61))).toBe('1 Tag und 1 Stunde');
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
