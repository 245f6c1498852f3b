import { describe, expect, test } from 'vitest';
import { ApiClient, type Answer } from './client';

function answering(body: BodyInit | null, init: ResponseInit = {}, asked: Request[] = []): ApiClient {
  return new ApiClient('http://auditbook.test', (input, options) => {
    asked.push(new Request(input, options));
    return Promise.resolve(new Response(body, init));
  });
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const SESSION = { account: 'a', workspaces: [], server_time: '2026-11-24T09:00:00Z' };

describe('an answer', () => {
  test('of the server is told by its shape', async () => {
    const answer = await answering(JSON.stringify(SESSION), { headers: { ...JSON_TYPE, ETag: '"3"' } }).readSession();
    expect(answer).toEqual({ kind: 'ok', status: 200, value: SESSION, etag: '"3"' });
  });

  test.each<[string, BodyInit | null, ResponseInit]>([
    ['a page that says 200', '<html>Sign in</html>', { headers: { 'Content-Type': 'text/html' } }],
    ['a page that says it is JSON', '<html>', { headers: JSON_TYPE }],
    ['an empty object', '{}', { headers: JSON_TYPE }],
    ['a list', '[]', { headers: JSON_TYPE }],
    ['nothing', '', {}],
    ['204', null, { status: 204 }],
    ['a redirect', null, { status: 302, headers: { Location: 'http://hotel.test' } }],
    ['502 of a proxy', '<html>', { status: 502, headers: { 'Content-Type': 'text/html' } }],
    ['JSON errors of somebody else', '{"error":"no"}', { status: 403, headers: JSON_TYPE }],
    ['bytes that are no UTF-8', new Uint8Array([0xff, 0xfe]), { headers: JSON_TYPE }],
  ])('that is %s is not the server’s', async (_, body, init) => {
    const answer: Answer<unknown> = await answering(body, init).readSession();
    expect(answer).toMatchObject({ kind: 'not_the_server', status: init.status ?? 200 });
  });

  test('that refuses carries its code', async () => {
    const body = JSON.stringify({ code: 'account.sign_in_needed', facts: {}, status: 401 });
    const init = { status: 401, headers: { 'Content-Type': 'application/problem+json' } };
    expect(await answering(body, init).readSession()).toMatchObject({
      kind: 'problem',
      status: 401,
      problem: { code: 'account.sign_in_needed' },
    });
  });

  test('without a body is expected where there is nothing to say, and a page is none', async () => {
    expect(await answering(null, { status: 204 }).signOut()).toMatchObject({ kind: 'ok', value: null });
    expect(await answering('<html>', { headers: { 'Content-Type': 'text/html' } }).signOut()).toMatchObject({
      kind: 'not_the_server',
    });
  });

  test('that is unchanged is told', async () => {
    expect(await answering(null, { status: 304 }).readClients('w', '"1"')).toEqual({ kind: 'unchanged', status: 304 });
  });

  test('that does not come is unreachable', async () => {
    const api = new ApiClient('', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await api.readSession()).toMatchObject({ kind: 'unreachable' });
  });
});

test('a push names its checksum and packing, a pull where to go on', async () => {
  const asked: Request[] = [];
  const api = answering('{}', { headers: JSON_TYPE }, asked);
  await api.push('a1', new Uint8Array([1, 2]), 'c2hh', true);
  await api.pull('a1', { epoch: null, after: 7, limit: 500, without: 'i1' });
  expect(asked[0]!.headers.get('Content-Digest')).toBe('sha-256=:c2hh:');
  expect(asked[0]!.headers.get('Content-Encoding')).toBe('gzip');
  expect(asked[1]!.url).toBe('http://auditbook.test/api/audits/a1/operations?after=7&limit=500&without=i1');
});
