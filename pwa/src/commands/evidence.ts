/**
 * Evidence: the exact bytes as they left the shutter, hashed before anything else, kept in one transaction with the operations
 * that name them. Smaller pictures to look at are made afterwards; if that fails, nothing is lost.
 */
import { downscale } from '../capture/downscale';
import { mergedShapes, shapesIn, type Shape } from '../domain/annotation';
import { hashOf } from '../capture/hash';
import { mediaTypeIn } from '../capture/media-type';
import { lacksToBeVerified, photoPolicyIn, type ToldKind } from '../domain/evidence';
import { refuse } from '../domain/refusal';
import { mediaTypeOf } from '../domain/spelling';
import type { EvidenceSource } from '../domain/vocabulary';
import { add, del, setAll, type Change } from '../store/changes';
import { instant, newId } from '../store/device';
import { cutEvidence, readEvidence } from '../store/evidence-bytes';
import { hasPictures, keepPictures, withoutPictures } from '../store/pictures';
import { readEntity, readKind } from '../store/queries';
import { readServerClock } from '../store/server-clock';
import type { Fields } from './audit';
import { write, writeNew, type Created, type Outcome, type Session } from './session';

export const MAX_EVIDENCE_BYTES = 200 * 1024 * 1024;

export interface NewEvidence extends Pick<
  Fields<'evidence'>,
  'caption' | 'process' | 'site' | 'shift' | 'area' | 'method' | 'observed_at' | 'allowed_by' | 'position' | 'recording'
> {
  /** A camera's `Shot`, or a `File` of an input: read at once, since a camera's file does not stay readable. */
  readonly content: ArrayBuffer | Blob;
  readonly mediaType?: string;
  readonly source: EvidenceSource;
  readonly fileName?: string | null;
  /** What it bears out, filed in the same tap. */
  readonly finding?: string | null;
  readonly criterion?: string | null;
  /** The earlier photo that it shows again: it bears out what that one does. */
  readonly retakes?: string;
  /** Of a voice note: its id and when it was begun, since it may come a start of the app later. */
  readonly begun?: { readonly id: string; readonly at: string };
}

export type EvidenceAdded = Created & {
  readonly sha256: string;
  /** Resolves when the thumbnail is there (true) or cannot be made here (false). Nobody has to wait for it. */
  readonly pictures: Promise<boolean>;
};

export async function addEvidence(
  session: Session,
  audit: string,
  given: NewEvidence,
): Promise<Outcome<EvidenceAdded>> {
  const capturedAt = given.begun?.at ?? instant();
  const isFile = given.content instanceof Blob;
  // First of all: whatever is awaited before this may be the moment in which iOS takes the file away.
  const bytes = given.content instanceof Blob ? await given.content.arrayBuffer() : given.content;
  const named = given.mediaType ?? (given.content instanceof Blob ? given.content.type : '');
  const mediaType = mediaTypeOf(named || mediaTypeIn(bytes));
  if (bytes.byteLength === 0) return refuse('evidence.empty');
  if (bytes.byteLength > MAX_EVIDENCE_BYTES) return refuse('evidence.too_large', { limit: MAX_EVIDENCE_BYTES });
  const sha256 = await hashOf(bytes);
  const id = given.begun?.id ?? newId();
  const { caption, process, site, shift, area, method, observed_at, allowed_by, retakes, recording } = given;
  const kind = recording ? 'voice_note' : mediaType.startsWith('image/') ? 'photo' : 'file';
  // Of the client's documents a copy is kept only with the client's yes; a photo where the area allows it.
  if (kind === 'file' && !allowed_by?.trim()) return refuse('evidence.copy_not_allowed');
  if (kind === 'photo') {
    const areas = area ? await readKind(session.database, audit, 'area') : [];
    const policy = photoPolicyIn(areas.find((one) => one.id === area));
    if (policy === 'forbidden') return refuse('evidence.photo_forbidden');
    if (policy === 'ask' && !allowed_by?.trim()) return refuse('evidence.photo_not_allowed');
  }
  const changes: Change[] = [
    add('evidence', id, {
      kind,
      sha256,
      size: bytes.byteLength,
      media_type: mediaType,
      source: given.source,
      file_name: given.fileName?.slice(0, 300) ?? (isFile ? nameOf(given.content) : null),
      captured_at: capturedAt,
    }),
    ...setAll('evidence', id, {
      caption,
      process,
      site,
      shift,
      area,
      method,
      observed_at,
      allowed_by,
      retakes,
      recording,
    }),
    ...(await circumstances(session, audit, id, given.position)),
  ];
  changes.push(
    ...(await targetsOf(session, audit, given)).map((target) =>
      add('evidence_link', newId(), { evidence: id, ...target }),
    ),
  );
  const written = await writeNew(session, audit, id, changes, [cutEvidence(bytes, sha256, mediaType)]);
  if ('code' in written) return written;
  return { ...written, sha256, pictures: makePictures(session, sha256, bytes, mediaType) };
}

export interface ToldEvidence extends Omit<Fields<'evidence'>, 'is_in_report'> {
  readonly kind: ToldKind;
  /** What it bears out, filed in the same tap: one piece may serve several. */
  readonly finding?: string | null;
  readonly criteria?: readonly string[];
}

/** A document seen, a record sampled, an interview, an observation: told in words, without a file. */
export async function tellEvidence(
  session: Session,
  audit: string,
  { kind, finding = null, criteria = [], ...fields }: ToldEvidence,
): Promise<Outcome<Created>> {
  const lacking = lacksToBeVerified(kind, fields);
  if (lacking.length > 0) return refuse('evidence.says_too_little', { lacking: lacking.join(', ') });
  const id = newId();
  const targets = [
    ...(finding === null ? [] : [{ finding, criterion: null }]),
    ...criteria.map((criterion) => ({ finding: null, criterion })),
  ];
  return writeNew(session, audit, id, [
    add('evidence', id, {
      kind,
      sha256: null,
      size: null,
      media_type: null,
      source: null,
      file_name: null,
      captured_at: instant(),
    }),
    ...setAll('evidence', id, { ...fields, position: undefined }),
    ...(await circumstances(session, audit, id, fields.position)),
    ...targets.map((target) => add('evidence_link', newId(), { evidence: id, ...target })),
  ]);
}

interface Target {
  readonly finding: string | null;
  readonly criterion: string | null;
}

/** What a photo bears out: what was said; of one that shows another again, what that one bears out. */
async function targetsOf(session: Session, audit: string, given: NewEvidence): Promise<Target[]> {
  const { finding = null, criterion = null, retakes } = given;
  if (finding !== null || criterion !== null) return [{ finding, criterion }];
  if (retakes === undefined) return [];
  const links = await readKind(session.database, audit, 'evidence_link');
  return links
    .filter((link) => link.get('evidence') === retakes)
    .map((link) => ({ finding: link.get('finding') ?? null, criterion: link.get('criterion') ?? null }));
}

/** What the app itself says of the moment: how far the clock is off, and where it was, if the audit wants that. */
async function circumstances(
  session: Session,
  audit: string,
  id: string,
  position: Fields<'evidence'>['position'],
): Promise<Change[]> {
  const clock = (await readServerClock(session.database)) ?? undefined;
  const use = position ? (await readEntity(session.database, audit, 'audit', audit))?.get('positions') : undefined;
  const isWanted = use === 'kept' || use === 'in_report';
  return setAll('evidence', id, { clock, position: isWanted ? position : undefined });
}

/** Thumbnails that are missing although the bytes are here: the app was closed before they were made. */
export async function makeMissingPictures(session: Session): Promise<number> {
  let made = 0;
  for (const { sha256, mediaType } of await withoutPictures(session.database)) {
    const bytes = await readEvidence(session.database, sha256);
    if (bytes !== undefined && (await makePictures(session, sha256, bytes.buffer, mediaType))) made += 1;
  }
  return made;
}

async function makePictures(session: Session, sha256: string, bytes: ArrayBuffer, mediaType: string): Promise<boolean> {
  if (!mediaType.startsWith('image/')) return false;
  try {
    if (await hasPictures(session.database, sha256)) return true;
    const pictures = await downscale(bytes, mediaType);
    if (pictures === null) return false;
    await keepPictures(session.database, sha256, pictures);
    return true;
  } catch {
    return false;
  }
}

/** File a piece of evidence under a finding or a criterion. Filing it twice in the same place changes nothing. */
export async function linkEvidence(
  session: Session,
  audit: string,
  evidence: string,
  target: { readonly finding: string } | { readonly criterion: string },
): Promise<Outcome<Created>> {
  const finding = 'finding' in target ? target.finding : null;
  const criterion = 'criterion' in target ? target.criterion : null;
  const links = await readKind(session.database, audit, 'evidence_link');
  const same = links.find(
    (link) =>
      link.get('evidence') === evidence &&
      (link.get('finding') ?? null) === finding &&
      (link.get('criterion') ?? null) === criterion,
  );
  if (same !== undefined) return { audit, operations: [], undo: [], id: same.id };
  const id = newId();
  return writeNew(session, audit, id, [add('evidence_link', id, { evidence, finding, criterion })]);
}

export function unlinkEvidence(session: Session, audit: string, link: string): Promise<Outcome> {
  return write(session, audit, [del('evidence_link', link)]);
}

/** Caption, place, and whether it is picked for the report. */
export function changeEvidence(
  session: Session,
  audit: string,
  id: string,
  fields: Fields<'evidence'>,
): Promise<Outcome> {
  return write(session, audit, setAll('evidence', id, fields));
}

/** Photos enter a report only when picked. */
export function pickForReport(session: Session, audit: string, id: string, isPicked: boolean): Promise<Outcome> {
  return write(session, audit, setAll('evidence', id, { is_in_report: isPicked }));
}

/**
 * What is drawn on a photo, as one word about it. `base` is what it began from: what came from elsewhere meanwhile stays beside it.
 */
export async function annotate(
  session: Session,
  audit: string,
  id: string,
  base: readonly Shape[],
  shapes: readonly Shape[],
): Promise<Outcome> {
  const now = shapesIn((await readEntity(session.database, audit, 'evidence', id))?.value('annotation'));
  return write(session, audit, setAll('evidence', id, { annotation: mergedShapes(base, shapes, now) }));
}

/** Take it out of the audit, with its links. Its bytes stay until the office withdraws them. */
export async function deleteEvidence(session: Session, audit: string, id: string): Promise<Outcome> {
  const links = await readKind(session.database, audit, 'evidence_link');
  const own = links.filter((link) => link.get('evidence') === id);
  return write(session, audit, [del('evidence', id), ...own.map((link) => del('evidence_link', link.id))]);
}

function nameOf(file: ArrayBuffer | Blob): string | null {
  const name: unknown = (file as { name?: unknown }).name;
  return typeof name === 'string' && name !== '' ? name.slice(0, 300) : null;
}
