import { describe, expect, test } from 'vitest';
import { chooseLocale, directionOf } from './locale.svelte';
import { Translator, placesIn } from './translate';

const catalogue = {
  'tray.count#one': '{count} piece',
  'tray.count#other': '{count} pieces',
  'conflict.by': '{author}, {time}',
};

describe('a translator', () => {
  const translator = new Translator('en', catalogue, 'de');

  test('chooses the plural form by the number', () => {
    expect(translator.say('tray.count', { count: 1 })).toBe('1 piece');
    expect(translator.say('tray.count', { count: 0 })).toBe('0 pieces');
  });

  test('writes numbers as the region does, and text untouched', () => {
    expect(translator.say('tray.count', { count: 12_500 })).toBe('12.500 pieces');
    expect(translator.say('conflict.by', { author: 'Lena {time}', time: '2026' })).toBe('Lena {time}, 2026');
  });

  test('leaves a place visible when its parameter is missing', () => {
    expect(translator.say('conflict.by', { author: 'Lena' })).toBe('Lena, {time}');
  });

  test('falls back to `other` where a language lacks a form', () => {
    expect(new Translator('pl', catalogue).say('tray.count', { count: 3 })).toBe('3 pieces');
  });
});

test('places are found once each', () => {
  expect(placesIn('{b} and {a} and {b}')).toEqual(['a', 'b']);
});

describe('the language', () => {
  test('is the kept one, else the first wished that we speak, else English', () => {
    expect(chooseLocale('de', ['en-GB'])).toBe('de');
    expect(chooseLocale(null, ['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(chooseLocale(null, ['fr'])).toBe('en');
    expect(chooseLocale('klingon', [])).toBe('en');
  });

  test('knows which way it runs', () => {
    expect(directionOf('ar-EG')).toBe('rtl');
    expect(directionOf('de')).toBe('ltr');
  });
});
