/**
 * Reads codes in pictures: a decoder in WebAssembly, in a worker that is started when the first code is looked for. Its files come with
 * the app, so that they are there without a network (vite.config.ts takes them into what is kept offline).
 */
import { sizeToLookAt } from './codes';
import type { DecodeAnswer, DecodeRequest, Found } from './decoder-messages';

export type { Found } from './decoder-messages';

const LONGEST_FRAME = 1280;
const LONGEST_PICTURE = 2400;
/** A tablet that is busy starts it within some seconds. */
const PATIENCE_MS = 30_000;

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, (found: readonly Found[] | null) => void>();

/** Ready before the first picture comes. Throws where this browser cannot run it, or the app is not whole. */
export async function prepareDecoder(): Promise<void> {
  await ask(null);
}

/** What the camera shows just now. */
export function codesInVideo(video: HTMLVideoElement): Promise<readonly Found[]> {
  return codesIn(video, video.videoWidth, video.videoHeight, LONGEST_FRAME);
}

/** A picture file. Throws where it is none that this browser can show. */
export async function codesInFile(file: Blob): Promise<readonly Found[]> {
  const picture = await createImageBitmap(file);
  try {
    return await codesIn(picture, picture.width, picture.height, LONGEST_PICTURE);
  } finally {
    picture.close();
  }
}

let canvas: HTMLCanvasElement | undefined;

async function codesIn(
  source: CanvasImageSource,
  width: number,
  height: number,
  longest: number,
): Promise<readonly Found[]> {
  if (width === 0 || height === 0) return [];
  canvas ??= document.createElement('canvas');
  [canvas.width, canvas.height] = sizeToLookAt(width, height, longest);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return [];
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return ask(context.getImageData(0, 0, canvas.width, canvas.height));
}

async function ask(picture: ImageData | null): Promise<readonly Found[]> {
  const id = (last += 1);
  const found = await new Promise<readonly Found[] | null>((resolve) => {
    const timer = setTimeout(() => answer(id, null), PATIENCE_MS);
    waiting.set(id, (given) => {
      clearTimeout(timer);
      resolve(given);
    });
    runningWorker().postMessage({ id, picture } satisfies DecodeRequest, picture === null ? [] : [picture.data.buffer]);
  });
  if (found === null) {
    end();
    throw new Error('codes cannot be read here');
  }
  return found;
}

function runningWorker(): Worker {
  if (worker === undefined) {
    worker = new Worker(new URL('./decoder.worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<DecodeAnswer>) => answer(data.id, data.found));
    worker.addEventListener('error', end);
  }
  return worker;
}

/** The next one who asks starts it anew. */
function end(): void {
  worker?.terminate();
  worker = undefined;
  for (const id of [...waiting.keys()]) answer(id, null);
}

function answer(id: number, found: readonly Found[] | null): void {
  const resolve = waiting.get(id);
  waiting.delete(id);
  resolve?.(found);
}
