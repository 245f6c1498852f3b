/** What is wrong with an address before it is sent: nothing written, or no whole address. */
import { t } from '../../i18n';

export function problemOfEmail(email: string): string | undefined {
  if (email.trim() === '') return t('account.email_missing');
  return email.includes('@') ? undefined : t('account.email_incomplete');
}
