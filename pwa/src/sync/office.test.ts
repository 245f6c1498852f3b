import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { ApiClient } from '../api/client';
import { sha256Of } from '../domain/operation';
import { canonicalText, type Value } from '../domain/plain-json';
import { cataloguesOf, type Standard } from '../domain/standard';
import { keepStandards } from '../store/reference';
import { AUDIT, openTablet } from '../store/testing';
import { requestReport } from './office';

const QUALITY = 'iso9001-2015';

function edition(lastClause: string): Standard {
  const clause = (number: string) => ({
    criterion: `${QUALITY}:${number}`,
    number,
    title: { en: 'Title', de: 'Titel' },
    level: 1,
    auditable: true,
    parent: null,
    questions: [],
  });
  return {
    id: QUALITY,
    standard: 'ISO 9001',
    edition: '2015',
    title: { en: 'Title', de: 'Titel' },
    status: 'current',
    amendments: [],
    exclusion: { rule: 'warning', recorded_in: null, message: { en: 'x', de: 'x' } },
    clauses: [clause('4'), clause(lastClause)],
  };
}

const nameOf = (standard: Standard): string => cataloguesOf([QUALITY], [standard])[0]!.sha256!;
const [earlier, later] = [edition('5'), edition('6')];

/** A server that makes a report as soon as it has these catalogues, and what it was asked. */
function lacking(...named: string[]): { api: ApiClient; asked: string[] } {
  const asked: string[] = [];
  const has = new Set<string>();
  const answer = (status: number, body: unknown, type = 'application/json') =>
    new Response(body === null ? null : JSON.stringify(body), { status, headers: { 'Content-Type': type } });
  const api = new ApiClient('http://auditbook.test', async (input, options) => {
    const request = new Request(input, options);
    const path = new URL(request.url).pathname;
    asked.push(`${request.method} ${path.split('/').at(-1)}`);
    if (request.method === 'PUT') {
      const tree = (await request.json()) as Value;
      has.add(sha256Of(canonicalText(tree)));
      return answer(204, null);
    }
    const sha256 = named.find((one) => !has.has(one));
    if (sha256 === undefined) return answer(202, { id: 'r1', state: 'waiting' });
    const facts = { standard: QUALITY, sha256 };
    return answer(409, { code: 'report.catalogue_unknown', facts, status: 409 }, 'application/problem+json');
  });
  return { api, asked };
}

describe('a report whose catalogue the server lacks', () => {
  test('is asked for again with the catalogue that the record was made with, whatever came down since', async () => {
    const db = await openTablet();
    await keepStandards(db, [earlier]);
    await keepStandards(db, [later]);
    const { api, asked } = lacking(nameOf(earlier), nameOf(later));
    const { value, problem } = await requestReport(db, AUDIT, 'r1', api);
    expect([value?.state, problem]).toEqual(['waiting', null]);
    expect(asked).toEqual([
      'POST reports',
      `PUT ${nameOf(earlier)}`,
      'POST reports',
      `PUT ${nameOf(later)}`,
      'POST reports',
    ]);
  });

  test('stays refused where this tablet never had it, and says of which standard', async () => {
    const db = await openTablet();
    await keepStandards(db, [later]);
    const { api, asked } = lacking(nameOf(earlier));
    const { value, problem } = await requestReport(db, AUDIT, 'r1', api);
    expect([value, problem?.code, problem?.facts['standard']]).toEqual([null, 'report.catalogue_unknown', QUALITY]);
    expect(asked).toEqual(['POST reports']);
  });
});
