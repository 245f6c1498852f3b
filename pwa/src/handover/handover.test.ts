import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { isRefusal } from '../domain/refusal';
import { add, set } from '../store/changes';
import { commit } from '../store/commit';
import { installationOf, type AuditbookDatabase } from '../store/database';
import { cutEvidence, readEvidence } from '../store/evidence-bytes';
import { readOutbox } from '../store/outbox';
import { readLog } from '../store/queries';
import type { Session } from '../store/session';
import { ARON, AUDIT, contentOf, LENA, openTablet, WORKSPACE } from '../store/testing';
import { sha256Of } from '../domain/operation';
import { openHandover } from './read';
import { takeInHandover } from './take-in';
import { prepareHandover } from './write';

const PASSPHRASE = 'lusab-babad-gutih-tugad';
const birth = add('audit', AUDIT, { workspace: WORKSPACE, type: 'stage_2' });
const member = (id: string, account: string) => [
  add('team_member', id, { account }),
  set('team_member', id, 'role', 'auditor'),
];
const finding = (id: string, title: string) => [
  add('finding', id, { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' }),
  set('finding', id, 'title', title),
];

async function sessionOf(database: AuditbookDatabase): Promise<Session> {
  const installation = await installationOf(database);
  const name = database.account === LENA ? 'Lena' : 'Aron';
  return { account: database.account, name, email: '', language: 'en', installation, workspaces: [], database };
}

async function takenOut(db: AuditbookDatabase, only: string | null = null): Promise<Blob> {
  const prepared = await prepareHandover(await sessionOf(db), only);
  if (isRefusal(prepared)) throw new Error(prepared.code);
  return new Response(await prepared.stream(PASSPHRASE, undefined, 4)).blob();
}

async function takenIn(db: AuditbookDatabase, file: Blob) {
  const opened = await openHandover(db, file, PASSPHRASE);
  if (isRefusal(opened)) return opened;
  return takeInHandover(db, opened);
}

const titles = async (db: AuditbookDatabase) =>
  (await readLog(db, AUDIT)).ofKind('finding').map((entity) => entity.get('title'));

describe('two tablets without a network', () => {
  test('see what both wrote after one file each way, photos included', async () => {
    const [lena, aron] = [await openTablet(LENA), await openTablet(ARON)];
    const bytes = crypto.getRandomValues(new Uint8Array(40_000)).buffer;
    const sha256 = sha256Of(new Uint8Array(bytes));
    await commit(
      lena,
      AUDIT,
      [birth, ...member('m2', ARON), ...finding('f1', 'Of Lena')],
      [cutEvidence(bytes, sha256, 'image/jpeg')],
    );
    expect(await takenIn(aron, await takenOut(lena))).toEqual({ entries: 0, operations: 5, photos: 1 });
    expect(await titles(aron)).toEqual(['Of Lena']);
    expect(await readEvidence(aron, sha256)).toEqual(new Uint8Array(bytes));
    await commit(aron, AUDIT, finding('f2', 'Of Aron'));
    await takenIn(lena, await takenOut(aron));
    expect((await titles(lena)).toSorted()).toEqual(['Of Aron', 'Of Lena']);
    expect((await readOutbox(lena)).carried).toBe(2);
    expect(await readLog(lena, AUDIT)).toEqual(await readLog(aron, AUDIT));
  });

  test('may take the same file in twice', async () => {
    const [lena, aron] = [await openTablet(LENA), await openTablet(ARON)];
    await commit(lena, AUDIT, [birth, ...member('m2', ARON), ...finding('f1', 'Of Lena')]);
    const file = await takenOut(lena);
    await takenIn(aron, file);
    const before = await contentOf(aron);
    expect(await takenIn(aron, file)).toEqual({ entries: 0, operations: 0, photos: 0 });
    expect(await contentOf(aron)).toEqual(before);
  });
});
