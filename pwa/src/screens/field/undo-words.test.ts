/** What the way back says that it takes back. */
import { afterEach, expect, test } from 'vitest';
import { EntityView, FieldView, LogView } from '../../domain/fold';
import type { Value } from '../../domain/plain-json';
import { locale } from '../../i18n';
import { undoWords, type Said } from './undo-words';

const JUDGED = 'judgement/iso9001-2015:8.4.1~turning~works~day~lena';

function entity(ref: string, fields: Record<string, Value>): [string, EntityView] {
  return [ref, new EntityView(ref, new Map([['born', new FieldView(fields, [])]]))];
}

const audit = {
  view: new LogView(
    new Map([
      entity('finding/f1', { title: 'Heat treatment' }),
      entity('note/n1', { criterion: 'iso14001-2015:8.1' }),
      entity('plan_slot/s1', { title: 'Final inspection' }),
      entity('evidence/e1', { caption: 'Gauge M-114' }),
    ]),
  ),
  numbers: new Map([['f1', '01']]),
  clauseName: (criterion: string) =>
    criterion.replace('iso9001-2015:', '').replace('iso14001-2015:', 'ISO 14001:2015 '),
  nameOfStandard: (id: string) => id,
};

const set = (ent: string, fld: string, val: Value): Said => ({ ent, fld, val });
const words = (...operations: Said[]) => undoWords(audit, operations);

afterEach(() => locale.choose('en'));

test('a judgement is called by its clause and what was said', () => {
  expect(words(set(JUDGED, 'born', {}), set(JUDGED, 'result', 'conforms'))).toBe('8.4.1 Conforms');
  expect(words(set(JUDGED, 'result', 'not_seen'))).toBe('8.4.1: judgement taken back');
  expect(words(set(JUDGED, 'reason', 'Outsourced'))).toBe('8.4.1: Reason');
});

test('the entry in the team that a first judgement makes does not hide the judgement', () => {
  expect(words(set('team_member/lena', 'born', {}), set(JUDGED, 'result', 'conforms'))).toBe('8.4.1 Conforms');
});

test('text is called by its field and what it belongs to', () => {
  expect(words(set('finding/f1', 'failure', 'No release'))).toBe('Finding 01: Failure');
  expect(words(set('note/n1', 'text', 'Twelve of 63'))).toBe('Note ISO 14001:2015 8.1: Text');
  expect(words(set('evidence/e1', 'caption', 'Gauge M-114'))).toBe('Evidence Gauge M-114: Caption');
  expect(words(set('plan_slot/s1', 'starts_at', '1'), set('plan_slot/s1', 'ends_at', '2'))).toBe(
    'Slot Final inspection: Start and End',
  );
});

test('what was made or removed says so', () => {
  expect(words(set('note/n1', 'born', {}), set('note/n1', 'text', 'Twelve'))).toBe('Note ISO 14001:2015 8.1 added');
  expect(words(set('handwritten_signature/h1', 'born', {}))).toBe('Signature added');
  expect(words(set('finding/f1', 'born', {}), set('finding/f1', 'grade', 'minor_nonconformity'))).toBe(
    'Finding 01: Minor',
  );
  expect(words(set('plan_slot/s1', 'deleted', true))).toBe('Slot Final inspection removed');
});

test('it follows the language that is chosen later', () => {
  locale.choose('de');
  expect(words(set(JUDGED, 'result', 'conforms'))).toBe('8.4.1 Konform');
  expect(words(set('finding/f1', 'failure', 'No release'))).toBe('Feststellung 01: Abweichung');
});
