import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
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

describe('when to come again', () => {
  const waits = async (headers: Record<string, string>): Promise<unknown> =>
    ((await answering('<html>', { status: 503, headers }).readSession()) as { retryAfter?: number }).retryAfter;

  test.each<[string, Record<string, string>, number | undefined]>([
    ['in seconds', { 'Retry-After': '30' }, 30_000],
    [
      'by a date, by the clock of whoever says it',
      { 'Retry-After': 'Tue, 24 Nov 2026 09:01:00 GMT', Date: 'Tue, 24 Nov 2026 09:00:00 GMT' },
      60_000,
    ],
    ['at once where the date is past', { 'Retry-After': 'Tue, 24 Nov 2020 09:00:00 GMT' }, 0],
    ['after an hour at most', { 'Retry-After': '86400' }, 3_600_000],
    ['when the tablet thinks so where it says nothing', {}, undefined],
    ['or nonsense', { 'Retry-After': 'soon' }, undefined],
  ])('is said %s', async (_, headers, milliseconds) => {
    expect(await waits(headers)).toBe(milliseconds);
  });

  test('is heard from the server as well', async () => {
    const body = JSON.stringify({ code: 'server.busy', facts: {}, status: 503 });
    const headers = { 'Content-Type': 'application/problem+json', 'Retry-After': '5' };
    const answer = await answering(body, { status: 503, headers }).readSession();
    expect(answer).toMatchObject({ kind: 'problem', problem: { code: 'server.busy' }, retryAfter: 5_000 });
  });
});

describe('patience', () => {
  /** 23 kbit/s. */
  const BYTES_PER_SECOND = 2_875;

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  /** A line on which the body goes out first and the answer comes in pieces, each after its time; whoever gives up ends it. */
  function slowLine(answer: string, { stopsAfter = Infinity } = {}): { api: ApiClient; line: { gaveUp: boolean } } {
    const line = { gaveUp: false };
    const after = async (bytes: number, signal: AbortSignal): Promise<void> => {
      const left = new Promise<void>((done) => setTimeout(done, 2_000 + (bytes / BYTES_PER_SECOND) * 1000));
      await Promise.race([left, new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)))]);
    };
    const api = new ApiClient('http://auditbook.test', async (_, init) => {
      const { body, signal } = init as { body: Uint8Array | null; signal: AbortSignal };
      signal.addEventListener('abort', () => (line.gaveUp = true));
      await after(body?.length ?? 0, signal);
      const bytes = new TextEncoder().encode(answer);
      let at = 0;
      const stream = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (at >= stopsAfter)
            await new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
          if (at >= bytes.length) return controller.close();
          await after(16_000, signal);
          controller.enqueue(bytes.slice(at, (at += 16_000)));
        },
      });
      return new Response(stream, { headers: { ...JSON_TYPE, 'Content-Length': String(bytes.length) } });
    });
    return { api, line };
  }

  /** Lets time go by until the answer is there. */
  async function comes<T>(answer: Promise<T>): Promise<T> {
    let there = false;
    void answer.finally(() => (there = true));
    for (let seconds = 0; !there && seconds < 4_000; seconds += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
    }
    return answer;
  }

  test('lasts for the largest batch and the largest page over a line of 23 kbit/s', async () => {
    const { api, line } = slowLine(JSON.stringify({ ...SESSION, log: 'x'.repeat(2_000_000) }));
    expect(await comes(api.readSession())).toMatchObject({ kind: 'ok' });
    const batch = new Uint8Array(600_000);
    const pushed = slowLine('{}');
    expect(await comes(pushed.api.push('a', batch, 'd', false))).toMatchObject({ kind: 'not_the_server' });
    expect([line.gaveUp, pushed.line.gaveUp]).toEqual([false, false]);
  });

  test('ends where nothing comes any more', async () => {
    const { api, line } = slowLine(JSON.stringify({ ...SESSION, log: 'x'.repeat(100_000) }), { stopsAfter: 32_000 });
    expect(await comes(api.readSession())).toMatchObject({ kind: 'unreachable', cause: { name: 'TimeoutError' } });
    expect(line.gaveUp).toBe(true);
  });
});
