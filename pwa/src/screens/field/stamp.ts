/** The mark of trust of a whole audit, and of one file. */
import { formatTime } from '../../i18n';
import type { Stamp } from '../../look/stamp-shapes';
import type { EvidenceItem } from '../../store/queries';
import { syncStatus } from '../../sync/status.svelte';
import type { OpenAudit } from './open-audit.svelte';

export interface Stamped {
  readonly stamp: Stamp;
  readonly time?: string;
}

/** With everything sent: safe, and since when. Otherwise what is here is saved, and the number beside it says the rest. */
export function stampOf(audit: OpenAudit): Stamped {
  if (audit.notSent !== 0) return { stamp: 'saved' };
  const at = syncStatus.lastSuccessAt;
  return at === null ? { stamp: 'safe' } : { stamp: 'safe', time: formatTime(new Date(at).toISOString()) };
}

/** A file is as safe as its bytes and the words about it; null where the bytes are nowhere whole. */
export function stampOfBytes(audit: OpenAudit, item: EvidenceItem): { stamp: 'saved' | 'sent' | 'safe' } | null {
  if (item.bytes === 'damaged' || item.bytes === 'missing' || item.bytes === 'withdrawn') return null;
  return { stamp: item.bytes === 'waiting' ? 'saved' : audit.trustOf(item.entity.ref) };
}
