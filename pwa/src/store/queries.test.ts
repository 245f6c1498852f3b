import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import type { LogView } from '../domain/fold';
import { add, seal, set } from './changes';
import { commit } from './commit';
import { deviceKey, signText } from './keys';
import type { Live } from './live';
import { once, watchAudits, watchEvidence, watchLog, watchOutbox, watchTrust } from './queries';
import { AUDIT, openTab, openTablet, WORKSPACE } from './testing';

const finding = add('finding', 'f1', { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' });

/** Waits until a live value is as expected. */
function until<T>(live: Live<T>, isSo: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const stop = live.subscribe((value) => {
      if (value === undefined || !isSo(value)) return;
      queueMicrotask(() => stop());
      resolve(value);
    });
  });
}

const titleOf = (view: LogView): unknown => view.find('finding', 'f1')?.get('title');

describe('what is watched', () => {
  test('an audit follows every commit, in this tab and in another', async () => {
    const db = await openTablet();
    const live = watchLog(db, AUDIT);
    const values: unknown[] = [];
    const stop = live.subscribe((view) => values.push(view && titleOf(view)));
    expect(values).toEqual([undefined]);
    await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'Here')]);
    await until(live, (view) => titleOf(view) === 'Here');
    await commit(await openTab(db), AUDIT, [set('finding', 'f1', 'title', 'There')]);
    await until(live, (view) => titleOf(view) === 'There');
    stop();
  });

  test('whoever comes later sees at once what is known, and everybody shares one view', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [finding]);
    const view = await once(watchLog(db, AUDIT));
    let seen: LogView | undefined;
    watchLog(db, AUDIT).subscribe((later) => (seen = later))();
    expect(seen).toBe(view);
  });

  test('an audit that exists on this tablet only is in the list', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [
      add('audit', AUDIT, { workspace: WORKSPACE, type: 'internal' }),
      set('audit', AUDIT, 'title', 'T'),
    ]);
    expect(await once(watchAudits(db))).toMatchObject([
      { id: AUDIT, title: 'T', type: 'internal', isOnServer: false, isReadyOffline: true, isSealed: false },
    ]);
  });

  test('the list knows that a report of the audit was sealed', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [add('audit', AUDIT, { workspace: WORKSPACE, type: 'internal' })]);
    expect(await once(watchAudits(db))).toMatchObject([{ isReported: false }]);
    const record = { sha256: 'ab'.repeat(32), closing_sha256: 'cd'.repeat(32), record: '{}', revision: 1 };
    await commit(db, AUDIT, [add('report_record', 'r1', record as never)]);
    expect(await once(watchAudits(db))).toMatchObject([{ isReported: false }]);
    await commit(db, AUDIT, [seal('report_record', 'r1', { sealed_at: '2026-11-24T16:00:00.000Z' } as never)]);
    expect(await once(watchAudits(db))).toMatchObject([{ isReported: true }]);
  });

  test('the outbox and the marks of trust count what waits', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [finding]);
    expect(await once(watchOutbox(db))).toMatchObject({ operations: 1, photos: 0 });
    const [chain] = await db.chains.toArray();
    expect((await once(watchTrust(db, AUDIT)))('finding/f1')).toBe('saved');
    await db.chains.update(chain!.chain, { pushed: 1 });
    expect((await until(watchTrust(db, AUDIT), (of) => of('finding/f1') === 'sent'))('finding/f2')).toBe('safe');
  });

  test('the gallery says where the bytes are', async () => {
    const db = await openTablet();
    const born = {
      kind: 'photo',
      sha256: 'ab'.repeat(32),
      size: 3,
      media_type: 'image/jpeg',
      source: 'file',
      file_name: null,
      captured_at: '2026-11-24T09:41:07.250Z',
    } as const;
    await commit(db, AUDIT, [
      add('evidence', 'e1', born),
      add('evidence_link', 'l1', { evidence: 'e1', finding: 'f1', criterion: null }),
    ]);
    expect(await once(watchEvidence(db, AUDIT))).toMatchObject([
      { id: 'e1', bytes: 'elsewhere', hasThumbnail: false, links: [{ id: 'l1', finding: 'f1' }] },
    ]);
  });
});

describe('the key of this installation', () => {
  test('is made once and cannot leave', async () => {
    const db = await openTablet();
    const key = await deviceKey(db, 'i1');
    expect((await deviceKey(db, 'i1'))!.public_key).toBe(key!.public_key);
    await expect(crypto.subtle.exportKey('pkcs8', key!.private_key)).rejects.toThrow();
  });

  test('that the browser stored and does not give back is no key, and nothing is thrown', async () => {
    const db = await openTablet();
    db.keys.get = (() => Promise.resolve(undefined)) as never;
    expect(await deviceKey(db, 'i1')).toBeNull();
    expect(await signText(null, 'text')).toBeNull();
  });
});
