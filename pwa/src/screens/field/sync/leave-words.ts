/** What has not reached the server and is not on this tablet, as sentences: whose it is, and what to do. */
import type { Schemas } from '../../../domain/vocabulary';
import { formatDateTime, t } from '../../../i18n';
import type { Leaving, MissingFile } from '../../../store/custody';
import type { AuditSummary } from '../../../store/queries';

/** Nobody is on the site any more: the report is sealed, or the last day is past. `today` is a date of this tablet's calendar. */
export function isOver(
  { isReported, startsOn, endsOn }: Pick<AuditSummary, 'isReported' | 'startsOn' | 'endsOn'>,
  today: string,
): boolean {
  const lastDay = endsOn ?? startsOn;
  return isReported || (lastDay !== null && lastDay < today);
}

/** `me`: the account that is signed in; its other tablets, and those whose browser was emptied, are told apart. */
export function tabletWords(tablet: Schemas['WaitingTablet'], me: string): string {
  const { account, name, installation, arrived, announced } = tablet;
  const [from, to, count] = [arrived + 1, announced, announced - arrived];
  const shown = installation.slice(0, 8);
  return account === me
    ? t('leave.own_tablet', { count, from, to, tablet: shown })
    : t('leave.tablet', { count, from, to, tablet: shown, name: name || t('sync.somebody') });
}

/** One file that is nowhere whole any more, by its time, its author and its hash. */
export function missingWords({ sha256, account, name, capturedAt, isDamaged }: MissingFile): string {
  const facts = { time: capturedAt ? formatDateTime(capturedAt) : '–', name: name ?? account, sha256 };
  return t(isDamaged ? 'leave.damaged' : 'leave.gone', facts);
}

export function elsewhereWords({ account, name, count }: Leaving['elsewhere'][number], me: string): string {
  return account === me
    ? t('leave.own_elsewhere', { count })
    : t('leave.elsewhere', { count, name: name ?? t('sync.somebody') });
}
