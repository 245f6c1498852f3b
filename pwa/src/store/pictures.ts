/** Smaller pictures of evidence, to look at. They can be made again at any time; the original stands in evidence-bytes.ts. */
import { decode, encode } from './codec';
import type { AuditbookDatabase } from './database';
import { APP_VERSION, device } from './device';

export async function keepPictures(
  db: AuditbookDatabase,
  sha256: string,
  pictures: { readonly thumbnail: ArrayBuffer; readonly view: ArrayBuffer },
): Promise<void> {
  const made = encode({ at: device.now(), by: APP_VERSION });
  await db.transaction('rw', [db.evidence_thumbnails, db.evidence_views], async () => {
    await db.evidence_thumbnails.put({ sha256, body: encode(pictures.thumbnail), made });
    await db.evidence_views.put({ sha256, body: encode(pictures.view), made });
  });
}

export async function keepThumbnail(db: AuditbookDatabase, sha256: string, thumbnail: ArrayBuffer): Promise<void> {
  await db.evidence_thumbnails.put({ sha256, body: encode(thumbnail) });
}

export async function readPictureBytes(
  db: AuditbookDatabase,
  sha256: string,
  size: 'thumbnail' | 'view',
): Promise<ArrayBuffer | undefined> {
  const row = await (size === 'thumbnail' ? db.evidence_thumbnails : db.evidence_views).get(sha256);
  return row === undefined ? undefined : decode(row.body);
}

export async function hasPictures(db: AuditbookDatabase, sha256: string): Promise<boolean> {
  return (await db.evidence_thumbnails.where('sha256').equals(sha256).count()) > 0;
}

/** Photos whose bytes are here without a thumbnail. */
export async function withoutPictures(db: AuditbookDatabase): Promise<{ sha256: string; mediaType: string }[]> {
  const made = new Set((await db.evidence_thumbnails.toCollection().primaryKeys()) as string[]);
  const uploads = await db.uploads.filter((row) => !made.has(row.sha256)).toArray();
  return uploads
    .map((row) => ({ sha256: row.sha256, mediaType: decode(row.body).media_type }))
    .filter(({ mediaType }) => mediaType.startsWith('image/'));
}
