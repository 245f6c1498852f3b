import { describe, expect, test } from 'vitest';
import { GRADE_SHAPES, MARKS } from './grade-shapes';
import { STAMPS, STAMP_SHAPES } from './stamp-shapes';

const drawings = [
  ...MARKS.map((mark) => [mark, GRADE_SHAPES[mark]] as const),
  ...STAMPS.map((stamp) => [stamp, STAMP_SHAPES[stamp]] as const),
];

describe.each(drawings)('the shape of %s', (_, layers) => {
  test('uses only what a PDF can draw as well: absolute lines and curves', () => {
    for (const { d } of layers) expect(d).toMatch(/^M[\d. ]+( [LC][\d. ]+)+( Z)?$/);
  });

  test('stays on its grid', () => {
    for (const { d } of layers) {
      for (const number of d.match(/[\d.]+/g) ?? []) expect(Number(number)).toBeLessThanOrEqual(24);
    }
  });

  test('has a width wherever it is stroked', () => {
    for (const layer of layers) expect(layer.paint === 'solid' || layer.width !== undefined).toBe(true);
  });
});

test('no two shapes are alike', () => {
  const drawn = drawings.map(([, layers]) => JSON.stringify(layers));
  expect(new Set(drawn).size).toBe(drawn.length);
});
