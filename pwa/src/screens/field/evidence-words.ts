/** How a piece of evidence is called while nobody has written a caption. */
import { formatTime, t } from '../../i18n';
import type { EvidenceItem } from '../../store/queries';
import { saidOf } from './erased';

export function labelOf(item: EvidenceItem): string {
  const { entity } = item;
  const caption = saidOf(entity, 'caption');
  if (caption) return caption;
  const time = formatTime(entity.get('captured_at') ?? '1970-01-01T00:00:00Z');
  if (entity.get('kind') === 'photo') return t('evidence.photo_at', { time });
  return entity.get('file_name') || t('evidence.file_at', { time });
}
