/** Where a value was erased, a person reads that it was, and who had written it when. */
import { afterEach, expect, test } from 'vitest';
import { EntityView, FieldView, LogView } from '../../domain/fold';
import type { FindingView } from '../../domain/finding';
import type { ReadOperation } from '../../domain/operation';
import type { Value } from '../../domain/plain-json';
import { locale } from '../../i18n';
import { disputesOf } from '../../store/queries';
import { erasedSentence, saidOf, titleOf } from './erased';

const ARON = '0191e6a0-0000-7000-8000-0000000000a2';
const AT = Date.parse('2026-11-24T09:41:00.000Z');

/** As Aron wrote it; null where it was erased since. */
function field(fld: string, ...values: Value[]): [string, FieldView] {
  const heads = values.map(
    (val, number) =>
      ({
        chain: { installation: 'tablet', account: ARON, audit: 'a' },
        fld,
        kind: fld === 'born' ? 'add' : 'set',
        wall: AT,
        val,
        digest: `${fld}-${number}`,
        bases: [],
        ...(val === null ? { isErased: true } : {}),
      }) as unknown as ReadOperation,
  );
  return [fld, new FieldView(values.at(-1)!, heads)];
}

function viewOf(...entities: [string, [string, FieldView][]][]): LogView {
  return new LogView(new Map(entities.map(([ref, fields]) => [ref, new EntityView(ref, new Map(fields))])));
}

const AUTHOR: [string, [string, FieldView][]] = [
  'team_member/aron',
  [field('born', { account: ARON }), field('name', 'Aron Weiss')],
];

afterEach(() => locale.choose('en'));

test('a text that was erased says so, with its author and time, and is not taken for one that nobody wrote', () => {
  const born = field('born', { raised_at: '2026-11-24T09:41:00.000Z', raised_by: 'aron' });
  const view = viewOf(AUTHOR, ['finding/f1', [born, field('title', null), field('failure', 'No release')]]);
  const finding = view.find('finding', 'f1') as unknown as FindingView;
  expect([saidOf(finding, 'title'), saidOf(finding, 'failure'), saidOf(finding, 'requirement')]).toEqual([
    'Content erased',
    'No release',
    '',
  ]);
  expect(titleOf(finding)).toBe('Content erased');
  expect(erasedSentence(view, finding.ref, 'title')).toMatch(/^What Aron Weiss wrote here on .*2026.* was erased/);
  expect(erasedSentence(view, finding.ref, 'requirement')).toBeUndefined();
  locale.choose('de');
  expect(erasedSentence(view, finding.ref, 'title')).toMatch(/^Was Aron Weiss hier am .* schrieb, wurde auf Verlangen/);
});

test('what a birth said was erased with it, and what was never part of it was not', () => {
  const view = viewOf(['previous_finding/p1', [field('born', null)]]);
  const earlier = view.entity('previous_finding/p1');
  expect([saidOf(earlier, 'statement'), saidOf(earlier, 'follow_up_note')]).toEqual(['Content erased', '']);
});

test('a side of a dispute that was erased is no empty one', () => {
  const view = viewOf(['note/n1', [field('born', {}), field('text', 'As Lena saw it', null)]]);
  const [dispute] = disputesOf(view);
  expect(dispute!.values.map(({ isErased }) => isErased)).toEqual([false, true]);
});
