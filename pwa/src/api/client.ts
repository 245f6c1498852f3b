/**
 * Talks to the server: one request, one answer, no repetition. What came back is told apart:
 *
 *   ok               the server itself answered, in the shape that was asked for
 *   problem          the server itself said no (RFC 9457), with a code
 *   not_the_server   somebody else answered: a hotel's sign-in page, a proxy. Nothing of it counts, least of all a 200
 *   unreachable      nobody answered
 */
import type { Standard } from '../domain/standard';
import type { Schemas } from '../domain/vocabulary';

export const PROTOCOL = 1;
/** How long a request may take, beside what it carries. One that hangs for ever would hold up everything behind it. */
const PATIENCE_MS = 180_000;
/** How fast it must go at least: 23 kbit/s, as at the edge of a cell, is nearly three times as much. */
const LEAST_BYTES_PER_SECOND = 1_000;
/** Whoever says that an answer is a gigabyte, and sends none of it, holds up nothing for longer. */
const LONGEST_PATIENCE_MS = 60 * 60_000;
/** For how many an answer is taken that does not say: a proxy has packed it. */
const UNKNOWN_BYTES = 400_000;
/** A proxy's word on when to come again counts up to this: nobody may keep a tablet away for a day. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

export type Answer<T> =
  | { readonly kind: 'ok'; readonly status: number; readonly value: T; readonly etag: string | null }
  | { readonly kind: 'unchanged'; readonly status: 304 }
  | {
      readonly kind: 'problem';
      readonly status: number;
      readonly problem: Schemas['Problem'];
      /** Milliseconds after which it wants to be asked again (RFC 9110, Retry-After); absent where it does not say. */
      readonly retryAfter?: number;
    }
  | { readonly kind: 'not_the_server'; readonly status: number; readonly retryAfter?: number }
  | { readonly kind: 'unreachable'; readonly cause: unknown };

export type Failure = Exclude<Answer<never>, { kind: 'ok' } | { kind: 'unchanged' }>;

interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly json?: unknown;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Which keys an answer must have to be the server's; `empty` for an answer without a body. */
type Shape = 'empty' | 'list' | 'bytes' | readonly string[];

/** What answers a batch, whoever brings it. */
const PUSH_ANSWER = ['protocol', 'epoch', 'head', 'held', 'verdicts', 'next_dseq'];

export class ApiClient {
  readonly #base: string;
  readonly #fetch: typeof fetch;

  constructor(base = '', fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#base = base;
    this.#fetch = fetcher;
  }

  // --- session, installation, people

  readSession(): Promise<Answer<Schemas['Session']>> {
    return this.#ask('/api/session', {}, ['account', 'workspaces', 'server_time']);
  }

  signIn(email: string, password: string): Promise<Answer<Schemas['Session']>> {
    const json = { email, password } satisfies Schemas['SignIn'];
    return this.#ask('/api/session', { method: 'POST', json }, ['account', 'workspaces', 'server_time']);
  }

  signOut(): Promise<Answer<null>> {
    return this.#ask('/api/session', { method: 'DELETE' }, 'empty');
  }

  enrol(installation: Schemas['Enrol']): Promise<Answer<Schemas['Enrol']>> {
    return this.#ask(`/api/installations/${installation.id}`, { method: 'PUT', json: installation }, [
      'id',
      'public_key',
    ]);
  }

  invite(workspace: string, invitation: Schemas['Invitation']): Promise<Answer<null>> {
    return this.#ask(`/api/workspaces/${workspace}/invitations`, { method: 'POST', json: invitation }, 'empty');
  }

  acceptInvitation(given: Schemas['AcceptInvitation']): Promise<Answer<null>> {
    return this.#ask('/api/invitations/accept', { method: 'POST', json: given }, 'empty');
  }

  askForPasswordReset(given: Schemas['PasswordResetRequest']): Promise<Answer<null>> {
    return this.#ask('/api/password-resets', { method: 'POST', json: given }, 'empty');
  }

  confirmPasswordReset(given: Schemas['PasswordReset']): Promise<Answer<null>> {
    return this.#ask('/api/password-resets/confirm', { method: 'POST', json: given }, 'empty');
  }

  // --- what the office keeps

  readPeople(workspace: string, etag: string | null = null): Promise<Answer<Schemas['Person'][]>> {
    return this.#ask(`/api/workspaces/${workspace}/people`, unless(etag), 'list');
  }

  readClients(workspace: string, etag: string | null = null): Promise<Answer<Schemas['AuditClient'][]>> {
    return this.#ask(`/api/workspaces/${workspace}/clients`, unless(etag), 'list');
  }

  readClient(workspace: string, id: string): Promise<Answer<Schemas['AuditClient']>> {
    return this.#ask(`/api/workspaces/${workspace}/clients/${id}`, {}, ['name']);
  }

  addClient(workspace: string, client: Schemas['AuditClient']): Promise<Answer<Schemas['AuditClient']>> {
    return this.#ask(`/api/workspaces/${workspace}/clients`, { method: 'POST', json: client }, ['name']);
  }

  changeClient(
    workspace: string,
    id: string,
    client: Schemas['AuditClient'],
    etag: string,
  ): Promise<Answer<Schemas['AuditClient']>> {
    const headers = { 'If-Match': etag };
    return this.#ask(`/api/workspaces/${workspace}/clients/${id}`, { method: 'PUT', json: client, headers }, ['name']);
  }

  readSettings(workspace: string, etag: string | null = null): Promise<Answer<Schemas['Settings']>> {
    return this.#ask(`/api/workspaces/${workspace}/settings`, unless(etag), ['version']);
  }

  changeSettings(workspace: string, settings: Schemas['Settings'], etag: string): Promise<Answer<Schemas['Settings']>> {
    const headers = { 'If-Match': etag };
    return this.#ask(`/api/workspaces/${workspace}/settings`, { method: 'PUT', json: settings, headers }, ['version']);
  }

  /** The editions without their clauses. */
  readStandards(etag: string | null = null): Promise<Answer<Omit<Standard, 'clauses'>[]>> {
    return this.#ask('/api/standards', unless(etag), 'list');
  }

  readStandard(id: string): Promise<Answer<Standard>> {
    return this.#ask(`/api/standards/${encodeURIComponent(id)}`, {}, ['id', 'clauses']);
  }

  readState(): Promise<Answer<Schemas['ServerState']>> {
    return this.#ask('/api/state', {}, ['version', 'epoch', 'installation']);
  }

  // --- the log

  readAudits(): Promise<Answer<Schemas['AuditListing'][]>> {
    return this.#ask('/api/audits', {}, 'list');
  }

  /** What was erased in audits that are not listed here any more. */
  readErasedInLeft(audits: Schemas['LeftAudit'][]): Promise<Answer<Schemas['ErasedThere'][]>> {
    const json = { audits } satisfies Schemas['LeftAudits'];
    return this.#ask('/api/audits/left', { method: 'POST', json }, 'list');
  }

  /** `body` is the JSON of a `Push` as it is sent, packed or not; `digest` is SHA-256 over it unpacked, in base64. */
  push(
    audit: string,
    body: Uint8Array<ArrayBuffer>,
    digest: string,
    isPacked: boolean,
  ): Promise<Answer<Schemas['PushAnswer']>> {
    const headers = checked(digest, isPacked);
    return this.#ask(`/api/audits/${audit}/operations`, { method: 'POST', body, headers }, PUSH_ANSWER);
  }

  /** A batch that another tablet wrote and signed. The body is as that of `push`. */
  carry(
    audit: string,
    body: Uint8Array<ArrayBuffer>,
    digest: string,
    isPacked: boolean,
  ): Promise<Answer<Schemas['PushAnswer']>> {
    const headers = checked(digest, isPacked);
    return this.#ask(`/api/audits/${audit}/operations/carried`, { method: 'POST', body, headers }, PUSH_ANSWER);
  }

  pull(
    audit: string,
    asked: { epoch: string | null; after: number; limit: number; without: string | null; form?: 'short' },
  ): Promise<Answer<Schemas['PullPage']>> {
    const given = Object.entries(asked).filter(([, value]) => value !== null);
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return this.#ask(`/api/audits/${audit}/operations?${query}`, {}, ['epoch', 'next', 'hash', 'head', 'operations']);
  }

  /** A stretch of the server's own old log, after it was restored from a backup. The body is as that of `push`. */
  handBack(
    audit: string,
    body: Uint8Array<ArrayBuffer>,
    digest: string,
    isPacked: boolean,
  ): Promise<Answer<Schemas['HandedBack']>> {
    const headers = checked(digest, isPacked);
    return this.#ask(`/api/audits/${audit}/operations/handed-back`, { method: 'POST', body, headers }, [
      'protocol',
      'epoch',
      'taken',
      'next',
    ]);
  }

  /** What the server holds up to a number of the log, signed. */
  readCustody(audit: string, asked: { epoch: string; seq: number }): Promise<Answer<Schemas['Custody']>> {
    const query = new URLSearchParams({ epoch: asked.epoch, seq: String(asked.seq) });
    return this.#ask(`/api/audits/${audit}/custody?${query}`, {}, ['epoch', 'seq', 'hash', 'lacking', 'receipt']);
  }

  /** Let an operation count that was kept in quarantine. */
  release(audit: string, digest: string): Promise<Answer<null>> {
    return this.#ask(`/api/audits/${audit}/operations/${digest}/release`, { method: 'POST' }, 'empty');
  }

  /** Take words, or a piece of evidence, out of an audit for good. */
  erase(audit: string, erasure: Schemas['Erasure']): Promise<Answer<Schemas['Erased']>> {
    return this.#ask(`/api/audits/${audit}/erasures`, { method: 'POST', json: erasure }, ['operations', 'evidence']);
  }

  // --- evidence, reports, mail

  knownEvidence(audit: string, sha256: string[]): Promise<Answer<Schemas['KnownEvidence']>> {
    const json = { sha256 } satisfies Schemas['KnownEvidenceQuery'];
    return this.#ask(`/api/audits/${audit}/evidence/known`, { method: 'POST', json }, ['stored']);
  }

  /** A smaller picture of evidence whose original is still on its way: a JPEG. */
  sendAhead(audit: string, sha256: string, size: 'thumbnail' | 'view', picture: ArrayBuffer): Promise<Answer<null>> {
    const headers = { 'Content-Type': 'image/jpeg' };
    const path = `/api/audits/${audit}/evidence/${sha256}/pictures/${size}`;
    return this.#ask(path, { method: 'PUT', body: new Uint8Array(picture), headers }, 'empty');
  }

  /** The bytes of one piece of evidence, or a smaller picture of it, with what is covered painted over. */
  readEvidence(
    audit: string,
    sha256: string,
    size: 'original' | 'thumbnail' | 'view' = 'original',
  ): Promise<Answer<ArrayBuffer>> {
    const small = size === 'original' ? '' : `/pictures/${size}`;
    return this.#ask(`/api/audits/${audit}/evidence/${sha256}${small}`, {}, 'bytes');
  }

  /** Where the file has been, as far as the server alone knows. */
  readChain(audit: string, sha256: string): Promise<Answer<Schemas['ChainOfCustody']>> {
    return this.#ask(`/api/audits/${audit}/evidence/${sha256}/chain`, {}, ['sha256', 'sendings', 'openings']);
  }

  requestReport(audit: string, request: Schemas['ReportRequest']): Promise<Answer<Schemas['Report']>> {
    return this.#ask(`/api/audits/${audit}/reports`, { method: 'POST', json: request }, ['id', 'state']);
  }

  readReports(audit: string): Promise<Answer<Schemas['Report'][]>> {
    return this.#ask(`/api/audits/${audit}/reports`, {}, 'list');
  }

  /** A catalogue that a sealed record names and the server lacks. */
  bringCatalogue(audit: string, sha256: string, tree: Schemas['CatalogueTree']): Promise<Answer<null>> {
    return this.#ask(`/api/audits/${audit}/catalogues/${sha256}`, { method: 'PUT', json: tree }, 'empty');
  }

  reportAddress(report: string): string {
    return `${this.#base}/api/reports/${report}.pdf`;
  }

  readMails(workspace: string): Promise<Answer<Schemas['MailState'][]>> {
    return this.#ask(`/api/workspaces/${workspace}/mails`, {}, 'list');
  }

  readMail(workspace: string, id: string): Promise<Answer<Schemas['Mail']>> {
    return this.#ask(`/api/workspaces/${workspace}/mails/${id}`, {}, ['id', 'text', 'attachments']);
  }

  // --- one request

  async #ask<T>(path: string, request: Request, shape: Shape): Promise<Answer<T>> {
    const body = request.json === undefined ? (request.body ?? null) : JSON.stringify(request.json);
    const patience = new Patience();
    patience.for(body?.length ?? 0);
    let response: Response;
    let content: ArrayBuffer;
    try {
      response = await this.#fetch(`${this.#base}${path}`, {
        method: request.method ?? 'GET',
        headers: {
          Accept: 'application/json, application/problem+json',
          ...(request.json === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...request.headers,
        },
        body,
        credentials: 'same-origin',
        // A redirect is never ours: followed, it would bring somebody's sign-in page with a 200.
        redirect: 'manual',
        cache: 'no-store',
        signal: patience.signal,
      });
      if (response.type === 'opaqueredirect') return { kind: 'not_the_server', status: response.status };
      patience.for(lengthOf(response));
      content = await response.arrayBuffer();
    } catch (cause) {
      return { kind: 'unreachable', cause };
    } finally {
      patience.end();
    }
    return understood<T>(response, content, shape);
  }
}

/**
 * Ends a request that takes longer than it may: by what goes out, and then by what is to come. (Reading the answer piece by piece would
 * show whether it moves, but Chromium then closes the connection behind it, and a new one is dear on just such a line.)
 */
class Patience {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins anew, for so many bytes. */
  for(bytes: number): void {
    this.end();
    const end = (): void => this.#controller.abort(new DOMException('it took too long', 'TimeoutError'));
    this.#timer = setTimeout(end, Math.min(LONGEST_PATIENCE_MS, PATIENCE_MS + (bytes / LEAST_BYTES_PER_SECOND) * 1000));
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** How long an answer is, as it travels. */
function lengthOf({ headers }: Response): number {
  const said = headers.get('Content-Length');
  return said === null ? UNKNOWN_BYTES : Number(said) || 0;
}

/** In seconds, or until a date: by the clock of whoever says it, where it tells that. */
export function retryAfterOf(headers: Headers): { retryAfter: number } | undefined {
  const said = headers.get('Retry-After')?.trim();
  if (!said) return undefined;
  const now = Date.parse(headers.get('Date') ?? '') || Date.now();
  const wait = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - now;
  return Number.isNaN(wait) ? undefined : { retryAfter: Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER_MS) };
}

/** Whoever cuts or changes the body on the way is found out. */
function checked(digest: string, isPacked: boolean): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    'Content-Digest': `sha-256=:${digest}:`,
    ...(isPacked ? { 'Content-Encoding': 'gzip' } : {}),
  };
}

function understood<T>(response: Response, content: ArrayBuffer, shape: Shape): Answer<T> {
  const status = response.status;
  const type = response.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const other = { kind: 'not_the_server', status } as const;
  if (status === 304) return { kind: 'unchanged', status };
  if (status >= 400) {
    const problem = type === 'application/problem+json' ? parsed(content) : undefined;
    const retry = retryAfterOf(response.headers);
    return isProblem(problem) ? { kind: 'problem', status, problem, ...retry } : { ...other, ...retry };
  }
  if (status < 200 || status >= 300) return other;
  const etag = response.headers.get('ETag');
  if (shape === 'empty') {
    // Without a body, or with a JSON null in its place, as an answer of 202 has it.
    const isEmpty =
      content.byteLength === 0 ? type !== 'text/html' : type === 'application/json' && parsed(content) === null;
    return isEmpty ? { kind: 'ok', status, value: null as T, etag } : other;
  }
  if (shape === 'bytes') {
    return type !== 'text/html' && content.byteLength > 0 ? { kind: 'ok', status, value: content as T, etag } : other;
  }
  if (type !== 'application/json') return other;
  const value = parsed(content);
  const fits = shape === 'list' ? Array.isArray(value) : hasKeys(value, shape);
  return fits ? { kind: 'ok', status, value: value as T, etag } : other;
}

function parsed(content: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    return undefined;
  }
}

function hasKeys(value: unknown, keys: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}

function isProblem(value: unknown): value is Schemas['Problem'] {
  return hasKeys(value, ['code', 'facts']) && typeof (value as { code: unknown }).code === 'string';
}

function unless(etag: string | null): Request {
  return etag === null ? {} : { headers: { 'If-None-Match': etag } };
}
