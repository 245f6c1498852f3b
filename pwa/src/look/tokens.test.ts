/** Contrast is measured, not judged by eye: every pair of roles that may meet, in each theme. */
import { describe, expect, test } from 'vitest';
import { THEMES, type Theme } from './theme.svelte';
import css from './tokens.css?raw';

const SURFACES = ['paper', 'paper-raised', 'paper-sunk'];
const MARKS = ['conforms', 'positive', 'opportunity', 'minor', 'major', 'concern', 'silent'];

function colours(theme: Theme): Map<string, number> {
  const block = css.split(`:root[data-theme='${theme}'] {`)[1]?.split('}')[0] ?? '';
  const found = block.matchAll(/--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\);/g);
  return new Map([...found].map(([, name, l, c, h]) => [name!, luminance(Number(l), Number(c), Number(h))]));
}

/** OKLCH to relative luminance, by Ottosson's matrices; out of gamut is clipped, as a screen does. */
function luminance(lightness: number, chroma: number, hue: number): number {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  const red = clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
  const green = clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
  const blue = clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: Theme, one: string, other: string): number {
  const roles = colours(theme);
  const [light, dark] = [roles.get(one)!, roles.get(other)!].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe.each(THEMES)('in %s', (theme) => {
  const text = theme === 'sunlight' ? 7 : 4.5;
  const shape = theme === 'sunlight' ? 7 : 3;
  const pairs: [string, string, number][] = [
    ...SURFACES.flatMap((surface): [string, string, number][] => [
      ['ink', surface, 7],
      ...['quiet', 'accent', 'danger', 'notice'].map((role): [string, string, number] => [role, surface, text]),
      ...['focus', 'line-strong'].map((role): [string, string, number] => [role, surface, shape]),
      ...MARKS.map((mark): [string, string, number] => [`mark-${mark}`, surface, shape]),
    ]),
    ...MARKS.flatMap((mark): [string, string, number][] => [
      ['ink', `wash-${mark}`, 7],
      [`mark-${mark}`, `wash-${mark}`, 3],
    ]),
    ['mark-cut', 'mark-conforms', shape],
    ['ink', 'accent-wash', 7],
    ['ink', 'danger-wash', 7],
    ['ink', 'notice-wash', 7],
    ['danger', 'danger-wash', 4.5],
    ['notice', 'notice-wash', 4.5],
    ['accent', 'accent-wash', 4.5],
    ['on-accent', 'accent', text],
    ['on-accent', 'accent-press', text],
    ['on-danger', 'danger', text],
  ];

  test.each(pairs)('%s on %s keeps %d : 1', (one, other, least) => {
    expect(contrast(theme, one, other)).toBeGreaterThanOrEqual(least);
  });
});
