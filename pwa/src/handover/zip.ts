/**
 * A plain ZIP (APPNOTE 6.3, "stored" only), written and read as a stream.
 *
 * Length and CRC-32 stand before the bytes, so that a reader knows where an entry ends without looking for a mark that a photo may
 * contain as well. The reader takes nothing but what the writer writes: no packing (hence no bomb), no second list of
 * contents that says something else than the first, nothing before, between or behind the entries.
 */

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

/** What classic ZIP can count; beyond it the file is refused. */
export const MOST_ZIP_BYTES = 0xffff_ffff;
export const MOST_ENTRIES = 0xffff;

const LOCAL = 0x0403_4b50;
const CENTRAL = 0x0201_4b50;
const END = 0x0605_4b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
/** Version 1.0 (stored), names in UTF-8, 1980-01-01: when a photo was taken stands in the audit. */
const VERSION = 10;
const UTF8_NAMES = 0x0800;
const DAY = 0x0021;
const LONGEST_NAME = 200;

export class ZipProblem extends Error {
  override readonly name = 'ZipProblem';
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? 0xedb8_8320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** CRC-32 over more bytes; begins with 0. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at += 1) crc = CRC_TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** How long the whole will be. */
export function zipSize(entries: readonly Pick<ZipEntry, 'name' | 'size'>[]): number {
  return entries.reduce(
    (sum, { name, size }) => sum + LOCAL_BYTES + CENTRAL_BYTES + 2 * encoded(name).length + size,
    END_BYTES,
  );
}

/** The bytes of the whole, part by part. Throws ZipProblem where an entry turns out to have another length than was said. */
export async function* writeZip(entries: Iterable<ZipEntry>): AsyncGenerator<Uint8Array> {
  const list: Uint8Array[] = [];
  let at = 0;
  for (const entry of entries) {
    const header = localHeader(entry);
    list.push(centralHeader(entry, at));
    yield header;
    let size = 0;
    for await (const bytes of entry.bytes()) {
      size += bytes.length;
      yield bytes;
    }
    if (size !== entry.size) throw new ZipProblem(`${entry.name} has another length than was said`);
    at += header.length + size;
  }
  for (const header of list) yield header;
  yield endOf(list, at);
}

export interface FoundEntry {
  readonly name: string;
  readonly size: number;
  /** To be read to its end before the next entry is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The entries in their order. Throws ZipProblem for anything that `writeZip` would not have written. */
export async function* readZip(stream: AsyncIterable<Uint8Array>): AsyncGenerator<FoundEntry> {
  const source = new ByteSource(stream);
  const list: Uint8Array[] = [];
  const names = new Set<string>();
  let at = 0;
  for (;;) {
    const signature = await source.peek32();
    if (signature !== LOCAL) break;
    if (list.length >= MOST_ENTRIES) throw new ZipProblem('too many entries');
    const header = await source.take(LOCAL_BYTES);
    const view = viewOf(header);
    const [crc, size, nameLength] = [view.getUint32(14, true), view.getUint32(18, true), view.getUint16(26, true)];
    if (nameLength === 0 || nameLength > LONGEST_NAME) throw new ZipProblem('a name of no sensible length');
    const name = decoded(await source.take(nameLength));
    const entry = { name, size, crc };
    if (names.has(name)) throw new ZipProblem('a name stands twice');
    names.add(name);
    if (!isSame(header, localHeader(entry).subarray(0, LOCAL_BYTES))) throw new ZipProblem('an entry of another kind');
    list.push(centralHeader(entry, at));
    let [left, sum] = [size, 0];
    const bytes = (async function* (): AsyncGenerator<Uint8Array> {
      while (left > 0) {
        const part = await source.some(left);
        left -= part.length;
        sum = crc32(part, sum);
        yield part;
      }
      if (sum !== crc) throw new ZipProblem(`${name} does not have its checksum`);
    })();
    yield { name, size, bytes };
    for await (const rest of bytes) void rest;
    if (left > 0) throw new ZipProblem('an entry was not read');
    at += LOCAL_BYTES + nameLength + size;
  }
  for (const header of list) {
    if (!isSame(await source.take(header.length), header)) throw new ZipProblem('two lists of contents that differ');
  }
  const end = endOf(list, at);
  if (!isSame(await source.take(end.length), end)) throw new ZipProblem('no end');
  await source.expectEnd();
}

function localHeader({ name, size, crc }: Omit<ZipEntry, 'bytes'>): Uint8Array {
  const text = encoded(name);
  const header = new Uint8Array(LOCAL_BYTES + text.length);
  const view = viewOf(header);
  view.setUint32(0, LOCAL, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, UTF8_NAMES, true);
  view.setUint16(12, DAY, true);
  view.setUint32(14, crc, true);
  view.setUint32(18, size, true);
  view.setUint32(22, size, true);
  view.setUint16(26, text.length, true);
  header.set(text, LOCAL_BYTES);
  return header;
}

function centralHeader({ name, size, crc }: Omit<ZipEntry, 'bytes'>, at: number): Uint8Array {
  const text = encoded(name);
  const header = new Uint8Array(CENTRAL_BYTES + text.length);
  const view = viewOf(header);
  view.setUint32(0, CENTRAL, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, VERSION, true);
  view.setUint16(8, UTF8_NAMES, true);
  view.setUint16(14, DAY, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, size, true);
  view.setUint32(24, size, true);
  view.setUint16(28, text.length, true);
  view.setUint32(42, at, true);
  header.set(text, CENTRAL_BYTES);
  return header;
}

function endOf(list: readonly Uint8Array[], at: number): Uint8Array {
  const end = new Uint8Array(END_BYTES);
  const view = viewOf(end);
  view.setUint32(0, END, true);
  view.setUint16(8, list.length, true);
  view.setUint16(10, list.length, true);
  view.setUint32(
    12,
    list.reduce((sum, header) => sum + header.length, 0),
    true,
  );
  view.setUint32(16, at, true);
  return end;
}

/** Bytes of a stream, as many at a time as are wanted. */
class ByteSource {
  readonly #parts: AsyncIterator<Uint8Array>;
  #here: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#parts = stream[Symbol.asyncIterator]();
  }

  /** At least one byte and at most so many. Throws ZipProblem at the end. */
  async some(most: number): Promise<Uint8Array> {
    while (this.#here.length === 0) {
      const next = await this.#parts.next();
      if (next.done) throw new ZipProblem('the file ends too early');
      this.#here = next.value;
    }
    const part = this.#here.subarray(0, most);
    this.#here = this.#here.subarray(part.length);
    return part;
  }

  async take(length: number): Promise<Uint8Array> {
    const taken = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const part = await this.some(length - at);
      taken.set(part, at);
      at += part.length;
    }
    return taken;
  }

  async peek32(): Promise<number> {
    const four = await this.take(4);
    const rest = this.#here;
    this.#here = new Uint8Array(4 + rest.length);
    this.#here.set(four);
    this.#here.set(rest, 4);
    return viewOf(four).getUint32(0, true);
  }

  async expectEnd(): Promise<void> {
    if (this.#here.length > 0) throw new ZipProblem('something behind the end');
    for (;;) {
      const next = await this.#parts.next();
      if (next.done) return;
      if (next.value.length > 0) throw new ZipProblem('something behind the end');
    }
  }
}

function encoded(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ZipProblem('a name that is no text');
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
