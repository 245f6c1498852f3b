/** Where the camera may be used at all: what holds for photos in an area holds for looking through it at codes. */
import { photoPolicyIn } from '../../../domain/evidence';
import type { OpenAudit } from '../open-audit.svelte';

/** `area`: where one is, by its id; null in none. Where the area asks, somebody of the client has said yes. */
export function mayScanIn(audit: Pick<OpenAudit, 'areas' | 'allowedBy'>, area: string | null | undefined): boolean {
  const found = audit.areas.find(({ id }) => id === area);
  const policy = photoPolicyIn(found);
  return policy === 'allowed' || (policy === 'ask' && found !== undefined && Boolean(audit.allowedBy[found.id]));
}
