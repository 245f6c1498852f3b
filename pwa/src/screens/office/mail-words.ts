/** Where a mail stands, in words. */
import type { Schemas } from '../../domain/vocabulary';
import { formatDateTime, t } from '../../i18n';

export function stateOf(mail: Schemas['MailState']): string {
  const time = formatDateTime(mail.sent_at ?? mail.attempted_at ?? mail.queued_at);
  if (mail.state !== 'waiting') return t(`office.mail.${mail.state}`, { time });
  return mail.next_attempt_at
    ? t('office.mail.waiting_until', { time: formatDateTime(mail.next_attempt_at) })
    : t('office.mail.waiting');
}
