/** Two languages, one set of sentences; and every sentence that is asked for gets what it needs. */
import { describe, expect, test } from 'vitest';
import de from './de.json';
import en from './en.json';
import { placesIn, type Catalogue } from './translate';

const english: Catalogue = en;
const german: Catalogue = de;
const stem = (key: string) => key.split('#')[0]!;
const stems = (catalogue: Catalogue) => [...new Set(Object.keys(catalogue).map(stem))].sort();
const written = import.meta.glob<string>(['../**/*.{svelte,ts}', '!../**/*.test.ts', '!../generated/**'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

describe('the catalogues', () => {
  test('have the same keys', () => {
    expect(stems(german)).toEqual(stems(english));
  });

  test.each(Object.keys(english))('%s has the same places in both', (key) => {
    const inGerman = german[key] ?? german[`${stem(key)}#other`] ?? '';
    expect(placesIn(inGerman)).toEqual(placesIn(english[key] ?? ''));
  });

  test.each([
    ['en', english],
    ['de', german],
  ] as const)('hold no empty sentence and no stray blanks: %s', (_, catalogue) => {
    for (const [key, sentence] of Object.entries(catalogue)) {
      expect(sentence.trim(), key).toBe(sentence);
      expect(sentence, key).not.toBe('');
    }
  });

  test.each([
    ['en', english],
    ['de', german],
  ] as const)('write every plural form that the language has: %s', (language, catalogue) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const key of Object.keys(catalogue).filter((name) => name.includes('#'))) {
      for (const form of forms) expect(catalogue, key).toHaveProperty([`${stem(key)}#${form}`]);
    }
  });
});

describe('the written code', () => {
  test('gives every sentence the parameters it has places for', () => {
    const calls: string[] = [];
    for (const [file, text] of Object.entries(written)) {
      for (const match of text.matchAll(/\bt\('([\w.]+)'(?:,\s*\{([^{}]*)\})?\)/g)) {
        const [call, key = '', given = ''] = match;
        const sentence = english[key] ?? english[`${key}#other`];
        calls.push(key);
        expect(sentence, `${file}: ${call}`).toBeDefined();
        const names = given.split(',').map((part) => part.split(':')[0]!.trim());
        expect(names, `${file}: ${call}`).toEqual(expect.arrayContaining(placesIn(sentence ?? '')));
      }
    }
    expect(calls.length).toBeGreaterThan(10);
  });
});
