/** What a file is, where the browser does not say: Chromium gives a HEIC photo, as iPhones take them, no type at all. */

/** Major brands of ISO/IEC 23008-12. */
const BRANDS: Readonly<Record<string, string>> = {
  heic: 'image/heic',
  heix: 'image/heic',
  heim: 'image/heic',
  heis: 'image/heic',
  mif1: 'image/heif',
};

/** The media type that the file itself tells; empty where it tells none that is looked for here. */
export function mediaTypeIn(bytes: ArrayBuffer): string {
  const head = String.fromCharCode(...new Uint8Array(bytes, 0, Math.min(12, bytes.byteLength)));
  return head.slice(4, 8) === 'ftyp' ? (BRANDS[head.slice(8, 12)] ?? '') : '';
}
