import { expect, test } from 'vitest';
import type { PlainRecord } from '../../../domain/record';
import { summaryOf } from './record-summary';

test('recommendations stand in the order of the audit, not of their ids', () => {
  const recommendations = ['iso14001-2015', 'iso9001-2015'].map((standard) => ({ standard, outcome: 'recommended' }));
  const audit = { criteria: ['iso9001-2015', 'iso14001-2015'] };
  const summary = summaryOf({ audit, recommendations } as unknown as PlainRecord);
  expect(summary.recommendations.map(({ standard }) => standard)).toEqual(['iso9001-2015', 'iso14001-2015']);
});
