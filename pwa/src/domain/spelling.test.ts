import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { instantOf, isSpelled, mediaTypeOf, refuseSpelling, SPELLED } from './spelling';

interface Property {
  readonly 'x-spelling'?: string;
  readonly items?: Property;
}
interface Component {
  readonly 'x-entity'?: { readonly kind: string };
  readonly properties?: Readonly<Record<string, Property>>;
}

test('every field has the form that the contract gives it', () => {
  const path = new URL('../../../schemas/contract.json', import.meta.url);
  const contract = JSON.parse(readFileSync(path, 'utf-8')) as { components: { schemas: Record<string, Component> } };
  const spelled: Record<string, string> = {};
  for (const component of Object.values(contract.components.schemas)) {
    const kind = component['x-entity']?.kind;
    if (kind === undefined) continue;
    for (const [field, property] of Object.entries(component.properties ?? {})) {
      const form = (property.items ?? property)['x-spelling'];
      if (form !== undefined) spelled[`${kind}.${field}`] = form;
    }
  }
  expect(SPELLED).toEqual(spelled);
});

test('a date that was typed with half a year is refused before it becomes an operation', () => {
  expect(refuseSpelling('audit', 'starts_on', '0026-11-24')).toMatchObject({
    code: 'operation.value_unfit',
    facts: { entity: 'audit', field: 'starts_on' },
  });
  expect(refuseSpelling('audit', 'starts_on', '2026-11-24')).toBeNull();
  expect(refuseSpelling('audit', 'starts_on', null)).toBeNull();
});

test('every item of a list and every fact of a birth is looked at', () => {
  expect(refuseSpelling('finding', 'criteria', ['iso9001-2015:4.1', 'iso9001-2015:04.1'])).not.toBeNull();
  expect(refuseSpelling('previous_finding', 'born', { raised_on: '2026-02-30' })).toMatchObject({
    facts: { field: 'raised_on' },
  });
  expect(refuseSpelling('previous_finding', 'born', { raised_on: null, number: '1' })).toBeNull();
});

test.each([Number.MIN_SAFE_INTEGER, -1, 0, 1_795_000_000_000, 8.64e15, Number.MAX_SAFE_INTEGER])(
  'whatever the clock of the tablet says, the instant can be written: %s',
  (clock) => expect(isSpelled('instant', instantOf(clock))).toBe(true),
);

test('a media type has one spelling, whoever names it', () => {
  expect(mediaTypeOf('image/JPEG')).toBe('image/jpeg');
  expect(mediaTypeOf('audio/webm; codecs=opus')).toBe('audio/webm');
  expect(mediaTypeOf('photo')).toBe('application/octet-stream');
  expect(mediaTypeOf('')).toBe('application/octet-stream');
});
