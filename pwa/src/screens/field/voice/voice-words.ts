/** What is said of a voice note: how long it is, and that it does not end where its speaker stopped it. */
import { voiceType } from '../../../capture/microphone';
import { t } from '../../../i18n';
import type { EvidenceItem } from '../../../store/queries';
import type { OpenAudit } from '../open-audit.svelte';

/** Milliseconds; null where no app said it. */
export function lengthOf({ entity }: Pick<EvidenceItem, 'entity'>): number | null {
  return entity.get('recording')?.length ?? null;
}

export function saidOfEnd({ entity }: Pick<EvidenceItem, 'entity'>): string {
  const end = entity.get('recording')?.end ?? 'stopped';
  return end === 'stopped' ? '' : t(`voice.end.${end}`);
}

/** Where the audit says that its auditors may dictate, and this browser can record. */
export function offersVoice(audit: Pick<OpenAudit, 'facts'>): boolean {
  return audit.facts?.get('voice_notes') === true && voiceType() !== null;
}
