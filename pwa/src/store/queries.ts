/**
 * What the screens show: reads that keep themselves current, and small questions about a folded log.
 *
 *   watchAudits(db)            Live<AuditSummary[]>     the list of audits
 *   watchLog(db, audit)        Live<LogView>            one audit, folded; everything below takes its value
 *   watchEvidence(db, audit)   Live<EvidenceItem[]>     the gallery
 *   watchTrust(db, audit)      Live<TrustOf>            how safe the work on each entity is
 *   watchOutbox(db)            Live<Outbox>             (outbox.ts)  what has not reached the server
 *   watchReference(db, key)    Live<...|null>           (reference.ts) standards, people, clients, settings, session
 *   readPicture(db, sha256, 'thumbnail' | 'view')       Blob, or null where it is not on this tablet
 *   numberedFindings(log), clauseRows(log, standards), disputesOf(log), unfiledOf(log), notSeen(...)
 */
import Dexie from 'dexie';
import { isOrphanedGrade, openDisputes } from '../domain/closing';
import { gradedFinding, numberedFindings, numbersOf } from '../domain/finding';
import { entityView, isShown, LogView, type EntityView, type Erasure } from '../domain/fold';
import { clauseResults, type ClauseResult } from '../domain/judgement';
import { BORN, DELETED, type ReadOperation } from '../domain/operation';
import type { Value } from '../domain/plain-json';
import { auditableCriteria, type Standard } from '../domain/standard';
import { foldTeam, type Team } from '../domain/team';
import type { AuditType, EntityKind, Schemas, TeamRole } from '../domain/vocabulary';
import { heldForOthers } from './carried';
import { decode } from './codec';
import type { AuditbookDatabase, EntityRow, KeptCustody, Readiness, UploadState } from './database';
import { combined, fromDatabase, shared, type Live } from './live';
import { readErasures, readQuarantine, readWordsOnRecords } from './refold';

export { numberedFindings } from '../domain/finding';
export { once, type Live } from './live';
export { readOutbox, watchOutbox, type Outbox } from './outbox';
export { readReference, watchReference } from './reference';

// --- one audit

interface Watched {
  live: Live<LogView>;
}
const watchedLogs = new WeakMap<AuditbookDatabase, Map<string, Watched>>();

/** One audit, folded. After the first read only what changed is read; all subscribers share one view. */
export function watchLog(db: AuditbookDatabase, audit: string): Live<LogView> {
  const ofDatabase = watchedLogs.get(db) ?? new Map<string, Watched>();
  watchedLogs.set(db, ofDatabase);
  let watched = ofDatabase.get(audit);
  if (watched === undefined) {
    watched = { live: startWatching(db, audit) };
    ofDatabase.set(audit, watched);
  }
  return watched.live;
}

function startWatching(db: AuditbookDatabase, audit: string): Live<LogView> {
  let rev = -1;
  let entities: ReadonlyMap<string, EntityView> = new Map();
  let withdrawn: ReadonlyMap<string, Erasure> = new Map();
  return shared<LogView>((emit) => {
    const changes = fromDatabase(() => readChanged(db, audit, rev));
    return changes.subscribe((changed) => {
      if (changed === undefined) return;
      // Only what was emitted counts as seen: a read that was overtaken is done again from the same place.
      rev = Math.max(rev, ...changed.rows.map((row) => row.rev));
      entities = withRows(entities, changed.rows);
      withdrawn = new Map([...withdrawn, ...changed.withdrawn]);
      emit(new LogView(entities, changed.quarantined, new Map([...changed.erased, ...withdrawn]), changed.issued));
    });
  });
}

function readChanged(db: AuditbookDatabase, audit: string, since: number) {
  return db.transaction('r', [db.entities, db.verdicts, db.operations], async () => {
    const range = db.entities.where('[audit+rev]').between([audit, since], [audit, Dexie.maxKey], false, true);
    const [quarantined, words] = [await readQuarantine(db, audit), await readWordsOnRecords(db, audit)];
    const rows = await range.toArray();
    return { rows, quarantined, withdrawn: await readErasures(db, audit, erasedEvidenceIn(rows)), ...words };
  });
}

/** The births of evidence among these whose content was erased: only of them it is shown when and why. */
function erasedEvidenceIn(rows: readonly EntityRow[]): string[] {
  return rows
    .filter(({ ref }) => ref.startsWith('evidence/'))
    .flatMap((row) => decode(row.body)[BORN] ?? [])
    .flatMap(({ operation }) => (operation.isErased ? [operation.digest] : []));
}

function withRows(before: ReadonlyMap<string, EntityView>, rows: readonly EntityRow[]): Map<string, EntityView> {
  const entities = new Map(before);
  for (const row of rows) {
    const heads = new Map(Object.entries(decode(row.body)));
    if (heads.size === 0) entities.delete(row.ref);
    else entities.set(row.ref, entityView(row.ref, heads));
  }
  return entities;
}

/** The same, once. */
export async function readLog(db: AuditbookDatabase, audit: string): Promise<LogView> {
  const { rows, quarantined, withdrawn, erased, issued } = await readChanged(db, audit, -1);
  return new LogView(withRows(new Map(), rows), quarantined, new Map([...erased, ...withdrawn]), issued);
}

/** Some entities only: for a command that must not wait for a whole log. */
export async function readKind<K extends EntityKind>(
  db: AuditbookDatabase,
  audit: string,
  kind: K,
): Promise<EntityView<K>[]> {
  const rows = await db.entities
    .where('[audit+ref]')
    .between([audit, `${kind}/`], [audit, `${kind}0`])
    .toArray();
  return [...withRows(new Map(), rows).values()].filter(isShown) as unknown as EntityView<K>[];
}

/** Who is in the team and as what, without waiting for the whole log. */
export async function readTeam(db: AuditbookDatabase, audit: string): Promise<Team> {
  const birth = await readEntity(db, audit, 'audit', audit);
  return teamOf(audit, birth, await readKind(db, audit, 'team_member'));
}

function teamOf(
  audit: string,
  birth: EntityView<'audit'> | undefined,
  members: readonly EntityView<'team_member'>[],
): Team {
  const found = [...members, ...(birth ? [birth] : [])] as unknown as readonly EntityView[];
  return foldTeam(new LogView(new Map(found.map((entity) => [entity.ref, entity]))), audit);
}

export async function readEntity<K extends EntityKind>(
  db: AuditbookDatabase,
  audit: string,
  kind: K,
  id: string,
): Promise<EntityView<K> | undefined> {
  const row = await db.entities.get([audit, `${kind}/${id}`]);
  const found = row === undefined ? undefined : withRows(new Map(), [row]).get(row.ref);
  return found as unknown as EntityView<K> | undefined;
}

// --- the list of audits

export interface AuditSummary {
  readonly id: string;
  readonly workspace: string | null;
  readonly title: string | null;
  readonly reference: string | null;
  readonly type: AuditType | null;
  readonly clientName: string | null;
  readonly startsOn: string | null;
  readonly endsOn: string | null;
  readonly teamRole: TeamRole | null;
  readonly isSealed: boolean;
  /** A report was sealed. */
  readonly isReported: boolean;
  /** False while the server has never listed it: it exists on this tablet only. */
  readonly isOnServer: boolean;
  /** Not for this account to see, and brought to the server for others: nothing of it waits here. */
  readonly isHeldForOthers: boolean;
  readonly isReadyOffline: boolean;
  readonly readiness: Readiness | null;
  /** When the server's last backup was taken, and how many entries of this audit are newer; null where it told of none. */
  readonly backedUp: { readonly at: string; readonly lacking: number } | null;
}

/** Audits on this tablet, the nearest first. What the log here says goes before what the server's list said. */
export function watchAudits(db: AuditbookDatabase): Live<AuditSummary[]> {
  return fromDatabase(() =>
    db.transaction(
      'r',
      [db.audits, db.logs, db.entities, db.device_state, db.carried, db.operations, db.uploads],
      async () => {
        const listed = new Map((await db.audits.toArray()).map((row) => [row.id, row]));
        const held = await heldForOthers(db);
        const ids = new Set([...listed.keys(), ...((await db.logs.toCollection().primaryKeys()) as string[])]);
        const summaries: AuditSummary[] = [];
        for (const id of ids) {
          const row = listed.get(id);
          const body = row === undefined ? { listing: null, readiness: null } : decode(row.body);
          const [audit, team, closings, reports] = [
            await readEntity(db, id, 'audit', id),
            await readKind(db, id, 'team_member'),
            await readKind(db, id, 'closing_record'),
            await readKind(db, id, 'report_record'),
          ];
          const teamRole = teamOf(id, audit, team).get(db.account) ?? null;
          summaries.push(summaryOf(id, body, audit, teamRole, closings, reports, held.has(id)));
        }
        return summaries.sort(
          (one, other) => compare(one.startsOn ?? '9', other.startsOn ?? '9') || compare(one.id, other.id),
        );
      },
    ),
  );
}

function summaryOf(
  id: string,
  body: { listing: Schemas['AuditListing'] | null; readiness: Readiness | null },
  audit: EntityView<'audit'> | undefined,
  teamRole: TeamRole | null,
  closings: readonly EntityView<'closing_record'>[],
  reports: readonly EntityView<'report_record'>[],
  isHeld: boolean,
): AuditSummary {
  const { listing, readiness } = body;
  return {
    id,
    workspace: audit?.get('workspace') ?? listing?.workspace ?? null,
    title: audit?.get('title') ?? listing?.title ?? null,
    reference: audit?.get('reference') ?? listing?.reference ?? null,
    type: (audit?.get('type') ?? listing?.type ?? null) as AuditType | null,
    clientName: audit?.get('client_name') ?? listing?.client_name ?? null,
    startsOn: audit?.get('starts_on') ?? listing?.starts_on ?? null,
    endsOn: audit?.get('ends_on') ?? null,
    teamRole: teamRole ?? (listing?.team_role as TeamRole | null | undefined) ?? null,
    isSealed: closings.some((record) => record.get('seal')),
    isReported: reports.some((record) => record.get('seal')),
    isOnServer: listing !== null,
    isHeldForOthers: listing === null && isHeld,
    isReadyOffline: listing === null || isReady(readiness),
    readiness,
    backedUp: listing?.backed_up
      ? { at: listing.backed_up.at, lacking: listing.head.seq - listing.backed_up.seq }
      : null,
  };
}

function isReady(readiness: Readiness | null): boolean {
  return (
    readiness !== null &&
    readiness.isLogComplete &&
    readiness.missingStandards.length === 0 &&
    readiness.missingThumbnails === 0
  );
}

// --- evidence

/**
 * Where the bytes are: `safe` on the server, `waiting` here only, `damaged` here and not right, `elsewhere` on the server only,
 * `missing` recorded here and neither here nor, as it last said, on the server, `withdrawn` nowhere any more, `none` where
 * it is told in words.
 */
export type BytesState = 'safe' | 'waiting' | 'damaged' | 'elsewhere' | 'missing' | 'withdrawn' | 'none';

export interface EvidenceItem {
  readonly id: string;
  readonly entity: EntityView<'evidence'>;
  /** Empty where it was withdrawn, and where it is told in words. */
  readonly sha256: string;
  readonly bytes: BytesState;
  /** When and why it was withdrawn, as far as the log here tells; null where it was not. */
  readonly withdrawn: Partial<Erasure> | null;
  /** When it was taken, as it says; of what was withdrawn when its entry was written. */
  readonly capturedAt: string;
  readonly hasThumbnail: boolean;
  /** Findings and criteria that it bears out, with the link's id. */
  readonly links: readonly { id: string; finding: string | null; criterion: string | null }[];
}

/** The gallery of one audit, newest first. */
export function watchEvidence(db: AuditbookDatabase, audit: string): Live<EvidenceItem[]> {
  const stored = fromDatabase(async () => ({
    uploads: new Map(
      (await db.uploads.where('[audit+sha256]').between([audit, Dexie.minKey], [audit, Dexie.maxKey]).toArray()).map(
        (row) => [row.sha256, row.state],
      ),
    ),
    thumbnails: new Set((await db.evidence_thumbnails.toCollection().primaryKeys()) as string[]),
    gone: new Set((await filesGone(db, audit)).map(({ sha256 }) => sha256)),
  }));
  return combined(watchLog(db, audit), stored, (view, { uploads, thumbnails, gone }) => {
    const links = new Map<string, EvidenceItem['links'][number][]>();
    for (const link of view.ofKind('evidence_link')) {
      const evidence = link.get('evidence') ?? '';
      const target = { id: link.id, finding: link.get('finding') ?? null, criterion: link.get('criterion') ?? null };
      links.set(evidence, [...(links.get(evidence) ?? []), target]);
    }
    return view
      .ofKind('evidence')
      .map((entity) => {
        const sha256 = entity.get('sha256') ?? '';
        const birth = entity.erased('sha256');
        const isHere = birth === undefined;
        const bytes = !isHere
          ? 'withdrawn'
          : sha256 === ''
            ? 'none'
            : bytesState(uploads.get(sha256), gone.has(sha256));
        return {
          id: entity.id,
          entity,
          sha256,
          bytes,
          withdrawn: birth === undefined ? null : (view.erased.get(birth.digest) ?? {}),
          capturedAt: entity.get('captured_at') ?? (birth === undefined ? '' : new Date(birth.wall).toISOString()),
          hasThumbnail: thumbnails.has(sha256),
          links: links.get(entity.id) ?? [],
        };
      })
      .reverse();
  });
}

function bytesState(upload: UploadState | undefined, isGone: boolean): BytesState {
  if (upload === undefined) return isGone ? 'missing' : 'elsewhere';
  return upload === 'stored' ? 'safe' : upload;
}

/** Files that were recorded on this tablet, are not on it any more, and which the server said, when it was last asked, that it has not got. */
export async function filesGone(db: AuditbookDatabase, audit: string): Promise<KeptCustody['lacking']> {
  const row = await db.custody.get(audit);
  const lacking = row === undefined ? [] : decode(row.body).lacking;
  if (lacking.length === 0) return [];
  const uploads = await db.uploads.bulkGet(lacking.map(({ sha256 }) => [audit, sha256] as [string, string]));
  const chains = await db.chains.bulkGet(lacking.map(({ chain = '' }) => chain));
  return lacking.filter((_, index) => uploads[index] === undefined && chains[index]?.own === 1);
}

/** A small picture of one piece of evidence, for `URL.createObjectURL`; null where it is not on this tablet. */
export async function readPicture(
  db: AuditbookDatabase,
  sha256: string,
  size: 'thumbnail' | 'view',
): Promise<Blob | null> {
  const row = await (size === 'thumbnail' ? db.evidence_thumbnails : db.evidence_views).get(sha256);
  return row === undefined ? null : new Blob([decode(row.body)], { type: 'image/jpeg' });
}

// --- trust

export type Trust = 'saved' | 'sent' | 'safe';
export type TrustOf = (ref: string) => Trust;

/** How safe the work on an entity is: saved on this tablet, sent, or come back from the server. */
export function watchTrust(db: AuditbookDatabase, audit: string): Live<TrustOf> {
  return fromDatabase(async () => {
    const chains = new Map(
      (await db.chains.where('audit').equals(audit).toArray()).map((row) => [row.chain, row.pushed]),
    );
    const waiting = await db.operations
      .where('[audit+waiting]')
      .between([audit, Dexie.minKey], [audit, Dexie.maxKey])
      .toArray();
    const states = new Map<string, Trust>();
    // What came by hand is on tablets only, whoever wrote it.
    const carried = await db.operations.where('[audit+carried]').equals([audit, 1]).toArray();
    for (const { ent } of carried) if (ent !== undefined) states.set(ent, 'saved');
    for (const { ent, chain, waiting: dseq } of waiting) {
      const isSent = (chains.get(chain ?? '') ?? 0) >= (dseq ?? 0);
      if (!isSent) states.set(ent!, 'saved');
      else if (!states.has(ent!)) states.set(ent!, 'sent');
    }
    return (ref: string) => states.get(ref) ?? 'safe';
  });
}

// --- questions about a folded log

/** The result of every auditable clause of these standards, in their order. */
export function clauseRows(view: LogView, standards: readonly Standard[]): ClauseResult[] {
  return clauseResults(view, auditableCriteria(standards), numbersOf(numberedFindings(view)));
}

export interface Place {
  readonly process?: string | null;
  readonly site?: string | null;
  readonly shift?: string | null;
}

/** Criteria that nobody has judged yet, here or (with a place) in this process, at this site, in this shift. */
export function notSeen(view: LogView, criteria: readonly string[], place: Place = {}): string[] {
  const isHere = (entity: EntityView): boolean =>
    (['process', 'site', 'shift'] as const).every((name) => !place[name] || entity.value(name) === place[name]);
  const seen = new Set<unknown>();
  for (const judgement of view.ofKind('judgement')) {
    const result = judgement.get('result');
    if (result && result !== 'not_seen' && isHere(judgement)) seen.add(judgement.get('criterion'));
  }
  for (const finding of view.ofKind('finding')) {
    if (isHere(finding)) for (const criterion of finding.get('criteria') ?? []) seen.add(criterion);
  }
  return criteria.filter((criterion) => !seen.has(criterion));
}

/** What was captured and belongs nowhere yet: pictures without a link, notes without a clause. Newest first. */
export function unfiledOf(view: LogView): { evidence: EntityView<'evidence'>[]; notes: EntityView<'note'>[] } {
  const filed = new Set(view.ofKind('evidence_link').map((link) => link.get('evidence')));
  return {
    evidence: view
      .ofKind('evidence')
      .filter((item) => !filed.has(item.id) && item.erased('sha256') === undefined)
      .toReversed(),
    notes: view
      .ofKind('note')
      .filter((note) => !note.get('criterion'))
      .toReversed(),
  };
}

export interface DisputedValue {
  readonly operation: string;
  readonly value: Value;
  readonly isErased: boolean;
  /** Name in the team, or the account's id where it has none. */
  readonly author: string;
  readonly account: string;
  readonly at: number;
}

export interface Dispute {
  readonly ref: string;
  /** `deleted` where a deletion met an edit. */
  readonly field: string;
  /** Whether it has to be settled before the closing record. */
  readonly isSealed: boolean;
  readonly values: readonly DisputedValue[];
}

/** Every open dispute with both values, authors and times. */
export function disputesOf(view: LogView): Dispute[] {
  return openDisputes(view).map(({ ref, field, isSealed }) => {
    const entity = view.entity(ref)!;
    const heads = field === DELETED ? headsOfDeletion(view, entity) : (entity.fields.get(field)?.heads ?? []);
    return { ref, field, isSealed, values: heads.map((head) => disputedValue(view, head)) };
  });
}

/** A deletion and what was written without knowing of it. */
function headsOfDeletion(view: LogView, entity: EntityView): ReadOperation[] {
  const deletions = entity.deletedView?.heads ?? [];
  const witnessed = new Set(deletions.flatMap((head) => head.bases));
  const edits = entity.allHeads().filter((head) => head.fld !== DELETED && !witnessed.has(head.digest));
  const grades = [...view.entities.values()].filter(
    (grade) => `finding/${gradedFinding(grade.id)}` === entity.ref && isOrphanedGrade(view, grade),
  );
  return [...deletions, ...edits, ...grades.flatMap((grade) => grade.fields.get('grade')?.heads ?? [])];
}

function disputedValue(view: LogView, head: ReadOperation): DisputedValue {
  const value = head.fld === BORN ? null : head.val;
  return {
    operation: head.digest,
    value,
    isErased: head.isErased === true,
    author: authorName(view, head.chain.account),
    account: head.chain.account,
    at: head.wall,
  };
}

/** How a person is called in this audit, also after having left the team. */
export function authorName(view: LogView, account: string): string {
  const members = [...view.entities.values()].filter(
    (one) => one.kind === 'team_member' && one.value('account') === account && one.value('name'),
  );
  const member = members.find(isShown) ?? members[0];
  return member === undefined ? account : String(member.value('name'));
}

/** The team member that this account is; null where it is not in the team. */
export function memberOf(view: LogView, account: string): EntityView<'team_member'> | null {
  return view.ofKind('team_member').find((member) => member.get('account') === account) ?? null;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
