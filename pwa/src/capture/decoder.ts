/**
 * Reads codes in pictures: a decoder in WebAssembly that is fetched when the first code is looked for. Its file comes with the app, so
 * that it is there without a network (vite.config.ts takes it into what is kept offline).
 */
import type { BarcodeDetector } from 'barcode-detector/ponyfill';
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url';
import { sizeToLookAt } from './codes';

const FORMATS = ['qr_code', 'data_matrix', 'code_128', 'ean_13', 'code_39', 'pdf417', 'aztec'] as const;
const LONGEST_FRAME = 1280;
const LONGEST_PICTURE = 2400;

export interface Found {
  readonly rawValue: string;
  readonly format: string;
}

let loading: Promise<BarcodeDetector> | undefined;

/** Throws where this browser cannot run it, or the app is not whole. */
function detector(): Promise<BarcodeDetector> {
  loading ??= import('barcode-detector/ponyfill').then(async ({ BarcodeDetector: Detector, prepareZXingModule }) => {
    await prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
    return new Detector({ formats: [...FORMATS] });
  });
  loading.catch(() => (loading = undefined));
  return loading;
}

/** Ready before the first picture comes. */
export async function prepareDecoder(): Promise<void> {
  await detector();
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
  const reading = await detector();
  canvas ??= document.createElement('canvas');
  [canvas.width, canvas.height] = sizeToLookAt(width, height, longest);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return [];
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return reading.detect(context.getImageData(0, 0, canvas.width, canvas.height));
}
