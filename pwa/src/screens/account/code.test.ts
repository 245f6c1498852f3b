import { expect, test } from 'vitest';
import { tokenFrom } from './code';

test('a code is taken from the whole link, or as it was typed', () => {
  expect(tokenFrom(' Ab-3_x ')).toBe('Ab-3_x');
  expect(tokenFrom('https://audit.example/#/join/Ab-3_x')).toBe('Ab-3_x');
  expect(tokenFrom('100%')).toBe('100%');
});
