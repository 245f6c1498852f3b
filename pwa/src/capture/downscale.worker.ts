/**
 * Makes a picture smaller, beside the page: a view of 2048 pixels to look at and a thumbnail of 320 for lists. JPEG, because one
 * of the engines answers a wish for WebP with PNG.
 *
 * The original is never touched. A picture that this browser cannot decode (HEIC) is told; the server makes its views.
 */
/// <reference lib="webworker" />
import type { DownscaleAnswer, DownscaleRequest } from './downscale';

const VIEW_EDGE = 2048;
const THUMBNAIL_EDGE = 320;

self.addEventListener('message', (event: MessageEvent<DownscaleRequest>) => {
  void downscale(event.data).then((answer) => {
    const transfer = answer.pictures === null ? [] : [answer.pictures.view, answer.pictures.thumbnail];
    (self as unknown as DedicatedWorkerGlobalScope).postMessage(answer, transfer);
  });
});

async function downscale({ id, bytes, mediaType }: DownscaleRequest): Promise<DownscaleAnswer> {
  try {
    // Size and orientation as they are shown: asking the decoder to resize would take the wrong edge of an upright photo.
    const bitmap = await createImageBitmap(new Blob([bytes], { type: mediaType }));
    try {
      const view = await drawn(bitmap, VIEW_EDGE, 0.85);
      const thumbnail = await drawn(bitmap, THUMBNAIL_EDGE, 0.8);
      return { id, pictures: { view, thumbnail, width: bitmap.width, height: bitmap.height } };
    } finally {
      bitmap.close();
    }
  } catch {
    return { id, pictures: null };
  }
}

async function drawn(bitmap: ImageBitmap, edge: number, quality: number): Promise<ArrayBuffer> {
  const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
  return blob.arrayBuffer();
}
