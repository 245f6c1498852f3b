/** How a piece of evidence is called while nobody has written a caption, and what stands where one was withdrawn. */
import type { TrayPiece } from '../../../components/tray-piece';
import { isTold } from '../../../domain/evidence';
import { formatDateTime, formatLength, formatTime, say, t } from '../../../i18n';
import type { IconName } from '../../../look/icons';
import type { LogView } from '../../../domain/fold';
import { authorName, type EvidenceItem } from '../../../store/queries';
import { saidOf } from '../erased';
import { lengthOf } from '../voice/voice-words';

export function labelOf(item: EvidenceItem): string {
  const label = nameOf(item);
  return item.bytes === 'damaged' || item.bytes === 'missing' ? t('evidence.missing_label', { label }) : label;
}

function nameOf(item: EvidenceItem): string {
  const { entity } = item;
  if (item.withdrawn !== null) return t('evidence.withdrawn_label', { time: formatTime(item.capturedAt) });
  const kind = entity.get('kind');
  if (isTold(kind)) return toldName(item) || say('evidence.kind', kind);
  const caption = saidOf(entity, 'caption');
  if (kind === 'voice_note') return voiceName(item, caption);
  if (caption) return caption;
  const time = formatTime(item.capturedAt || '1970-01-01T00:00:00Z');
  if (entity.get('kind') === 'photo') return t('evidence.photo_at', { time });
  return entity.get('file_name') || t('evidence.file_at', { time });
}

/** With its length, so that a list says how long it takes to hear it. */
function voiceName(item: EvidenceItem, caption: string): string {
  const time = formatTime(item.capturedAt || '1970-01-01T00:00:00Z');
  const name = caption || t('evidence.voice_at', { time });
  const length = lengthOf(item);
  return length === null ? name : `${name} · ${formatLength(length)}`;
}

/** What was told is called by what it is found by: a document by number and title, an interview by the role of whom was asked. */
function toldName({ entity }: EvidenceItem): string {
  const kind = entity.get('kind');
  const listed = (...names: ('identifier' | 'title')[]) =>
    names
      .map((name) => saidOf(entity, name))
      .filter(Boolean)
      .join(' ');
  if (kind === 'document' || kind === 'record') {
    const samples = kind === 'record' ? (entity.get('samples') ?? []).join(', ') : '';
    return listed('identifier', 'title') || samples || saidOf(entity, 'caption');
  }
  if (kind === 'interview') return saidOf(entity, 'interviewee') || saidOf(entity, 'caption');
  return saidOf(entity, 'caption');
}

/** The rest of what was told, in one line for a card: revision, samples, what was said. */
export function toldWords({ entity }: EvidenceItem): string {
  const kind = entity.get('kind');
  const revision = saidOf(entity, 'revision');
  const samples = entity.get('samples') ?? [];
  const isNamedByCaption = kind === 'observation';
  return [
    revision && t('evidence.revision_of', { revision }),
    samples.length > 0 && t('evidence.samples_of', { samples: samples.join(', ') }),
    !isNamedByCaption && saidOf(entity, 'caption'),
  ]
    .filter(Boolean)
    .join(' · ');
}

const ICONS = {
  photo: 'camera',
  document: 'document',
  record: 'list',
  interview: 'people',
  observation: 'eye',
  voice_note: 'mic',
  drawing: 'note',
} as const;

/** What stands for it where there is no picture. */
export function iconOf(item: Pick<EvidenceItem, 'entity'>): IconName {
  return ICONS[item.entity.get('kind') as keyof typeof ICONS] ?? 'document';
}

export function pieceKindOf(item: EvidenceItem): TrayPiece['kind'] {
  const kind = item.entity.get('kind');
  if (kind === 'photo' || isTold(kind)) return kind;
  return kind === 'voice_note' ? 'voice' : 'file';
}

/** "Withdrawn on …: reason", or that it was, where the log here does not tell more; undefined where it was not. */
export function withdrawnSentence({ withdrawn }: Pick<EvidenceItem, 'withdrawn'>): string | undefined {
  if (withdrawn === null) return undefined;
  const { at, reason } = withdrawn;
  if (typeof at !== 'string' || typeof reason !== 'string') return t('evidence.withdrawn');
  return t('evidence.withdrawn_on', { time: formatDateTime(at), reason });
}

/** Whose bytes they are, and what to do, where they are whole neither here nor on the server; undefined where they are. */
export function missingSentence({ bytes, sha256, entity }: EvidenceItem, view: LogView): string | undefined {
  if (bytes !== 'damaged' && bytes !== 'missing') return undefined;
  const author = entity.bornView?.heads[0]?.chain.account;
  return t(`evidence.${bytes}`, { name: author ? authorName(view, author) : t('finding.somebody'), sha256 });
}

/** Picked for the report, and still there to be shown. */
export function isInReport({ entity, withdrawn }: EvidenceItem): boolean {
  return entity.get('is_in_report') === true && withdrawn === null;
}
