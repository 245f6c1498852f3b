/**
 * For tests: a server in memory that does what docs/data-flow.md says, and misbehaves on request.
 *
 * It speaks through `fetch`, so that everything from the outbox to the answer is the app's own code.
 */
import { ApiClient } from '../api/client';
import {
  advanceRunningHash,
  digestOf,
  digestOfErased,
  eraseContent,
  GENESIS,
  heldHash,
  makeOperation,
  parseOperation,
  sha256Of,
  type ChainKey,
  type Operation,
} from '../domain/operation';
import type { Issuance, Verdict } from '../domain/fold';
import type { Value } from '../domain/plain-json';
import { custodyStatement, evidenceListHash, evidenceNamed } from '../domain/custody';
import { receiptStatement } from '../domain/receipt';
import { isRefusal } from '../domain/refusal';
import { shorten } from '../domain/short-form';
import type { Schemas } from '../domain/vocabulary';
import { newId } from '../store/device';
import { base64url, fromBase64url, nameOfKey } from '../store/keys';
import { wholeBatch } from './short-lists';

const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

interface Entry {
  data: string;
  contentSha256?: string;
  readonly digest: string;
  /** The chain that the sender wrote, where it is the one that the bytes name. */
  readonly sentBy: string | null;
  readonly origin: 'device' | 'server';
  readonly receivedAt: number;
}

interface Log {
  entries: Entry[];
  hashes: string[];
  chains: Map<string, { dseq: number; digest: string }>;
  /** Digests of what forked off. */
  branches: Set<string>;
}

/** What the server knows of one cookie. */
interface ModelSession {
  installation: string | null;
}

export type Fault =
  | 'none'
  /** The request arrives and is carried out; its answer does not come back. */
  | 'answer lost'
  | 'no network'
  | 'hotel page'
  | 'empty 204'
  | 'empty json'
  | 'redirect'
  | 'proxy 401'
  | 'proxy 404'
  | 'proxy 408'
  | 'proxy 413'
  | 'proxy 429'
  | 'proxy 502'
  | 'proxy 504';

export class ModelServer {
  epoch = newId();
  logs = new Map<string, Log>();
  /** `<audit>/<sha256>`: a file that one audit holds is not known to another. */
  stored = new Set<string>();
  /** By SHA-256, what was taken out for good. */
  withdrawn = new Set<string>();
  /** The same of what a backup of it holds. */
  backedUp = new Set<string>();
  /** Bytes that it gives out, by the same names. */
  bytes = new Map<string, ArrayBuffer>();
  /** By the digest of a birth the file that went with it. */
  fileOf = new Map<string, string>();
  /** Entries in somebody's name that it holds, as it says to whoever signs in. */
  held = 0;
  /** Of the workspace and in no team, and nothing here was written by them: no audit is theirs to see. */
  strangers = new Set<string>();
  /** Lost before they were enrolled: whose work of theirs a colleague brings is held, and shown to nobody. */
  unknown = new Set<string>();
  /** Smaller pictures that came before their originals, in the order in which they came: `<audit>/<sha256>/<size>`. */
  ahead = new Map<string, ArrayBuffer>();
  /** A server of before answers nothing of them. */
  knowsAhead = true;
  refusesAhead = false;
  /** Tablets that announced more than they sent, as it says of every audit. */
  announced: Schemas['WaitingTablet'][] = [];
  requests: string[] = [];
  /** How many lines of the old log one request may name, and how many the longest did. */
  limitStretch = Infinity;
  longestStretch = 0;
  /** Entries of its old log that tablets handed back. */
  takenBack = 0;
  /** Headers of what a proxy answers. */
  proxySays: Record<string, string> = {};
  /** Asked before each request. */
  fault: (path: string, method: string) => Fault = () => 'none';
  /** How many texts of its old log it takes in one request. */
  limitHandedBack = 500;
  /** How many entries a page has at most. */
  page = 7;
  /** Bytes of a push beyond which a proxy says 413, or something else. */
  limit = Number.POSITIVE_INFINITY;
  /** An older server does not: it refuses a batch that names its form, and overhears that one is asked for in the short one. */
  knowsShort = true;
  /** In which form each batch came that was taken in. */
  forms: string[] = [];
  beyondLimit = 413;
  /** A reason to keep an operation aside, as missing rights would be. */
  quarantine: (operation: Operation) => string | null = () => null;
  /** Installations that somebody blocked. */
  blocked = new Set<string>();
  /** Accounts that left the team: they pull what they sent and what was said about it; of the rest, digests. */
  left = new Set<string>();
  /** It says of every log that is handed back that it knows no such audit, as to whoever is in no workspace. Who left a team hands back. */
  isUnknowing = false;
  now = 1_795_513_267_250;
  /** Lies beside the database: a restored backup brings no other. */
  logKey = makeLogKey();
  #installation = newId();

  /** The app's client in a session of its own, signed in as somebody; null for nobody. */
  apiFor(account: () => string | null): ApiClient {
    return new ApiClient('http://auditbook.test', this.fetchFor(account));
  }

  /** What carries the requests of one session. */
  fetchFor(account: () => string | null): typeof fetch {
    const session: ModelSession = { installation: null };
    return (input, init) => this.#answer(new Request(input, init), account(), session);
  }

  snapshot(): Map<string, Log> {
    return structuredClone(this.logs);
  }

  /** As after a disaster: yesterday's backup, and an epoch of its own. */
  restore(snapshot: Map<string, Log>): void {
    this.logs = structuredClone(snapshot);
    this.#beginEpoch();
  }

  #beginEpoch(): void {
    this.epoch = newId();
    this.#installation = newId();
  }

  /** A copy of the disk, and nobody told the server: the epoch goes on. */
  putBack(snapshot: Map<string, Log>): void {
    this.logs = structuredClone(snapshot);
  }

  /** Take the content out of an operation, as somebody in the office decided; of a birth of evidence with its file. */
  erase(audit: string, digest: string, evidence?: string): void {
    const log = this.logs.get(audit)!;
    const entry = log.entries.find((other) => other.digest === digest)!;
    const { header, contentSha256 } = eraseContent(entry.data);
    Object.assign(entry, { data: header, contentSha256 });
    const said = { reason: 'withdrawn', by: newId(), at: new Date(this.now).toISOString() };
    this.#append(log, this.#onOperation(log, audit, digest, 'erasure', { ...said, ...(evidence && { evidence }) }));
    if (evidence === undefined) return;
    this.withdrawn.add(evidence);
    this.fileOf.set(digest, evidence);
    this.stored.delete(`${audit}/${evidence}`);
  }

  /** Take out a piece of evidence, by its id, with the file where nothing else names it. What went, by SHA-256. */
  withdraw(audit: string, evidence: string): string[] {
    const born = (this.logs.get(audit)?.entries ?? []).flatMap(({ data, contentSha256 }) => {
      const operation = parseOperation(data, contentSha256);
      const isBirth = contentSha256 === undefined && !isRefusal(operation) && operation.kind === 'add';
      return isBirth && operation.ent.startsWith('evidence/') ? [operation as Operation] : [];
    });
    const isIt = ({ ent }: Operation): boolean => ent === `evidence/${evidence}`;
    const stays = evidenceNamed(born.filter((one) => !isIt(one)).map(({ val }) => val));
    const gone: string[] = [];
    for (const { digest, val } of born.filter(isIt)) {
      const [sha256] = evidenceNamed([val], new Set(stays));
      this.erase(audit, digest, sha256);
      if (sha256 !== undefined) gone.push(sha256);
    }
    return gone;
  }

  /** Issue a report from the record under this seal. */
  issue(audit: string, seal: string, said: Issuance): void {
    const log = this.logs.get(audit)!;
    this.#append(log, this.#onOperation(log, audit, seal, 'issuance', said));
  }

  /** What it signs about how far a log goes. A test may put another signature in its place. */
  receipt(audit: string, seq: number, hash: string): Promise<Schemas['Receipt']> {
    return this.sign((at) => receiptStatement({ audit, epoch: this.epoch, seq, hash }, at));
  }

  async sign(statementAt: (at: string) => string): Promise<Schemas['Receipt']> {
    const at = new Date(this.now).toISOString();
    const statement = new TextEncoder().encode(statementAt(at));
    const { privateKey } = await this.logKey;
    const signature = base64url(new Uint8Array(await crypto.subtle.sign(SIGNING, privateKey, statement)));
    return { at, key: nameOfKey(await publicTextOf(await this.logKey)), signature };
  }

  texts(audit: string): string[] {
    return (this.logs.get(audit)?.entries ?? []).map((entry) => entry.data);
  }

  async #answer(request: Request, account: string | null, session: ModelSession): Promise<Response> {
    const { pathname: path, searchParams } = new URL(request.url);
    this.requests.push(`${request.method} ${path}`);
    const fault = this.fault(path, request.method);
    if (fault === 'no network') throw new TypeError('Failed to fetch');
    if (fault === 'hotel page') return html('<html>Please sign in to HotelNet</html>');
    if (fault === 'empty 204') return new Response(null, { status: 204 });
    if (fault === 'empty json') return json({});
    if (fault === 'redirect') return Response.redirect('http://hotel.test/login', 302);
    if (fault.startsWith('proxy ')) return html('<html>Not now</html>', Number(fault.slice(6)), this.proxySays);
    const answer = await this.#handle(request, path, searchParams, account, session);
    if (fault === 'answer lost') throw new TypeError('The network connection was lost.');
    return answer;
  }

  async #handle(
    request: Request,
    path: string,
    query: URLSearchParams,
    account: string | null,
    session: ModelSession,
  ): Promise<Response> {
    if (account === null) return problem(401, 'account.sign_in_needed');
    if (path === '/api/session') return json(this.#session(account, session));
    if (path === '/api/state') {
      const log_key = await publicTextOf(await this.logKey);
      return json({ version: '1', epoch: this.epoch, installation: this.#installation, log_key });
    }
    const isHandingIn = request.method === 'POST' && /\/(operations|evidence\/known)$/.test(path);
    if (this.#isBlocked(session) && !isHandingIn) return problem(403, 'account.installation_revoked');
    if (path.startsWith('/api/installations/')) {
      const enrolled = (await request.json()) as Schemas['Enrol'];
      if (this.blocked.has(enrolled.id)) return problem(403, 'account.installation_revoked');
      session.installation = enrolled.id;
      return json(enrolled);
    }
    if (path === '/api/standards') return json([]);
    if (path.startsWith('/api/workspaces/')) return problem(403, 'account.not_permitted');
    if (path === '/api/audits')
      return json(
        this.left.has(account) || this.strangers.has(account)
          ? []
          : [...this.logs.keys()].map((audit) => this.#listing(audit)),
      );
    if (path === '/api/audits/left') return json(this.#erasedIn(await request.json(), account));
    const [, audit, rest] = /^\/api\/audits\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (audit === undefined || rest === undefined) return problem(404, 'request.not_found');
    if (rest === 'operations' && request.method === 'POST') return this.#push(request, audit, account, session);
    if (rest === 'operations/carried') return this.#push(request, audit, null, session, account);
    if (rest === 'operations' && session.installation === null) return problem(403, 'account.installation_unknown');
    if (rest === 'operations/handed-back') {
      return this.#takeBack(request, audit, this.isUnknowing);
    }
    // Of an audit that is not for it to see, an account hears of the files that it has brought.
    const isTold = rest === 'evidence/known' && [...this.stored].some((file) => file.startsWith(`${audit}/`));
    if (this.strangers.has(account) && !isTold) return problem(404, 'request.not_found');
    if (rest === 'operations') return this.#pull(audit, query, account);
    if (rest === 'evidence/known') {
      const asked = (await request.json()) as Schemas['KnownEvidenceQuery'];
      const known = (held: Set<string>) => asked.sha256?.filter((sha256) => held.has(`${audit}/${sha256}`));
      const ahead = (size: string) => asked.sha256?.filter((sha256) => this.ahead.has(`${audit}/${sha256}/${size}`));
      const pictures = this.knowsAhead ? { thumbnails: ahead('thumbnail'), views: ahead('view') } : {};
      return json({ stored: known(this.stored), backed_up: known(this.backedUp), ...pictures });
    }
    const sentAhead = /^evidence\/(\w+)\/pictures\/(thumbnail|view)$/.exec(rest);
    if (sentAhead !== null && request.method === 'PUT' && this.knowsAhead) {
      if (this.refusesAhead) return problem(422, 'evidence.not_a_picture');
      this.ahead.set(`${audit}/${sentAhead[1]}/${sentAhead[2]}`, await request.arrayBuffer());
      return new Response(null, { status: 204 });
    }
    if (rest === 'custody') return this.#custody(audit, query);
    // Of an original it gives that itself where a smaller picture is asked for.
    const bytes = this.bytes.get(`${audit}/${rest.replace('evidence/', '').replace(/\/pictures\/.*/, '')}`);
    return bytes === undefined ? problem(404, 'evidence.not_stored') : new Response(bytes);
  }

  async #custody(audit: string, query: URLSearchParams): Promise<Response> {
    const log = this.logs.get(audit);
    if (log === undefined) return problem(404, 'request.not_found');
    const seq = Number(query.get('seq'));
    if (query.get('epoch') !== this.epoch) return problem(409, 'sync.epoch_changed', { epoch: this.epoch });
    if (seq > log.entries.length) return problem(409, 'sync.cursor_ahead', { head: log.entries.length });
    const births = log.entries.slice(0, seq).flatMap(({ data, contentSha256 }) => {
      const operation = parseOperation(data, contentSha256);
      const isBirth = !isRefusal(operation) && operation.kind === 'add' && operation.ent.startsWith('evidence/');
      return isBirth ? [operation.val] : [];
    });
    const named = evidenceNamed(births, this.withdrawn);
    const stored = named.filter((sha256) => this.stored.has(`${audit}/${sha256}`));
    const files = { evidence_count: stored.length, evidence_sha256: evidenceListHash(stored) };
    const held = { epoch: this.epoch, seq, hash: seq === 0 ? GENESIS : log.hashes[seq - 1]!, ...files };
    const receipt = await this.sign((at) => custodyStatement({ audit, ...held }, at));
    const lacking = named.filter((sha256) => !stored.includes(sha256));
    return json({ protocol: 1, ...held, lacking, tablets: this.announced, receipt });
  }

  #session(account: string, { installation }: ModelSession): Schemas['Session'] {
    const server_time = new Date(this.now).toISOString();
    const person = { email: 'lena@example.org', name: 'Lena', language: 'en', workspaces: [] };
    return { brought_in_name: this.held, account, installation, server_time, ...person };
  }

  #isBlocked({ installation }: ModelSession): boolean {
    return installation !== null && this.blocked.has(installation);
  }

  #listing(audit: string): Schemas['AuditListing'] {
    const empty = { title: null, reference: null, type: null, client_name: null, starts_on: null, team_role: null };
    return { id: audit, workspace: audit, epoch: this.epoch, head: this.#head(audit), backed_up: null, ...empty };
  }

  #head(audit: string): Schemas['Head'] {
    const log = this.logs.get(audit);
    return { seq: log?.entries.length ?? 0, hash: log?.hashes.at(-1) ?? GENESIS };
  }

  /** `account`: null for a batch that somebody brings, which is taken as its author's; this server asks for a signature, not whose. */
  async #push(
    request: Request,
    audit: string,
    account: string | null,
    session: ModelSession,
    carrier: string | null = null,
  ): Promise<Response> {
    const sent = await request.arrayBuffer();
    const isPacked = request.headers.get('Content-Encoding') === 'gzip';
    const body = isPacked ? await unpacked(sent) : sent;
    if (body.byteLength > this.limit) return html('<html>Too much</html>', this.beyondLimit);
    const announced = request.headers.get('Content-Digest');
    const digest = btoa(String.fromCharCode(...Uint8Array.from(sha256Of(new Uint8Array(body)).match(/../g)!, fromHex)));
    if (announced !== `sha-256=:${digest}:`) return problem(400, 'request.digest_mismatch');
    const push = JSON.parse(new TextDecoder().decode(body)) as Schemas['Push'];
    if (account !== null && push.account !== account) return problem(401, 'account.sign_in_needed');
    if (account === null && push.head_signature === null) return problem(422, 'operation.not_yours');
    if ('form' in push && !this.knowsShort) return problem(422, 'request.malformed');
    this.forms.push(push.form ?? 'whole');
    if (carrier !== null && this.unknown.has(push.installation)) {
      const isOwn = carrier === push.account && (push as Schemas['CarriedPush']).public_key !== null;
      if (!isOwn) return this.#hold(push);
      this.unknown.delete(push.installation);
      this.held = 0;
    }
    const before = this.logs.get(audit);
    const log: Log =
      before === undefined
        ? { entries: [], hashes: [], chains: new Map(), branches: new Set() }
        : structuredClone(before);
    const chain = `${push.installation}/${push.account}`;
    const isBlocked = this.#isBlocked(session) || this.blocked.has(push.installation);
    const verdicts: Schemas['Verdict'][] = [];
    const held: string[] = [];
    for (const sent of wholeBatch(push)!) {
      const text = typeof sent === 'string' ? sent : sent.header;
      const contentSha256 = typeof sent === 'string' ? undefined : sent.content_sha256;
      const operation = parseOperation(text, contentSha256);
      if (isRefusal(operation)) throw new Error(`the app sent what cannot be read: ${operation.code}`);
      const { digest, dseq, prev } = operation;
      held.push(digest);
      const at = log.entries.findIndex((entry) => entry.digest === digest);
      const tip = log.chains.get(chain) ?? { dseq: 0, digest: GENESIS };
      if (at >= 0) {
        const known = log.entries[at]!;
        if (contentSha256 === undefined && known.contentSha256 !== undefined && known.sentBy === chain) {
          if (!log.entries.some(({ data }) => data.includes(`"ent":"operation/${digest}","fld":"erasure"`))) {
            known.data = text;
            delete known.contentSha256;
            this.#append(log, this.#verdict(log, audit, digest, { state: 'applied', since: this.now }));
          }
        }
        verdicts.push({ digest, verdict: 'duplicate', seq: at + 1, reason: null });
        continue;
      }
      const isOnBranch = log.branches.has(prev);
      if (dseq > tip.dseq + 1 && !isOnBranch) {
        return problem(409, 'chain.gap', { expected: tip.dseq + 1, got: dseq });
      }
      const isFork = dseq <= tip.dseq || isOnBranch;
      const follows = prev === tip.digest;
      const isLacking = contentSha256 !== undefined ? 'operation.content_missing' : null;
      const inChain = follows ? (isLacking ?? this.quarantine(operation)) : 'chain.prev_mismatch';
      const code = isBlocked ? 'account.installation_revoked' : isFork ? 'chain.forked' : inChain;
      if (isFork) log.branches.add(digest);
      else log.chains.set(chain, { dseq, digest });
      const kept = contentSha256 === undefined ? {} : { contentSha256 };
      this.#append(log, { data: text, ...kept, digest, sentBy: chain, origin: 'device', receivedAt: this.now });
      const seq = log.entries.length;
      if (code === null) continue;
      verdicts.push({ digest, verdict: 'quarantined', seq, reason: null });
      this.#append(log, this.#verdict(log, audit, digest, { state: 'quarantined', code, facts: {}, ...sentBy(chain) }));
    }
    this.logs.set(audit, log);
    const next_dseq = (log.chains.get(chain)?.dseq ?? 0) + 1;
    const proof = { head: this.#head(audit), held: heldHash(held) };
    const receipt = await this.receipt(audit, proof.head.seq, proof.head.hash);
    return json({ protocol: 1, epoch: this.epoch, ...proof, verdicts, next_dseq, receipt });
  }

  /** Of what a tablet proves that it has, or has sent itself. */
  #erasedIn({ audits }: Schemas['LeftAudits'], account: string): Schemas['ErasedThere'][] {
    return audits.flatMap(({ id, seq, hash, told }) => {
      const log = this.logs.get(id);
      const until = log?.hashes[seq - 1] === hash ? seq : 0;
      const is_there = until === seq;
      if (log === undefined) return is_there ? [] : [{ id, is_there, told, erased: [] }];
      const erased = log.entries
        .filter((entry, index) => entry.contentSha256 && (index < until || entry.sentBy?.endsWith(`/${account}`)))
        .map(({ digest }) => ({ digest, evidence: this.fileOf.get(digest) ?? null }))
        .toSorted((one, other) => (one.digest < other.digest ? -1 : 1));
      const mark = erased.length === 0 ? told : heldHash(erased.map(({ digest }) => digest));
      return is_there && mark === told ? [] : [{ id, is_there, told: mark, erased }];
    });
  }

  #hold(push: Schemas['Push']): Response {
    const digests = wholeBatch(push)!.map((sent) =>
      typeof sent === 'string' ? digestOf(sent) : digestOfErased(sent.header, sent.content_sha256),
    );
    this.held += digests.length;
    const reason = { code: 'operation.not_yours', detail: '', facts: {} };
    const verdicts = digests.map((digest, index) => ({ digest, verdict: 'quarantined', seq: index + 1, reason }));
    const head = { seq: digests.length, hash: GENESIS };
    return json({
      protocol: 1,
      epoch: this.epoch,
      head,
      held: heldHash(digests),
      verdicts,
      next_dseq: 1,
      receipt: null,
    });
  }

  /** Somebody pushed bytes that name another author's chain: they are kept aside. */
  bring(audit: string, data: string, account = newId()): void {
    const log = this.logs.get(audit)!;
    const digest = digestOf(data);
    this.#append(log, { data, digest, sentBy: null, origin: 'device', receivedAt: this.now });
    const code = isRefusal(parseOperation(data)) ? 'envelope.not_plain_json' : 'operation.not_yours';
    const told = { state: 'quarantined', code, facts: {}, ...sentBy(`${newId()}/${account}`) };
    this.#append(log, this.#verdict(log, audit, digest, told));
  }

  /** The lead auditor let it count. */
  release(audit: string, digest: string): void {
    const log = this.logs.get(audit)!;
    this.#append(log, this.#verdict(log, audit, digest, { state: 'applied', since: this.now }));
  }

  /** Its author's own tablet has sent what somebody had brought. */
  confirm(audit: string, digest: string): void {
    const log = this.logs.get(audit)!;
    const { chain, dseq } = parseOperation(log.entries.find((entry) => entry.digest === digest)!.data) as Operation;
    log.chains.set(`${chain.installation}/${chain.account}`, { dseq, digest });
    this.#append(log, this.#verdict(log, audit, digest, { state: 'applied', since: this.now }));
  }

  /** Somebody in the office wrote this, in a chain of the server's. */
  write(audit: string, account: string, change: { ent: string; fld: string; kind: 'add' | 'set'; val: Value }): void {
    const log = this.logs.get(audit)!;
    const installation = this.#installation;
    const chain = `${installation}/${account}`;
    const tip = log.chains.get(chain) ?? { dseq: 0, digest: GENESIS };
    const key = { installation, account, audit };
    const { data, digest } = this.#made(key, tip, log.entries.length, { bases: [], ...change });
    log.chains.set(chain, { dseq: tip.dseq + 1, digest });
    this.#append(log, { data, digest, sentBy: null, origin: 'server', receivedAt: this.now });
  }

  async #takeBack(request: Request, audit: string, isUnknown: boolean): Promise<Response> {
    const sent = await request.arrayBuffer();
    const body = request.headers.get('Content-Encoding') === 'gzip' ? await unpacked(sent) : sent;
    if (body.byteLength > this.limit) return html('<html>Too much</html>', this.beyondLimit);
    const given = JSON.parse(new TextDecoder().decode(body)) as Schemas['HandBack'];
    const log: Log = structuredClone(
      this.logs.get(audit) ?? { entries: [], hashes: [], chains: new Map(), branches: new Set() },
    );
    const { publicKey } = await this.logKey;
    const publicText = await publicTextOf(await this.logKey);
    if (given.receipt.key !== nameOfKey(publicText)) return problem(409, 'sync.receipt_of_another_key');
    if (isUnknown) return problem(404, 'request.not_found');
    const lines = given.entries.map((line) => line.split(' ') as [string, 'device' | 'server', string]);
    let hash = given.begin?.hash ?? (given.after === 0 ? GENESIS : log.hashes[given.after - 1]!);
    for (const [digest, origin, at] of lines) hash = advanceRunningHash(hash, digest, origin, Number(at));
    const isSigned = async (seq: number, at: string, signed: { at: string; signature: string }): Promise<boolean> => {
      const statement = receiptStatement({ audit, epoch: given.epoch, seq, hash: at }, signed.at);
      const told = new TextEncoder().encode(statement);
      return crypto.subtle.verify(SIGNING, publicKey, fromBase64url(signed.signature), told);
    };
    const isBegun = !given.begin || (await isSigned(given.after, given.begin.hash, given.begin));
    if (!isBegun || !(await isSigned(given.after + lines.length, hash, given.receipt))) {
      return problem(409, 'sync.stretch_unproved');
    }
    if (lines.length > this.limitStretch) return problem(422, 'request.malformed');
    this.longestStretch = Math.max(this.longestStretch, lines.length);
    if (given.operations.length > this.limitHandedBack) return problem(422, 'request.malformed');
    const held = new Set(log.entries.map(({ digest }) => digest));
    const lacking = lines.filter(([digest]) => !held.has(digest));
    if (given.epoch === this.epoch && lacking.length > 0) this.#beginEpoch();
    const brought = given.operations.map((one) => (typeof one === 'string' ? { header: one } : one));
    const taken: Entry[] = [];
    const putBack: string[] = [];
    for (const { header: data, content_sha256: contentSha256 } of brought as Schemas['ErasedOperation'][]) {
      const operation = parseOperation(data, contentSha256) as Operation;
      const here = log.entries.find(({ digest }) => digest === operation.digest);
      if (here !== undefined) {
        // The header alone was in the backup, and here is the text.
        if (here.contentSha256 !== undefined && contentSha256 === undefined) {
          here.data = data;
          delete here.contentSha256;
          putBack.push(here.digest);
        }
        continue;
      }
      const [digest, origin, at] = lacking[taken.length] ?? [];
      if (digest !== operation.digest) return problem(409, 'sync.stretch_incomplete');
      const kept = contentSha256 === undefined ? {} : { contentSha256 };
      const sentBy = origin === 'server' ? null : `${operation.chain.installation}/${operation.chain.account}`;
      taken.push({ data, ...kept, digest, sentBy, origin: origin!, receivedAt: Number(at) });
    }
    const following = lacking[taken.length];
    const isCut =
      lines.findIndex((line) => line === following) === lines.findIndex(([d]) => d === taken.at(-1)?.digest) + 1;
    if (taken.length > 0 && isCut && taken.at(-1)!.origin === 'device' && following?.[1] === 'server') {
      return problem(409, 'sync.stretch_incomplete');
    }
    for (const entry of taken) {
      const { chain, dseq } = parseOperation(entry.data, entry.contentSha256) as Operation;
      const name = `${chain.installation}/${chain.account}`;
      if (dseq === (log.chains.get(name)?.dseq ?? 0) + 1) log.chains.set(name, { dseq, digest: entry.digest });
      this.#append(log, entry);
    }
    for (const digest of putBack) {
      const said = log.entries.filter(
        (entry) => entry.origin === 'server' && entry.data.includes(`"ent":"operation/${digest}"`),
      );
      if (said.at(-1)?.data.includes('operation.content_missing') !== true) continue;
      this.#append(log, this.#verdict(log, audit, digest, { state: 'applied', since: this.now }));
    }
    this.logs.set(audit, log);
    this.takenBack += taken.length;
    const next = following === undefined ? null : given.after + lines.indexOf(following) + 1;
    return json({ protocol: 1, epoch: this.epoch, taken: taken.length + putBack.length, next });
  }

  #verdict(log: Log, audit: string, digest: string, val: Verdict): Entry {
    return this.#onOperation(log, audit, digest, 'verdict', val);
  }

  #onOperation(log: Log, audit: string, digest: string, kind: 'verdict' | 'erasure' | 'issuance', val: object): Entry {
    const chain = `${this.#installation}/server`;
    const tip = log.chains.get(chain) ?? { dseq: 0, digest: GENESIS };
    const key = { installation: this.#installation, account: 'server', audit };
    const said = { ent: `operation/${digest}`, fld: kind, bases: [], kind, val: val as never };
    const { data, digest: own } = this.#made(key, tip, log.entries.length, said);
    log.chains.set(chain, { dseq: tip.dseq + 1, digest: own });
    return { data, digest: own, sentBy: null, origin: 'server', receivedAt: this.now };
  }

  #made(
    chain: ChainKey,
    tip: { dseq: number; digest: string },
    seen: number,
    said: Pick<Operation, 'ent' | 'fld' | 'bases' | 'kind' | 'val'>,
  ): Operation {
    return makeOperation({
      chain,
      dseq: tip.dseq + 1,
      prev: tip.digest,
      wall: this.now,
      start: 'A'.repeat(11),
      mono: 0,
      hlc: `${String(this.now).padStart(15, '0')}-00000000`,
      seen: { epoch: this.epoch, seq: seen },
      ...said,
      ctx: { app: 'server', schema: 1, zone: 'UTC' },
      salt: 'A'.repeat(22),
    });
  }

  #append(log: Log, entry: Entry): void {
    log.entries.push(entry);
    log.hashes.push(advanceRunningHash(log.hashes.at(-1) ?? GENESIS, entry.digest, entry.origin, entry.receivedAt));
    this.now += 1;
  }

  async #pull(audit: string, query: URLSearchParams, account: string): Promise<Response> {
    const log = this.logs.get(audit);
    const isNobodys = this.left.has(account) && !log?.entries.some(({ sentBy }) => sentBy?.endsWith(`/${account}`));
    if (log === undefined || isNobodys) return problem(404, 'request.not_found');
    const after = Number(query.get('after'));
    const epoch = query.get('epoch');
    if (epoch !== null && epoch !== this.epoch) return problem(409, 'sync.epoch_changed', { epoch: this.epoch });
    if (after > log.entries.length) return problem(409, 'sync.cursor_ahead', { head: log.entries.length });
    const some = log.entries.slice(after, after + Math.min(this.page, Number(query.get('limit'))));
    const next = after + some.length;
    const sent = log.entries.filter((entry) => entry.sentBy?.endsWith(`/${account}`)).map((entry) => entry.digest);
    const isHidden = ({ digest, origin, data }: Entry): boolean =>
      this.left.has(account) &&
      !sent.includes(digest) &&
      !(origin === 'server' && sent.some((own) => data.includes(`"ent":"operation/${own}"`)));
    const hash = next === 0 ? GENESIS : log.hashes[next - 1]!;
    const isNamed = (entry: Entry) => isHidden(entry) || entry.sentBy === `${query.get('without')}/${account}`;
    const whole = some.map((entry) => (isNamed(entry) ? '' : entry.data));
    const digests = some.map(({ digest }) => digest);
    const short = query.get('form') === 'short' && this.knowsShort ? shorten(whole, digests) : null;
    return json({
      protocol: 1,
      epoch: this.epoch,
      form: short === null ? 'whole' : 'short',
      next,
      hash,
      receipt: await this.receipt(audit, next, hash),
      head: this.#head(audit),
      operations: some.map((entry, index) => ({
        seq: after + index + 1,
        ...(isNamed(entry)
          ? { digest: entry.digest }
          : { data: (short ?? whole)[index]!, ...(entry.contentSha256 && { content_sha256: entry.contentSha256 }) }),
        origin: entry.origin,
        received_at: new Date(entry.receivedAt).toISOString(),
      })),
    });
  }
}

export function makeLogKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

async function publicTextOf({ publicKey }: CryptoKeyPair): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.exportKey('spki', publicKey)));
}

function sentBy(chain: string): Pick<Verdict, 'sent_by'> {
  const [installation = '', account = ''] = chain.split('/');
  return { sent_by: { installation, account } };
}

function json(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { 'Content-Type': 'application/json' } });
}

function html(text: string, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { 'Content-Type': 'text/html', ...headers } });
}

function problem(status: number, code: string, facts: object = {}): Response {
  const body = { type: 'about:blank', title: code, status, code, detail: code, facts };
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json' } });
}

function fromHex(pair: string): number {
  return parseInt(pair, 16);
}

async function unpacked(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}
