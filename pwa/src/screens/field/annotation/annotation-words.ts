/** What is drawn on a photo, in words: for whoever cannot see it, and where there is no room for a picture. */
import { shapesIn, type Shape } from '../../../domain/annotation';
import type { Value } from '../../../domain/plain-json';
import { ANNOTATION_KINDS } from '../../../domain/vocabulary';
import { formatList, t } from '../../../i18n';

/** "2 arrows, text “Gauge 7” and 1 covered area"; nothing drawn is said too. */
export function annotationWords(value: Value | readonly Shape[] | undefined): string {
  const shapes = shapesIn(value as Value);
  const said = ANNOTATION_KINDS.flatMap((kind) => {
    const those = shapes.filter((shape) => shape.kind === kind);
    if (kind === 'text') return those.map(({ text }) => t('annotation.said.text', { text: text ?? '' }));
    return those.length === 0 ? [] : [t(`annotation.said.${kind}`, { count: those.length })];
  });
  return said.length === 0 ? t('annotation.said.nothing') : formatList(said);
}
