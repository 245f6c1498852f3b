/** Asks the worker for smaller pictures. One worker for the whole app, started at the first photo. */

export interface DownscaleRequest {
  readonly id: number;
  readonly bytes: ArrayBuffer;
  readonly mediaType: string;
}

export interface Pictures {
  readonly view: ArrayBuffer;
  readonly thumbnail: ArrayBuffer;
  readonly width: number;
  readonly height: number;
}

export interface DownscaleAnswer {
  readonly id: number;
  /** null where this browser cannot decode the file. */
  readonly pictures: Pictures | null;
}

const PATIENCE_MS = 30_000;

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, (pictures: Pictures | null) => void>();

/** The view and the thumbnail of a photo; null where they cannot be made here. Never throws: the original is safe already. */
export function downscale(bytes: ArrayBuffer, mediaType: string): Promise<Pictures | null> {
  if (typeof Worker === 'undefined' || typeof OffscreenCanvas === 'undefined') return Promise.resolve(null);
  const id = (last += 1);
  return new Promise((resolve) => {
    const timer = setTimeout(() => answer(id, null), PATIENCE_MS);
    waiting.set(id, (pictures) => {
      clearTimeout(timer);
      resolve(pictures);
    });
    try {
      runningWorker().postMessage({ id, bytes, mediaType } satisfies DownscaleRequest);
    } catch {
      answer(id, null);
    }
  });
}

function runningWorker(): Worker {
  if (worker === undefined) {
    worker = new Worker(new URL('./downscale.worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', (event: MessageEvent<DownscaleAnswer>) =>
      answer(event.data.id, event.data.pictures),
    );
    worker.addEventListener('error', () => {
      worker?.terminate();
      worker = undefined;
      for (const id of [...waiting.keys()]) answer(id, null);
    });
  }
  return worker;
}

function answer(id: number, pictures: Pictures | null): void {
  const resolve = waiting.get(id);
  waiting.delete(id);
  resolve?.(pictures);
}
