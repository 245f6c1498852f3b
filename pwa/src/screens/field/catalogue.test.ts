/** Finding a clause in three seconds, and what a heading says of the clauses below it. */
import { describe, expect, test } from 'vitest';
import type { ClauseResult } from '../../domain/judgement';
import type { Clause, Standard } from '../../domain/standard';
import { auditableClauses, rollUp, searchClauses } from './catalogue';
import { treeOf } from './checklist/checklist-filter';

function clause(number: string, title: string, level: number, ask = ''): Clause {
  const wording = (text: string) => ({ en: text, de: `${text} auf Deutsch` });
  return {
    criterion: `iso9001-2015:${number}`,
    number,
    title: wording(title),
    level,
    auditable: ask !== '',
    parent: level > 1 ? number.slice(0, number.lastIndexOf('.')) : null,
    questions: ask
      ? [{ id: `q-${number}`, text: wording(ask), look_for: wording('records'), ask: wording('operator') }]
      : [],
  };
}

const standard: Standard = {
  id: 'iso9001-2015',
  standard: 'ISO 9001',
  edition: '2015',
  title: { en: '', de: '' },
  status: '',
  amendments: [],
  exclusion: { rule: 'justified_exclusion', recorded_in: '4.3', message: { en: '', de: '' } },
  clauses: [
    clause('7', 'Support', 1),
    clause('7.1.5.1', 'General', 4, 'Which gauges are used?'),
    clause('7.1.5.2', 'Measurement traceability', 4, 'When is it calibrated?'),
    clause('8', 'Operation', 1),
    clause('8.6', 'Release of products and services', 2, 'Who releases at night?'),
  ],
};
const numbers = (query: string) => searchClauses([standard], query, 'en').map((found) => found.number);

describe('a clause is found', () => {
  test('by its number, whole, begun, or without the dots', () => {
    expect(numbers('8.6')).toEqual(['8.6']);
    expect(numbers('7.1.5')).toEqual(['7.1.5.1', '7.1.5.2']);
    expect(numbers('7152')).toEqual(['7.1.5.2']);
  });

  test('by the beginnings of words in its title, before those in its questions', () => {
    expect(numbers('meas trac')).toEqual(['7.1.5.2']);
    expect(numbers('release')).toEqual(['8.6']);
    expect(numbers('calib')).toEqual(['7.1.5.2']);
    expect(numbers('release night')).toEqual(['8.6']);
  });

  test('not by nothing, and not by what is nowhere', () => {
    expect(numbers('  ')).toEqual([]);
    expect(numbers('zebra')).toEqual([]);
  });
});

const result = (criterion: string, mark: ClauseResult['result'], findings: string[] = []): ClauseResult => ({
  criterion: `iso9001-2015:${criterion}`,
  result: mark,
  judgements: 1,
  findings,
});

test('a heading shows the worst grade below it, and how much was seen', () => {
  expect(rollUp([result('a', 'conforms'), result('b', 'minor_nonconformity', ['02'])])).toEqual({
    seen: 2,
    total: 2,
    findings: 1,
    mark: 'minor_nonconformity',
  });
  expect(rollUp([result('a', 'conforms'), result('b', 'not_seen')]).mark).toBe('not_seen');
  expect(rollUp([result('a', 'conforms'), result('b', 'not_planned')]).mark).toBe('conforms');
});

describe('the tree', () => {
  const results = new Map(
    [result('7.1.5.1', 'conforms'), result('7.1.5.2', 'major_nonconformity', ['01']), result('8.6', 'not_seen')].map(
      (one) => [one.criterion, one],
    ),
  );
  const shown = (...args: Parameters<typeof treeOf>) => treeOf(...args).map((row) => row.clause.number);

  test('shows every auditable clause under its headings', () => {
    expect(shown(standard, results, 'all', null)).toEqual(standard.clauses.map(({ number }) => number));
    expect(auditableClauses([standard])).toHaveLength(3);
  });

  test('leaves out headings under which nothing is meant', () => {
    expect(shown(standard, results, 'not_seen', null)).toEqual(['8', '8.6']);
    expect(shown(standard, results, 'findings', null)).toEqual(['7', '7.1.5.2']);
    expect(shown(standard, results, 'all', new Set(['iso9001-2015:7.1.5.1']))).toEqual(['7', '7.1.5.1']);
  });
});
