import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { ApiClient } from '../api/client';
import { hashOf } from '../capture/hash';
import { installationOf, type AuditbookDatabase } from '../store/database';
import { readEvidence } from '../store/evidence-bytes';
import { readKind, readLog } from '../store/queries';
import { appendToRecording, readRecorded, readRecordings } from '../store/recordings';
import { LENA, openTablet, WORKSPACE } from '../store/testing';
import { fetchVoice } from '../sync/fetch-voice';
import { changeAudit, createAudit } from './audit';
import { isRefusal, type Outcome, type Session } from './session';
import { beginVoiceNote, keepVoiceNote, recoverRecordings, type VoiceBegun, type WhereAlone } from './voice';

const ALONE: WhereAlone = (_, act) => act();
const part = (...bytes: number[]) => Uint8Array.from(bytes).buffer;

async function done<T extends object>(outcome: Promise<Outcome<T>>): Promise<T> {
  const found = await outcome;
  if (isRefusal(found)) throw new Error(found.code);
  return found as T;
}

async function dictating(): Promise<{ lena: Session; audit: string; db: AuditbookDatabase }> {
  const database = await openTablet(LENA);
  const lena: Session = {
    account: LENA,
    name: 'Lena Weiß',
    email: 'lena@example.org',
    language: 'de',
    installation: await installationOf(database),
    workspaces: [{ id: WORKSPACE, kind: 'certification_body', name: 'Muster Cert', roles: ['lead_auditor'] }],
    database,
  };
  const { id: audit } = await done(createAudit(lena, { workspace: WORKSPACE, type: 'surveillance', title: 'One' }));
  await done(changeAudit(lena, audit, { voice_notes: true }));
  return { lena, audit, db: database };
}

async function begin(lena: Session, audit: string): Promise<VoiceBegun> {
  return done(beginVoiceNote(lena, audit, 'audio/webm', { criterion: 'iso9001-2015:7.1.5.2' }));
}

test('no microphone is asked for while the audit does not say that its auditors may dictate', async () => {
  const { lena, audit, db } = await dictating();
  await done(changeAudit(lena, audit, { voice_notes: false }));
  expect(await beginVoiceNote(lena, audit, 'audio/webm', {})).toMatchObject({ code: 'evidence.voice_notes_off' });
  expect(await readRecordings(db)).toEqual([]);
});

test('a voice note is evidence with its exact bytes, its length and where it belongs, and nothing of it lies here twice', async () => {
  const { lena, audit, db } = await dictating();
  const begun = await begin(lena, audit);
  await appendToRecording(db, begun.id, 0, part(1, 2, 3), 1000);
  const added = await done(
    keepVoiceNote(lena, begun, { parts: [part(1, 2, 3), part(4, 5)], length: 1650.4, end: 'stopped' }),
  );
  const [note] = await readKind(db, audit, 'evidence');
  expect(note!.born).toEqual({
    kind: 'voice_note',
    sha256: await hashOf(part(1, 2, 3, 4, 5)),
    size: 5,
    media_type: 'audio/webm',
    source: 'microphone',
    file_name: null,
    captured_at: begun.captured_at,
  });
  expect([note!.id, note!.get('recording')]).toEqual([begun.id, { length: 1650, end: 'stopped' }]);
  const [link] = await readKind(db, audit, 'evidence_link');
  expect(link!.get('criterion')).toBe('iso9001-2015:7.1.5.2');
  expect([...(await readEvidence(db, added.sha256))!]).toEqual([1, 2, 3, 4, 5]);
  expect(await readRecordings(db)).toEqual([]);
  expect((await readRecorded(db, begun.id)).byteLength).toBe(0);
});

test('what was said is kept although somebody switched voice notes off meanwhile', async () => {
  const { lena, audit, db } = await dictating();
  const begun = await begin(lena, audit);
  await done(changeAudit(lena, audit, { voice_notes: false }));
  await done(keepVoiceNote(lena, begun, { parts: [part(1)], length: 100, end: 'stopped' }));
  expect(await readKind(db, audit, 'evidence')).toHaveLength(1);
});

describe('what a killed browser left behind', () => {
  test('becomes a voice note that says so, once, with what had come until then', async () => {
    const { lena, audit, db } = await dictating();
    const begun = await begin(lena, audit);
    await appendToRecording(db, begun.id, 0, part(1, 2), 1000);
    await appendToRecording(db, begun.id, 1, part(3), 2010);
    expect(await recoverRecordings(lena, ALONE)).toBe(1);
    expect(await recoverRecordings(lena, ALONE)).toBe(0);
    const [note, ...others] = await readKind(db, audit, 'evidence');
    expect(others).toEqual([]);
    expect(note!.get('recording')).toEqual({ length: 2010, end: 'recovered' });
    expect(note!.get('captured_at')).toBe(begun.captured_at);
    expect([...(await readEvidence(db, note!.get('sha256')!))!]).toEqual([1, 2, 3]);
    expect((await readLog(db, audit)).ofKind('evidence_link')).toHaveLength(1);
  });

  test('is what comes before a part that is missing: what follows a gap cannot be played', async () => {
    const { lena, audit, db } = await dictating();
    const begun = await begin(lena, audit);
    await appendToRecording(db, begun.id, 0, part(1, 2), 1000);
    await appendToRecording(db, begun.id, 2, part(9), 3000);
    await recoverRecordings(lena, ALONE);
    const [note] = await readKind(db, audit, 'evidence');
    expect(note!.get('size')).toBe(2);
  });

  test('is nothing where nothing had been said', async () => {
    const { lena, audit, db } = await dictating();
    await begin(lena, audit);
    expect(await recoverRecordings(lena, ALONE)).toBe(0);
    expect([await readKind(db, audit, 'evidence'), await readRecordings(db)]).toEqual([[], []]);
  });

  test('is not taken twice where the browser died between keeping it and clearing up', async () => {
    const { lena, audit, db } = await dictating();
    const begun = await begin(lena, audit);
    await appendToRecording(db, begun.id, 0, part(1, 2), 1000);
    const lines = await Promise.all([db.recordings.toArray(), db.recording_chunks.toArray()]);
    await done(keepVoiceNote(lena, begun, { parts: [part(1, 2, 3)], length: 1500, end: 'stopped' }));
    await db.recordings.bulkPut(lines[0]);
    await db.recording_chunks.bulkPut(lines[1]);
    expect(await recoverRecordings(lena, ALONE)).toBe(0);
    const notes = await readKind(db, audit, 'evidence');
    expect(notes.map((note) => note.get('recording'))).toEqual([{ length: 1500, end: 'stopped' }]);
    expect(await readRecordings(db)).toEqual([]);
  });

  test('is left alone while another tab is recording it', async () => {
    const { lena, audit, db } = await dictating();
    const begun = await begin(lena, audit);
    await appendToRecording(db, begun.id, 0, part(1, 2), 1000);
    expect(await recoverRecordings(lena, () => Promise.resolve())).toBe(0);
    expect(await readRecordings(db)).toHaveLength(1);
  });
});

test('a voice note of another tablet is fetched, and heard only if it is what was recorded', async () => {
  const { lena, audit, db } = await dictating();
  const bytes = part(1, 2, 3);
  const sha256 = await hashOf(bytes);
  const server = (given: ArrayBuffer, status = 200) =>
    new ApiClient('http://auditbook.test', () => Promise.resolve(new Response(given, { status })));
  expect(await fetchVoice(db, audit, sha256, server(bytes))).toEqual(bytes);
  expect(await fetchVoice(db, audit, sha256, server(part(9)))).toBeNull();
  expect(await fetchVoice(db, audit, sha256, server(part(), 503))).toBeNull();
  const added = await done(
    keepVoiceNote(lena, await begin(lena, audit), { parts: [bytes], length: 100, end: 'stopped' }),
  );
  const never = new ApiClient('http://auditbook.test', () => Promise.reject(new Error('asked')));
  expect(new Uint8Array((await fetchVoice(db, audit, added.sha256, never))!)).toEqual(new Uint8Array(bytes));
});
