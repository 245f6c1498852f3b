import 'fake-indexeddb/auto';
import { expect, test, vi } from 'vitest';
import type { Written } from '../../../commands/session';
import { add, seal } from '../../../store/changes';
import { commit } from '../../../store/commit';
import { installationOf } from '../../../store/database';
import { LENA, openTablet } from '../../../store/testing';
import { newId } from '../../../store/device';
import { OpenAudit } from '../open-audit.svelte';
import { Saving } from '../saving.svelte';

/** A busy machine is no fault of a test. */
const PATIENCE = { timeout: 15_000 };

const SHA256 = 'a'.repeat(64);

/** An audit on this tablet whose closing record is sealed, and a change that is counted when it is written. */
async function sealedAudit() {
  const db = await openTablet(LENA);
  const id = newId();
  const installation = await installationOf(db);
  const vouched = {
    purpose: 'closing' as const,
    audit: id,
    sha256: SHA256,
    signatures: [] as string[],
    supersedes: null,
  };
  const device = { installation, account: LENA, public_key: null, device_signature: null };
  await commit(db, id, [
    add('closing_record', 'c1', { record: '{}', sha256: SHA256 }),
    seal('closing_record', 'c1', { ...vouched, ...device, sealed_at: '2026-11-26T15:42:00.000Z' }),
  ]);
  const audit = new OpenAudit(id, LENA, db);
  await vi.waitFor(() => expect(audit.sealedAt).toBe('2026-11-26T15:42:00.000Z'), PATIENCE);
  const written: Written = { audit: id, operations: [], undo: [] };
  const change = vi.fn(() => Promise.resolve(written));
  return { audit, change };
}

test('the first change after the seal is asked about, the second is not', async () => {
  const { audit, change } = await sealedAudit();
  const kept = audit.keep(new Saving(), change);
  await vi.waitFor(() => expect(audit.afterSeal.isAsking).toBe(true), PATIENCE);
  expect(change).not.toHaveBeenCalled();
  audit.afterSeal.answer(true);
  expect(await kept).not.toBeNull();
  expect(await audit.keep(new Saving(), change)).not.toBeNull();
  expect(change).toHaveBeenCalledTimes(2);
  audit.close();
});

test('whoever says no has changed nothing, and is asked again the next time', async () => {
  const { audit, change } = await sealedAudit();
  const saving = new Saving();
  const kept = audit.keep(saving, change);
  await vi.waitFor(() => expect(audit.afterSeal.isAsking).toBe(true), PATIENCE);
  audit.afterSeal.answer(false);
  expect(await kept).toBeNull();
  expect(change).not.toHaveBeenCalled();
  expect(saving.state).toBe('failed');
  void audit.keep(saving, change);
  await vi.waitFor(() => expect(audit.afterSeal.isAsking).toBe(true), PATIENCE);
  audit.close();
});

test('the words of the report and the seals themselves are written unasked', async () => {
  const { audit, change } = await sealedAudit();
  await audit.keepBesideSeal(new Saving(), change);
  expect(audit.afterSeal.isAsking).toBe(false);
  expect(change).toHaveBeenCalledOnce();
  audit.close();
});

test('undo is a change like others', async () => {
  const { audit } = await sealedAudit();
  const written = { audit: audit.id, operations: [], undo: [{}] } as unknown as Written;
  audit.undoing.did(written, 'A finding');
  const undone = audit.undoing.undo();
  await vi.waitFor(() => expect(audit.afterSeal.isAsking).toBe(true), PATIENCE);
  audit.afterSeal.answer(false);
  await undone;
  expect(audit.undoing.message).not.toBe('');
  audit.close();
});
