/**
 * What the office's pages ask the server, and what of it the tablet keeps to read without a network.
 *
 * These pages write to the server directly, by ETag and If-Match: here nothing is captured that could not wait.
 */
import { ApiClient, type Answer } from '../api/client';
import type { Schemas } from '../domain/vocabulary';
import type { AuditbookDatabase } from '../store/database';
import { keepReference, readReference, type ReferenceKey, type References } from '../store/reference';
import { problemOf, type SyncProblem } from './problem';

const api = new ApiClient();

export interface Asked<T> {
  /** null where neither the server nor this tablet has it. */
  readonly value: T | null;
  readonly etag: string | null;
  /** When the server last said so, in milliseconds since 1970; null where it was just now. */
  readonly keptSince: number | null;
  /** Why the server's own answer is missing. */
  readonly problem: SyncProblem | null;
}

export function askClients(db: AuditbookDatabase, workspace: string): Promise<Asked<Schemas['AuditClient'][]>> {
  return askAndKeep(db, `clients/${workspace}`, api.readClients(workspace));
}

export function askPeople(db: AuditbookDatabase, workspace: string): Promise<Asked<Schemas['Person'][]>> {
  return askAndKeep(db, `people/${workspace}`, api.readPeople(workspace));
}

export function askSettings(db: AuditbookDatabase, workspace: string): Promise<Asked<Schemas['Settings']>> {
  return askAndKeep(db, `settings/${workspace}`, api.readSettings(workspace));
}

export function askServerState(db: AuditbookDatabase): Promise<Asked<Schemas['ServerState']>> {
  return askAndKeep(db, 'state', api.readState());
}

export async function askClient(
  db: AuditbookDatabase,
  workspace: string,
  id: string,
): Promise<Asked<Schemas['AuditClient']>> {
  const answer = await api.readClient(workspace, id);
  if (answer.kind === 'ok') return fresh(answer.value, answer.etag);
  const kept = await readReference(db, `clients/${workspace}`);
  const value = kept?.value.find((client) => client.id === id) ?? null;
  return { value, etag: null, keptSince: kept?.fetchedAt ?? null, problem: failureOf(answer) };
}

export async function askMails(workspace: string): Promise<Asked<Schemas['MailState'][]>> {
  return justAsked(await api.readMails(workspace));
}

export async function askMail(workspace: string, id: string): Promise<Asked<Schemas['Mail']>> {
  return justAsked(await api.readMail(workspace, id));
}

export async function askReports(audit: string): Promise<Asked<Schemas['Report'][]>> {
  return justAsked(await api.readReports(audit));
}

export async function askChain(audit: string, sha256: string): Promise<Asked<Schemas['ChainOfCustody']>> {
  return justAsked(await api.readChain(audit, sha256));
}

/** Where the server lacks a catalogue that a record names, and this tablet has it, it is brought and the report asked for again. */
export async function requestReport(
  db: AuditbookDatabase,
  audit: string,
  reportRecord: string,
  server: ApiClient = api,
): Promise<Asked<Schemas['Report']>> {
  const brought = new Set<string>();
  for (;;) {
    const answer = await server.requestReport(audit, { report_record: reportRecord, is_provisional: false });
    const sha256 = lackingCatalogue(answer);
    const kept = sha256 === null || brought.has(sha256) ? null : await readReference(db, `catalogue/${sha256}`);
    if (sha256 === null || kept === null) return justAsked(answer);
    brought.add(sha256);
    const taken = await server.bringCatalogue(audit, sha256, kept.value);
    if (taken.kind !== 'ok') return { value: null, etag: null, keptSince: null, problem: failureOf(taken) };
  }
}

function lackingCatalogue(answer: Answer<unknown>): string | null {
  if (answer.kind !== 'problem' || answer.problem.code !== 'report.catalogue_unknown') return null;
  const { sha256 } = answer.problem.facts as { sha256?: unknown };
  return typeof sha256 === 'string' ? sha256 : null;
}

/**
 * A new client where `id` is null. `request.stale` in the problem: somebody else saved in the meantime. What was saved is on the
 * tablet's own list at once, from which new audits take their client.
 */
export async function saveClient(
  db: AuditbookDatabase,
  workspace: string,
  id: string | null,
  client: Schemas['AuditClient'],
  etag: string | null,
): Promise<Asked<Schemas['AuditClient']>> {
  const answer =
    id === null ? await api.addClient(workspace, client) : await api.changeClient(workspace, id, client, etag ?? '');
  if (answer.kind === 'ok') await askClients(db, workspace);
  return justAsked(answer);
}

export async function saveSettings(
  workspace: string,
  settings: Schemas['Settings'],
  etag: string | null,
): Promise<Asked<Schemas['Settings']>> {
  return justAsked(await api.changeSettings(workspace, settings, etag ?? ''));
}

/** Let an entry count that was set aside; null when it does. */
export async function release(audit: string, digest: string): Promise<SyncProblem | null> {
  return failureOf(await api.release(audit, digest));
}

/** Destroy a piece of evidence for good, on the server and on every tablet; null when it is decided. */
export async function withdrawEvidence(audit: string, evidence: string, reason: string): Promise<SyncProblem | null> {
  return failureOf(await api.erase(audit, { evidence, reason }));
}

/** null when the invitation is on its way. */
export async function invite(workspace: string, invitation: Schemas['Invitation']): Promise<SyncProblem | null> {
  return failureOf(await api.invite(workspace, invitation));
}

/** Join by a code; null when it worked. Signing in comes after it. */
export async function acceptInvitation(given: Schemas['AcceptInvitation']): Promise<SyncProblem | null> {
  return failureOf(await api.acceptInvitation(given));
}

/** A code by mail. The answer does not tell whether there is such an account. */
export async function askForNewPassword(email: string): Promise<SyncProblem | null> {
  return failureOf(await api.askForPasswordReset({ email }));
}

export async function setNewPassword(token: string, password: string): Promise<SyncProblem | null> {
  return failureOf(await api.confirmPasswordReset({ token, password }));
}

export function reportAddress(report: string): string {
  return api.reportAddress(report);
}

/** Somebody else wrote first: both versions have to be looked at. */
export function isStale(problem: SyncProblem | null): boolean {
  return problem?.code === 'request.stale';
}

async function askAndKeep<K extends ReferenceKey>(
  db: AuditbookDatabase,
  key: K,
  asking: Promise<Answer<References[K]>>,
): Promise<Asked<References[K]>> {
  const answer = await asking;
  if (answer.kind === 'ok') {
    await keepReference(db, key, answer.value, answer.etag).catch(() => undefined);
    return fresh(answer.value, answer.etag);
  }
  const kept = await readReference(db, key);
  return {
    value: kept?.value ?? null,
    etag: kept?.etag ?? null,
    keptSince: kept?.fetchedAt ?? null,
    problem: failureOf(answer),
  };
}

function justAsked<T>(answer: Answer<T>): Asked<T> {
  if (answer.kind === 'ok') return fresh(answer.value, answer.etag);
  return { value: null, etag: null, keptSince: null, problem: failureOf(answer) };
}

function fresh<T>(value: T, etag: string | null): Asked<T> {
  return { value, etag, keptSince: null, problem: null };
}

function failureOf(answer: Answer<unknown>): SyncProblem | null {
  return answer.kind === 'ok' || answer.kind === 'unchanged' ? null : problemOf(answer);
}
