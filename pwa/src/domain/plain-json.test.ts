import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText, makePlain, parsePlainJson, type Value } from './plain-json';

const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\u0000', '')),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }).map((found) => makePlain(found)),
  ),
}));

test('what is written is read back', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const plain = makePlain(value);
      expect(canonicalText(parsePlainJson(canonicalText(plain)))).toBe(canonicalText(plain));
      expect(parsePlainJson(JSON.stringify(plain, null, 2))).toEqual(plain);
    }),
  );
});

test('whatever arrives is read as JSON.parse reads it, or refused', () => {
  const almost = fc.oneof(
    fc.string(),
    anyValue.chain((value) => {
      const text = canonicalText(makePlain(value));
      return fc
        .tuple(fc.nat(text.length), fc.string({ maxLength: 2 }))
        .map(([at, noise]) => text.slice(0, at) + noise + text.slice(at + 1));
    }),
  );
  fc.assert(
    fc.property(almost, (text) => {
      let read: Value;
      try {
        read = parsePlainJson(text);
      } catch (problem) {
        expect(problem).toBeInstanceOf(SyntaxError);
        return;
      }
      expect(canonicalText(read)).toBe(canonicalText(JSON.parse(text)));
    }),
    { numRuns: 2000 },
  );
});

test('a fraction is a fault of the app, not of the person', () => {
  expect(() => makePlain(0.5)).toThrow(TypeError);
  expect(() => makePlain(2 ** 53)).toThrow(TypeError);
  expect(Object.is(makePlain(-0), 0)).toBe(true);
});
