import { expect, test } from 'vitest';
import { differing } from './differing';

const BEFORE = 'Eight of nine providers were evaluated in 2026.';
const AFTER = 'Date corrected after the comment of the client.';
const WAS = `${BEFORE} The last evaluation of Alb was on 2025-03-04. ${AFTER}`;

test('of a paragraph only the sentence is shown in which something differs', () => {
  const is = WAS.replace('03-04', '03-14');
  expect(differing(WAS, is)).toEqual({
    was: '… The last evaluation of Alb was on 2025-03-04. …',
    is: '… The last evaluation of Alb was on 2025-03-14. …',
  });
});

test('a short text is shown as it is', () => {
  expect(differing('Caliper 0815', 'Caliper 0816')).toEqual({ was: 'Caliper 0815', is: 'Caliper 0816' });
});

test('of a long sentence only the words around what differs are shown', () => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index}`);
  const is = words.with(30, 'another');
  const shown = differing(words.join(' '), is.join(' '));
  expect(shown.was).toBe(`… ${words.slice(20, 41).join(' ')} …`);
  expect(shown.is).toContain('word29 another word31');
});

test('a sentence that was added stands alone', () => {
  expect(differing(BEFORE + ' ' + AFTER, BEFORE + ' It was seen again. ' + AFTER).is).toBe('… It was seen again. …');
});
