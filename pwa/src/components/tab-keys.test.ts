import { expect, test } from 'vitest';
import { nextTab } from './tab-keys';

test('arrows go round, and turn with the direction of writing', () => {
  expect(nextTab('ArrowRight', 2, 3, false)).toBe(0);
  expect(nextTab('ArrowLeft', 0, 3, false)).toBe(2);
  expect(nextTab('ArrowRight', 1, 3, true)).toBe(0);
});

test('Home and End lead to the ends, other keys nowhere', () => {
  expect(nextTab('Home', 2, 3, false)).toBe(0);
  expect(nextTab('End', 0, 3, false)).toBe(2);
  expect(nextTab('Enter', 0, 3, false)).toBeUndefined();
  expect(nextTab('ArrowRight', 0, 0, false)).toBeUndefined();
});
