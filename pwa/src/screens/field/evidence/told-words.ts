/** How a field of evidence in words is asked for: what a caption is called depends on the kind. */
import type { ToldKind } from '../../../domain/evidence';
import { t } from '../../../i18n';
import type { ToldText } from './told-form';

export interface FieldWords {
  readonly label: string;
  readonly hint?: string;
  readonly example?: string;
}

export function toldField(kind: ToldKind, name: ToldText): FieldWords {
  switch (name) {
    case 'title':
      return { label: t(kind === 'record' ? 'evidence.title_of.record' : 'evidence.title_of.document') };
    case 'caption':
      return { label: t(`evidence.caption_of.${kind}`) };
    case 'samples':
      return { label: t('evidence.samples'), hint: t('evidence.samples_hint'), example: t('evidence.samples_example') };
    case 'found_in':
      return { label: t('evidence.found_in'), example: t('evidence.found_in_example') };
    case 'population':
      return { label: t('evidence.population'), example: t('evidence.population_example') };
    case 'interviewee':
      return { label: t('evidence.interviewee'), example: t('evidence.interviewee_example') };
    case 'identifier':
      return { label: t('evidence.identifier') };
    case 'revision':
      return { label: t('evidence.revision') };
  }
}
