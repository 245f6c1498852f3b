import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { ApiClient } from '../api/client';
import { createAudit } from '../commands/audit';
import { addEvidence, annotate } from '../commands/evidence';
import type { Shape } from '../domain/annotation';
import { isRefusal, type Outcome, type Session } from '../commands/session';
import { installationOf } from '../store/database';
import { readKind, readPicture } from '../store/queries';
import { LENA, openTablet, WORKSPACE } from '../store/testing';
import { fetchThumbnails } from './take-along';

async function done<T extends object>(outcome: Promise<Outcome<T>>): Promise<T> {
  const found = await outcome;
  if (isRefusal(found)) throw new Error(found.code);
  return found as T;
}

/** An audit with one photo whose bytes are these, and a server that remembers what it is asked for. */
async function auditWithPhoto(content: string) {
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
  await done(addEvidence(lena, audit, { content: new Blob([content]), mediaType: 'image/jpeg', source: 'file' }));
  const [photo] = await readKind(database, audit, 'evidence');
  const sha256 = photo!.get('sha256')!;
  await database.evidence_thumbnails.clear();
  const asked: string[] = [];
  const api = new ApiClient('http://auditbook.test', (address) => {
    asked.push(new URL(String(address)).pathname);
    return Promise.resolve(new Response(content, { headers: { 'Content-Type': 'image/jpeg' } }));
  });
  return { lena, photo: photo!.id, database, api, audit, sha256, asked: () => asked };
}

test('what no browser can draw is no thumbnail, however small it is, and is not fetched with every sync', async () => {
  const { database, api, audit, sha256, asked } = await auditWithPhoto('not a picture at all');
  const cannot = () => Promise.resolve(null);
  for (let run = 0; run < 3; run += 1) {
    expect(await fetchThumbnails(database, api, audit, undefined, cannot)).toBe(0);
  }
  expect(await readPicture(database, sha256, 'thumbnail')).toBeNull();
  expect(asked()).toHaveLength(1);
});

test('a small picture is its own thumbnail', async () => {
  const { database, api, audit, sha256 } = await auditWithPhoto('a small picture');
  const bytes = new ArrayBuffer(3);
  const can = () => Promise.resolve({ view: bytes, thumbnail: bytes, width: 1, height: 1 });
  expect(await fetchThumbnails(database, api, audit, undefined, can)).toBe(0);
  expect((await readPicture(database, sha256, 'thumbnail'))?.size).toBe('a small picture'.length);
});

test('of a photo of which something is covered the small picture comes down, which the server has painted over', async () => {
  const { lena, photo, database, api, audit, sha256, asked } = await auditWithPhoto('a photo of a person');
  const face: Shape = {
    kind: 'redact',
    colour: null,
    points: [
      [10, 10],
      [500, 500],
    ],
    text: null,
  };
  await done(annotate(lena, audit, photo, [], [face]));
  const bytes = new ArrayBuffer(3);
  const can = () => Promise.resolve({ view: bytes, thumbnail: bytes, width: 1, height: 1 });
  expect(await fetchThumbnails(database, api, audit, undefined, can)).toBe(0);
  expect(asked()).toEqual([`/api/audits/${audit}/evidence/${sha256}/pictures/thumbnail`]);
});
