/** What stands where a value was erased. Who wrote it, and when, is still in the log. */
import type { FindingView } from '../../domain/finding';
import type { EntityView, LogView } from '../../domain/fold';
import { formatDateTime, t } from '../../i18n';
import { authorName } from '../../store/queries';

type Entity = Pick<EntityView, 'value' | 'erased'>;

/** What it says, or that this was erased; empty where nobody wrote anything. */
export function saidOf(entity: Entity | undefined, name: string): string {
  if (entity?.erased(name)) return t('erased.value');
  const value = entity?.value(name);
  return typeof value === 'string' ? value : '';
}

/** How a finding is called in a list. */
export function titleOf(finding: FindingView): string {
  return saidOf(finding, 'title') || saidOf(finding, 'failure') || t('finding.untitled');
}

/** In a whole sentence, with who had written it when. */
export function erasedSentence(view: LogView, ref: string, name: string): string | undefined {
  const head = view.entity(ref)?.erased(name);
  if (head === undefined) return undefined;
  const time = formatDateTime(new Date(head.wall).toISOString());
  return t('erased.sentence', { author: authorName(view, head.chain.account), time });
}
