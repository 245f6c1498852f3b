import 'fake-indexeddb/auto';
import type { HttpStack } from 'tus-js-client';
import { expect, test } from 'vitest';
import { uploadWaiting } from '../sync/upload-evidence';
import { say } from './say';
import { tell, type Far } from './story';
import type { ServerSeen } from './invariants';

/** Where `python -m tests.torture.serve` listens. Without it there is nothing to test against. */
const SERVER: string | undefined = import.meta.env['VITE_TORTURE_SERVER'];
const START = Number(import.meta.env['VITE_TORTURE_START'] ?? 1);
const SEEDS = Number(import.meta.env['VITE_TORTURE_SEEDS'] ?? 2);

async function atTheDesk<T>(what: string, given: object = {}): Promise<T> {
  const answer = await fetch(`${SERVER}/torture/${what}`, { method: 'POST', body: JSON.stringify(given) });
  return (await answer.json()) as T;
}

interface World {
  workspace: string;
  audit: string;
  people: { lena: string; aron: string; ruth: string };
}

async function realFar(seed: number): Promise<Far> {
  const { workspace, audit, people } = await atTheDesk<World>('world', { seed });
  return {
    people: [people.lena, people.aron, people.ruth],
    audit,
    birth: { workspace, type: 'stage_2' },
    base: SERVER!,
    signIn: async (account) => {
      const { token } = await atTheDesk<{ token: string }>('sign-in', { account });
      return (input, init) => {
        const headers = new Headers(init?.headers);
        headers.set('X-Torture-Session', token);
        return fetch(input, { ...init, headers });
      };
    },
    upload: (db, api, through) => uploadWaiting(db, api, { base: SERVER!, httpStack: stackOver(through) }),
    backUp: () => atTheDesk('back-up'),
    restore: () => atTheDesk('restore'),
    putBack: () => atTheDesk('put-back'),
    withdraw: async (evidence) => (await atTheDesk<{ evidence: string[] }>('withdraw', { audit, evidence })).evidence,
    seen: async () => {
      type Told = { epoch: string; logs: Record<string, never>; files: string[]; disk: string[] };
      const told = await atTheDesk<Told>('seen');
      const logs = Object.entries(told.logs).map(([name, lines]) => [name, (lines as Line[]).map(asLine)] as const);
      const files = { files: new Set(told.files), disk: new Set(told.disk) };
      return { epoch: told.epoch, logs: new Map(logs), ...files } as ServerSeen;
    },
  };
}

interface Line {
  data: string;
  contentSha256: string | null;
  origin: 'device' | 'server';
  receivedAt: number;
}

function asLine({ contentSha256, ...line }: Line) {
  return contentSha256 === null ? line : { ...line, contentSha256 };
}

/** tus over the same connection as everything else. */
function stackOver(through: typeof fetch): HttpStack {
  return {
    getName: () => 'torture',
    createRequest: (method: string, url: string) => {
      const headers = new Headers();
      return {
        getMethod: () => method,
        getURL: () => url,
        setHeader: (name: string, value: string) => headers.set(name, value),
        getHeader: (name: string) => headers.get(name) ?? undefined,
        setProgressHandler: () => undefined,
        abort: () => Promise.resolve(),
        getUnderlyingObject: () => null,
        send: async (body: Blob | null) => {
          const given = body === null ? {} : { body: new Uint8Array(await body.arrayBuffer()) };
          const answer = await through(new URL(url, SERVER), { method, headers, ...given });
          const text = await answer.text();
          return {
            getStatus: () => answer.status,
            getHeader: (name: string) => answer.headers.get(name) ?? undefined,
            getBody: () => text,
            getUnderlyingObject: () => null,
          };
        },
      };
    },
  } as unknown as HttpStack;
}

test.skipIf(SERVER === undefined).each(Array.from({ length: SEEDS }, (_, index) => START + index))(
  'against the real server nothing is lost and everybody sees the same (seed %i)',
  async (seed) => {
    const told = await tell(await realFar(seed), seed);
    say(seed, told);
    expect(told.broken).toEqual([]);
  },
);
