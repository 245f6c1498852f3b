/** A photo whose bytes are not on this tablet, in the size of a screen: fetched when somebody opens it, and kept from then on. */
import { ApiClient } from '../api/client';
import { downscale } from '../capture/downscale';
import type { AuditbookDatabase } from '../store/database';
import { keepPictures } from '../store/pictures';

/** True where it is here now; false where there is no network, the server does not hold it, or nobody can draw it. */
export async function fetchPicture(
  db: AuditbookDatabase,
  audit: string,
  sha256: string,
  mediaType: string,
  /** The original, of whose opening the server takes note where something of it is covered; else what it makes of it. */
  size: 'original' | 'view' = 'view',
  api = new ApiClient(),
  shrink: typeof downscale = downscale,
): Promise<boolean> {
  if (!mediaType.startsWith('image/')) return false;
  const answer = await api.readEvidence(audit, sha256, size);
  if (answer.kind !== 'ok') return false;
  const pictures = await shrink(answer.value, size === 'view' ? 'image/jpeg' : mediaType);
  if (pictures === null) return false;
  await keepPictures(db, sha256, pictures);
  return true;
}
