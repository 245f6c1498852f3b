/// <reference types="vite/client" />
/** Looks for codes in one picture after the other, apart from the page: a look takes a tenth of a second and more. See decoder.ts. */
import { BarcodeDetector, prepareZXingModule } from 'barcode-detector/ponyfill';
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url';
import type { DecodeAnswer, DecodeRequest } from './decoder-messages';

const FORMATS = ['qr_code', 'data_matrix', 'code_128', 'ean_13', 'code_39', 'pdf417', 'aztec'] as const;

// Its file comes with the app: nothing is fetched from anywhere else.
const ready = Promise.resolve(
  prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true }),
).then(() => new BarcodeDetector({ formats: [...FORMATS] }));

addEventListener('message', ({ data }: MessageEvent<DecodeRequest>) => {
  void answer(data).then((given) => postMessage(given));
});

async function answer({ id, picture }: DecodeRequest): Promise<DecodeAnswer> {
  try {
    const detector = await ready;
    const found = picture === null ? [] : await detector.detect(picture);
    return { id, found: found.map(({ rawValue, format }) => ({ rawValue, format })) };
  } catch {
    return { id, found: null };
  }
}
