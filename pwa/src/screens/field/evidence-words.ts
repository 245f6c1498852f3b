/** How a piece of evidence is called while nobody has written a caption, and what stands where one was withdrawn. */
import { formatDateTime, formatTime, t } from '../../i18n';
import type { LogView } from '../../domain/fold';
import { authorName, type EvidenceItem } from '../../store/queries';
import { saidOf } from './erased';

export function labelOf(item: EvidenceItem): string {
  const label = nameOf(item);
  return item.bytes === 'damaged' || item.bytes === 'missing' ? t('evidence.missing_label', { label }) : label;
}

function nameOf(item: EvidenceItem): string {
  const { entity } = item;
  if (item.withdrawn !== null) return t('evidence.withdrawn_label', { time: formatTime(item.capturedAt) });
  const caption = saidOf(entity, 'caption');
  if (caption) return caption;
  const time = formatTime(item.capturedAt || '1970-01-01T00:00:00Z');
  if (entity.get('kind') === 'photo') return t('evidence.photo_at', { time });
  return entity.get('file_name') || t('evidence.file_at', { time });
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
