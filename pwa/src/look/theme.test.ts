import { describe, expect, test } from 'vitest';
import firstPaint from '../../public/first-paint.js?raw';
import { LOCALE_KEY } from '../i18n/locale.svelte';
import { THEMES, THEME_KEY, readChoice, resolveTheme } from './theme.svelte';

describe('the theme', () => {
  test('follows the system unless the person chose', () => {
    expect(resolveTheme('system', { dark: false, contrast: false })).toBe('paper');
    expect(resolveTheme('system', { dark: true, contrast: false })).toBe('night');
    expect(resolveTheme('system', { dark: true, contrast: true })).toBe('sunlight');
    expect(resolveTheme('paper', { dark: true, contrast: true })).toBe('paper');
  });

  test('is the system’s when what was kept is unknown or storage is forbidden', () => {
    expect(readChoice(() => ({ getItem: () => 'night' }))).toBe('night');
    expect(readChoice(() => ({ getItem: () => 'sepia' }))).toBe('system');
    expect(
      readChoice(() => {
        throw new Error('SecurityError');
      }),
    ).toBe('system');
  });

  test('is put on before the first paint under the same names', () => {
    for (const name of [THEME_KEY, LOCALE_KEY, ...THEMES]) expect(firstPaint).toContain(`'${name}'`);
  });
});
