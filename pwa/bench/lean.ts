/**
 * Three tablets that worked offline on one audit and now meet at a real server: what it takes until all three show the same.
 * Run by `make bench` (tests/bench/sync.py), which starts the server and reads the one line of JSON that this prints.
 *
 * These tablets make the same operations and speak the same protocol as the app with nothing but maps to keep them in, as the clients
 * of the peers do. What the app itself takes is measured in a browser: app.ts.
 */
import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { ApiClient, PROTOCOL } from '../src/api/client';
import { foldLog, readEntry, type Entry, type LogView } from '../src/domain/fold';
import { advanceRunningHash, digestOf, GENESIS, headStatement, heldHash, makeOperation } from '../src/domain/operation';
import type { Operation } from '../src/domain/operation';
import type { Origin, Schemas } from '../src/domain/vocabulary';
import type { Change } from '../src/store/changes';
import { APP_VERSION, device, newId } from '../src/store/device';
import { base64, base64url, signText } from '../src/store/keys';
import { disputesOf } from '../src/store/queries';
import { BatchSize, pack } from '../src/sync/push';
import { shortBatch, wholePage } from '../src/sync/short-lists';
import { beginning, shown, taken, written, type Person, type Step } from './workload';

const { ADDRESS, OPS, PEOPLE, PASSWORD, PROCESSES, WIRE } = process.env as Record<string, string>;
const PAGE = 500;

/** One person at one audit, with one installation. */
interface Tablet extends Person {
  write(changes: readonly Change[]): void;
  push(): Promise<void>;
  pull(): Promise<void>;
  view(): LogView;
}

/** What a tablet did long before it went offline. */
async function signIn(email: string): Promise<Person & { api: ApiClient }> {
  let cookie = '';
  const api = new ApiClient(ADDRESS, async (input, init) => {
    const headers = { ...(init?.headers as Record<string, string>), ...(cookie && { Cookie: cookie }) };
    const send = () => fetch(input, { ...init, headers });
    // A server closes a connection that idles; a browser opens another one without a word, Node does not.
    const response = await send().catch(send);
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
    return response;
  });
  const session = taken(await api.signIn(email, PASSWORD!));
  return { api, account: session.account, name: session.name, workspace: session.workspaces[0]!.id };
}

async function open(who: Person & { api: ApiClient }, audit: string): Promise<Tablet> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const publicKey = base64url(new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)));
  const chain = { installation: newId(), account: who.account, audit };
  taken(await who.api.enrol({ id: chain.installation, name: 'Tablet', public_key: publicKey }));
  const signer = { installation: chain.installation, private_key: pair.privateKey, public_key: publicKey };
  const made: Operation[] = [];
  const byDigest = new Map<string, string>();
  const heads = new Map<string, string>();
  const pulled: Entry[] = [];
  let [sent, epoch, seq, hash] = [0, null as string | null, 0, GENESIS];

  function write(changes: readonly Change[]): void {
    for (const { ent, fld, kind, val } of changes) {
      const [field, wall] = [`${ent} ${fld}`, Math.floor(device.now())];
      const base = heads.get(field);
      const operation = makeOperation({
        chain,
        dseq: made.length + 1,
        prev: made.at(-1)?.digest ?? GENESIS,
        wall,
        start: device.start(),
        mono: device.mono(),
        hlc: `${String(wall).padStart(15, '0')}-${String(made.length).padStart(8, '0')}`,
        seen: { epoch, seq },
        ent,
        fld,
        bases: base === undefined ? [] : [base],
        kind,
        val,
        ctx: { app: APP_VERSION, schema: 1, zone: device.zone() },
        salt: base64url(device.random(16)),
      });
      made.push(operation);
      heads.set(field, operation.digest);
      byDigest.set(operation.digest, operation.data);
    }
  }

  async function push(): Promise<void> {
    while (sent < made.length) {
      const batch = fitting(made.slice(sent, sent + BatchSize.MOST_OPERATIONS));
      const last = batch.at(-1)!;
      const body = new TextEncoder().encode(
        JSON.stringify({
          protocol: PROTOCOL,
          installation: chain.installation,
          account: who.account,
          announced: { dseq: made.length, digest: made.at(-1)!.digest },
          head_signature: await signText(signer, headStatement(chain, last.dseq, last.digest)),
          ...shortBatch(
            batch.map(({ data }) => data),
            batch.map(({ digest }) => digest),
          ),
        } satisfies Schemas['Push']),
      );
      const packed = await pack(body);
      const answer = taken(await who.api.push(audit, packed ?? body, base64(sha256(body)), packed !== null));
      if (answer.held !== heldHash(batch.map(({ digest }) => digest))) throw new Error('not what was sent');
      sent += batch.length;
    }
  }

  async function pull(): Promise<void> {
    for (;;) {
      const asked = { epoch, after: seq, limit: PAGE, without: chain.installation, form: 'short' } as const;
      const page = wholePage(taken(await who.api.pull(audit, asked)))!;
      epoch = page.epoch;
      for (const item of page.operations) {
        const data = item.data ?? byDigest.get(item.digest!)!;
        const [origin, receivedAt] = [item.origin as Origin, Date.parse(item.received_at)];
        const entry = readEntry(data, origin, item.seq, receivedAt);
        hash = advanceRunningHash(hash, entry?.operation.digest ?? digestOf(data), origin, receivedAt);
        if (entry !== null) pulled.push(entry);
      }
      seq = page.next;
      if (hash !== page.hash) throw new Error('the running hash differs');
      if (seq >= page.head.seq) return;
    }
  }

  return { ...who, write, push, pull, view: () => foldLog(pulled) };
}

/** As many as one request carries. */
function fitting(operations: readonly Operation[]): readonly Operation[] {
  let bytes = 0;
  const most = operations.findIndex(({ data }) => (bytes += data.length) > BatchSize.MOST_BYTES);
  return most <= 0 ? operations : operations.slice(0, most);
}

/** User and system time of the server's processes so far, in seconds. */
function serverSeconds(): number {
  const ticks = PROCESSES!.split(',').map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) / 100;
}

/** Bytes that went through the counting proxy so far; zero where there is none. */
async function wire(): Promise<{ up: number; down: number }> {
  if (!WIRE) return { up: 0, down: 0 };
  return (await (await fetch(WIRE)).json()) as { up: number; down: number };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

const people = PEOPLE!.split(',');
const steps = JSON.parse(readFileSync(OPS!, 'utf8')) as Step[];
const audit = newId();

const tablets: Tablet[] = [];
for (const email of people) tablets.push(await open(await signIn(email), audit));
const [lead, ...others] = tablets as [Tablet, ...Tablet[]];
lead.write(beginning(audit, lead, others));
await lead.push();

let operations = 0;
for (const { tablet, changes } of written(steps)) {
  operations += changes.length;
  tablets[tablet]!.write(changes);
}

const [secondsBefore, wireBefore] = [serverSeconds(), await wire()];
const push = await timed(() => Promise.all(tablets.map((tablet) => tablet.push())));
const pull = await timed(() => Promise.all(tablets.map((tablet) => tablet.pull())));
const wireAfter = await wire();
const server = serverSeconds() - secondsBefore;

const newcomer = await open(await signIn(people[1]!), audit);
const fresh = await timed(() => newcomer.pull());

const views = [...tablets, newcomer].map((tablet) => tablet.view());
console.log(
  JSON.stringify({
    operations,
    push_s: push,
    pull_s: pull,
    fresh_pull_s: fresh,
    server_cpu_s: server,
    up: wireAfter.up - wireBefore.up,
    down: wireAfter.down - wireBefore.down,
    agree: new Set(views.map(shown)).size === 1,
    aside: views[0]!.quarantined.size,
    disputes: disputesOf(views[0]!).length,
  }),
);
process.exit(0);
