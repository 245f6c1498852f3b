/** How long the storage lasts: whether the browser promised to keep it, and for how many more photos there is room. */

export interface Space {
  /** null where the browser does not say. */
  readonly isPersistent: boolean | null;
  readonly freeBytes: number | null;
  /** Told in photos, since nobody photographs megabytes. */
  readonly photosLeft: number | null;
}

export const USUAL_PHOTO_BYTES = 4 * 1024 * 1024;
export const LOW_SPACE_BYTES = 500 * 1024 * 1024;

/** Ask the browser to keep the data. To be asked at the first answer that was saved, where a person's tap stands behind it. */
export async function askToPersist(): Promise<boolean | null> {
  try {
    if (await navigator.storage.persisted()) return true;
    return await navigator.storage.persist();
  } catch {
    return null;
  }
}

export async function readSpace(usualPhotoBytes = USUAL_PHOTO_BYTES): Promise<Space> {
  const isPersistent = await attempt(() => navigator.storage.persisted());
  const estimate = await attempt(() => navigator.storage.estimate());
  if (estimate?.quota === undefined) return { isPersistent, freeBytes: null, photosLeft: null };
  const freeBytes = Math.max(0, estimate.quota - (estimate.usage ?? 0));
  return { isPersistent, freeBytes, photosLeft: Math.floor(freeBytes / Math.max(1, usualPhotoBytes)) };
}

async function attempt<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch {
    return null;
  }
}
