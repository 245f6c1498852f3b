/** "Paint shop · No photos": an area by name, with what one has to know before one lifts the tablet. */
import { photoPolicyIn } from '../../../domain/evidence';
import type { EntityView } from '../../../domain/fold';
import { t } from '../../../i18n';
import { saidOf } from '../erased';

export function areaWords(area: EntityView<'area'> | undefined): string {
  if (area === undefined) return '';
  const policy = photoPolicyIn(area);
  return policy === 'allowed' ? saidOf(area, 'name') : `${saidOf(area, 'name')} · ${t(`area.policy.${policy}`)}`;
}
