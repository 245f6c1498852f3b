/**
 * What is being dictated, second by second, so that a killed browser costs the last one alone. It becomes evidence when it is stopped,
 * and is found at the next start where it was not (commands/voice.ts).
 */
import Dexie from 'dexie';
import { decode, encode } from './codec';
import type { AuditbookDatabase, Recording } from './database';
import { asNotSaved } from './not-saved';

export interface KeptRecording extends Recording {
  readonly id: string;
  readonly audit: string;
}

/** Throws `NotSaved`, as the others here. */
export async function beginRecording(
  db: AuditbookDatabase,
  { id, audit, ...recording }: Omit<KeptRecording, 'length'>,
): Promise<void> {
  await keeping(() => db.recordings.put({ id, audit, body: encode({ ...recording, length: 0 }) }));
}

/** `length`: milliseconds that were spoken up to the end of this part. */
export async function appendToRecording(
  db: AuditbookDatabase,
  id: string,
  index: number,
  bytes: ArrayBuffer,
  length: number,
): Promise<void> {
  await keeping(() =>
    db.transaction('rw', [db.recordings, db.recording_chunks], async () => {
      const row = await db.recordings.get(id);
      if (row === undefined) return;
      await db.recording_chunks.put({ id, index, body: encode(bytes) });
      await db.recordings.put({ ...row, body: encode({ ...decode(row.body), length }) });
    }),
  );
}

export async function readRecordings(db: AuditbookDatabase): Promise<KeptRecording[]> {
  return (await db.recordings.toArray()).map(({ id, audit, body }) => ({ id, audit, ...decode(body) }));
}

/** What of it lies here, from its beginning up to the first part that is missing. */
export async function readRecorded(db: AuditbookDatabase, id: string): Promise<ArrayBuffer> {
  const rows = await db.recording_chunks.where('[id+index]').between([id, Dexie.minKey], [id, Dexie.maxKey]).toArray();
  const parts = rows.filter(({ index }, place) => index === place).map(({ body }) => decode(body));
  return joined(parts);
}

/** It is evidence now, or there is nothing in it. */
export async function dropRecording(db: AuditbookDatabase, id: string): Promise<void> {
  await db.transaction('rw', [db.recordings, db.recording_chunks], async () => {
    await db.recordings.delete(id);
    await db.recording_chunks.where('[id+index]').between([id, Dexie.minKey], [id, Dexie.maxKey]).delete();
  });
}

export function joined(parts: readonly ArrayBuffer[]): ArrayBuffer {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return bytes.buffer;
}

async function keeping(act: () => PromiseLike<unknown>): Promise<void> {
  try {
    await act();
  } catch (problem) {
    throw asNotSaved(problem);
  }
}
