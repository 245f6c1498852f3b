/** Files that somebody made who has the passphrase: refused or taken in, never a crash, never half. */
import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { isRefusal } from '../domain/refusal';
import { sha256Of } from '../domain/operation';
import { add } from '../store/changes';
import { commit } from '../store/commit';
import { installationOf } from '../store/database';
import { cutEvidence } from '../store/evidence-bytes';
import type { Session } from '../store/session';
import { ARON, AUDIT, contentOf, LENA, openTablet, WORKSPACE } from '../store/testing';
import { openHandover } from './read';
import { partsOf, seal, unseal } from './sealed';
import { takeInHandover } from './take-in';
import { prepareHandover } from './write';
import { crc32, readZip, writeZip, ZipProblem, zipSize, type ZipEntry } from './zip';

const PASSPHRASE = 'lusab-babad-gutih-tugad';
const encoder = new TextEncoder();
type Entries = Map<string, Uint8Array>;

function entryOf(name: string, bytes: Uint8Array): ZipEntry {
  return {
    name,
    size: bytes.length,
    crc: crc32(bytes),
    bytes: async function* () {
      yield bytes;
    },
  };
}

async function zipOf(entries: Iterable<[string, Uint8Array]>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of writeZip([...entries].map(([name, bytes]) => entryOf(name, bytes)))) parts.push(part);
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function entriesOf(zip: AsyncIterable<Uint8Array>): Promise<Entries> {
  const found: Entries = new Map();
  for await (const { name, bytes } of readZip(zip)) {
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part.slice());
    found.set(name, joined(parts));
  }
  return found;
}

/** In parts that fit nothing. */
async function* inParts(bytes: Uint8Array, length = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function fileOf(zip: Uint8Array): Promise<Blob> {
  const stream = new Blob([zip as Uint8Array<ArrayBuffer>]).stream();
  return new Response(await seal(stream, PASSPHRASE, 4)).blob();
}

/** What Lena's tablet writes, taken apart. */
async function written(): Promise<Entries> {
  const database = await openTablet(LENA);
  const photo = crypto.getRandomValues(new Uint8Array(5000));
  const sha256 = sha256Of(photo);
  await commit(
    database,
    AUDIT,
    [add('audit', AUDIT, { workspace: WORKSPACE, type: 'stage_2' }), add('team_member', 'm2', { account: ARON })],
    [cutEvidence(photo.buffer, sha256, 'image/jpeg')],
  );
  const installation = await installationOf(database);
  const session: Session = {
    account: LENA,
    name: 'Lena',
    email: '',
    language: 'en',
    installation,
    workspaces: [],
    database,
  };
  const prepared = await prepareHandover(session, null);
  if (isRefusal(prepared)) throw new Error(prepared.code);
  const file = await new Response(await prepared.stream(PASSPHRASE, undefined, 4)).blob();
  const unsealed = await unseal(file, PASSPHRASE);
  if (isRefusal(unsealed)) throw new Error(unsealed.code);
  return entriesOf(partsOf(await unsealed.content()));
}

const text = (value: unknown): Uint8Array => encoder.encode(typeof value === 'string' ? value : JSON.stringify(value));
const BATCHES = `audits/${AUDIT}/batches.jsonl`;

function said(entries: Entries): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(entries.get('handover.json')!)) as Record<string, unknown>;
}

describe('a file from somebody who has the passphrase', () => {
  const POISON: [what: string, code: string, change: (entries: Entries) => void | Uint8Array][] = [
    ['holds nothing', 'malformed', () => new Uint8Array(0)],
    ['is no ZIP', 'malformed', () => encoder.encode('PK and then some text')],
    ['is a ZIP of somebody else', 'not_a_handover', (entries) => void entries.delete('handover.json')],
    ['leads out of the folder', 'malformed', (entries) => void entries.set('../../evil', text('x'))],
    ['has an entry too many', 'malformed', (entries) => void entries.set(`evidence/${'0'.repeat(64)}`, text('x'))],
    ['lacks an entry', 'malformed', (entries) => void entries.delete(BATCHES)],
    [
      'has ten thousand entries',
      'malformed',
      (entries) => {
        for (let n = 0; n < 10_000; n += 1) entries.set(`evidence/${n.toString(16).padStart(64, '0')}`, text(''));
      },
    ],
    ['says contents that are a list', 'not_a_handover', (entries) => void entries.set('handover.json', text('[]'))],
    [
      'says contents that are no text',
      'malformed',
      (entries) => void entries.set('handover.json', new Uint8Array([0xff, 0xfe])),
    ],
    [
      'says contents that are deep',
      'malformed',
      (entries) => void entries.set('handover.json', text('['.repeat(100_000))),
    ],
    [
      'says audits that are a number',
      'malformed',
      (entries) => void entries.set('handover.json', text({ ...said(entries), audits: 7 })),
    ],
    [
      'is of another version',
      'other_version',
      (entries) => void entries.set('handover.json', text({ ...said(entries), version: 2 })),
    ],
    ['has batches that are no JSON', 'malformed', (entries) => void entries.set(BATCHES, text('{\n'))],
    ['has batches of another type', 'malformed', (entries) => void entries.set(BATCHES, text('7\n'))],
    ['has batches without an end', 'malformed', (entries) => void entries.set(BATCHES, text('{}'))],
    ['has fewer batches than it says', 'malformed', (entries) => void entries.set(BATCHES, text(''))],
    [
      'names another chain than it holds',
      'malformed',
      (entries) => {
        const batch = new TextDecoder()
          .decode(entries.get(BATCHES)!)
          .replace(`"account":"${LENA}"`, `"account":"${ARON}"`);
        entries.set(BATCHES, text(batch));
      },
    ],
  ];

  test.each(POISON)('%s: refused as %s', async (_what, code, change) => {
    const aron = await openTablet(ARON);
    const before = await contentOf(aron);
    const entries = await written();
    const zip = change(entries) ?? (await zipOf(entries));
    const found = await openHandover(aron, await fileOf(zip), PASSPHRASE);
    const answer = isRefusal(found) ? found : await takeInHandover(aron, found);
    expect(answer).toMatchObject({ code: `handover.${code}` });
    expect(await contentOf(aron)).toEqual(before);
  });

  test('with another photo under the name of one is refused when it is taken in, and leaves nothing', async () => {
    const aron = await openTablet(ARON);
    const before = await contentOf(aron);
    const entries = await written();
    const name = [...entries.keys()].at(-1)!;
    entries.set(
      name,
      entries.get(name)!.map((byte) => byte ^ 1),
    );
    const found = await openHandover(aron, await fileOf(await zipOf(entries)), PASSPHRASE);
    if (isRefusal(found)) throw new Error(found.code);
    expect(await takeInHandover(aron, found)).toMatchObject({ code: 'handover.malformed' });
    expect(await contentOf(aron)).toEqual(before);
  });

  test('that ends within a photo is opened, refused when it is taken in, and leaves nothing', async () => {
    const aron = await openTablet(ARON);
    const before = await contentOf(aron);
    const zip = await zipOf(await written());
    const found = await openHandover(aron, await fileOf(zip.subarray(0, zip.length - 2000)), PASSPHRASE);
    if (isRefusal(found)) throw new Error(found.code);
    expect(await takeInHandover(aron, found)).toMatchObject({ code: 'handover.malformed' });
    expect(await contentOf(aron)).toEqual(before);
  });
});

describe('a ZIP', () => {
  const entries: [string, Uint8Array][] = [
    ['one.txt', encoder.encode('one')],
    ['a/empty', new Uint8Array(0)],
    ['a/ä.bin', crypto.getRandomValues(new Uint8Array(1000))],
  ];

  test('is read as it was written, in whatever parts it comes', async () => {
    const zip = await zipOf(entries);
    expect(zip.length).toBe(zipSize(entries.map(([name, bytes]) => ({ name, size: bytes.length }))));
    for (const length of [1, 7, 64, 10_000]) expect([...(await entriesOf(inParts(zip, length)))]).toEqual(entries);
  });

  test('with ten thousand entries is one like any other', async () => {
    const many = Array.from({ length: 10_000 }, (_, n): [string, Uint8Array] => [`e/${n}`, encoder.encode(String(n))]);
    expect((await entriesOf(inParts(await zipOf(many), 4096))).size).toBe(10_000);
  });

  test('that differs in any byte, or ends anywhere before its end, is not read', async () => {
    const zip = await zipOf(entries);
    for (let at = 0; at < zip.length; at += 1) {
      const flipped = zip.slice();
      flipped[at]! ^= 0x20;
      await expect(entriesOf(inParts(flipped, 64)), `byte ${at}`).rejects.toThrow(ZipProblem);
      await expect(entriesOf(inParts(zip.subarray(0, at), 64)), `end at ${at}`).rejects.toThrow(ZipProblem);
    }
    await expect(entriesOf(inParts(joined([zip, new Uint8Array(1)]), 64))).rejects.toThrow(ZipProblem);
  });

  test('with a name that stands twice is not read', async () => {
    const zip = await zipOf([...entries, ['one.txt', encoder.encode('two')]]);
    await expect(entriesOf(inParts(zip, 64))).rejects.toThrow(ZipProblem);
  });
});
