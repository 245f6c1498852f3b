import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { longestText, refuseText } from './limits';

interface Property {
  readonly type?: string | readonly string[];
  readonly maxLength?: number;
}
interface Component {
  readonly 'x-entity'?: { readonly kind: string };
  readonly properties?: Readonly<Record<string, Property>>;
}

test('every text field is as long as the contract has it', () => {
  const path = new URL('../../../schemas/contract.json', import.meta.url);
  const contract = JSON.parse(readFileSync(path, 'utf-8')) as { components: { schemas: Record<string, Component> } };
  let checked = 0;
  for (const component of Object.values(contract.components.schemas)) {
    const kind = component['x-entity']?.kind;
    if (kind === undefined) continue;
    for (const [field, { maxLength }] of Object.entries(component.properties ?? {})) {
      // A record is as long as the audit; closing.ts and report.ts look at it themselves.
      if (maxLength === undefined || field === 'record') continue;
      expect([kind, field, longestText(kind, field)]).toEqual([kind, field, maxLength]);
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(50);
});

test('characters are counted as the server counts them', () => {
  expect(refuseText('site', 'name', '\u{1F527}'.repeat(300))).toBeNull();
  expect(refuseText('site', 'name', 'x'.repeat(301))).toMatchObject({
    code: 'operation.value_unfit',
    facts: { entity: 'site', field: 'name', why: '301 > 300' },
  });
});
