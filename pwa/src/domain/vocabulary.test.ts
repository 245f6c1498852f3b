import { expect, test } from 'vitest';
import { AUDIT_TYPES, auditTypesOf } from './vocabulary';

test('a certification body offers neither gap advice nor audits of first or second party', () => {
  expect(auditTypesOf('certification_body')).toEqual([
    'pre_assessment',
    'stage_1',
    'stage_2',
    'surveillance',
    'recertification',
    'special',
  ]);
});

test('a client audits itself and its suppliers, and certifies nobody', () => {
  expect(auditTypesOf('audit_client')).toEqual(['gap_analysis', 'internal', 'supplier']);
});

test('every type of audit is offered by somebody', () => {
  const offered = [...auditTypesOf('certification_body'), ...auditTypesOf('audit_client')];
  expect(offered.toSorted()).toEqual(AUDIT_TYPES.toSorted());
});
