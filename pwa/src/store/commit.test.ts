import 'fake-indexeddb/auto';
import { IDBObjectStore } from 'fake-indexeddb';
import { afterEach, describe, expect, test } from 'vitest';
import { foldLog } from '../domain/fold';
import { digestOf, GENESIS, parseOperation, sha256Of, type Operation } from '../domain/operation';
import { add, del, resolve, set, setAll, undelete } from './changes';
import { commit } from './commit';
import { decode } from './codec';
import { chainName, type AuditbookDatabase } from './database';
import { draftKeeper, readDraft } from './drafts';
import { cutEvidence, isEvidenceIntact, readEvidence } from './evidence-bytes';
import { isConnectionLost, NotSaved } from './not-saved';
import { readEntity, readLog } from './queries';
import { entriesOf } from './refold';
import { AUDIT, contentOf, LENA, openTab, openTablet, testLong } from './testing';

const RAISED = { raised_at: '2026-11-24T09:41:07.250Z', raised_by: 'm1' };
const finding = add('finding', 'f1', RAISED);

async function chainOf(db: AuditbookDatabase): Promise<Operation[]> {
  const rows = await db.operations.orderBy('[chain+dseq]').toArray();
  return rows.map((row) => parseOperation(decode(row.body)) as Operation);
}

/** What the screen shows is what the log says. */
async function expectStateIsFold(db: AuditbookDatabase): Promise<void> {
  const folded = foldLog(entriesOf(await db.operations.toArray()));
  const shown = await readLog(db, AUDIT);
  expect(shown.entities).toEqual(folded.entities);
}

function bytesOf(length: number): ArrayBuffer {
  return Uint8Array.from({ length }, (_, index) => (index * 7) % 251).buffer;
}

const putBack: (() => void)[] = [];
afterEach(() => putBack.splice(0).forEach((undo) => undo()));

/** The n-th write request to any object store throws, once. */
function failAtWrite(nth: number, problem: () => Error): { count: () => number } {
  let seen = 0;
  for (const method of ['put', 'add', 'delete'] as const) {
    const original = IDBObjectStore.prototype[method] as (...args: unknown[]) => IDBRequest;
    IDBObjectStore.prototype[method] = function (this: unknown, ...args: unknown[]) {
      seen += 1;
      if (seen === nth) throw problem();
      return original.apply(this, args);
    } as never;
    putBack.push(() => (IDBObjectStore.prototype[method] = original as never));
  }
  return { count: () => seen };
}

describe('a chain', () => {
  test('is gapless, names its predecessor and replaces what was seen', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'Caliper')]);
    await commit(db, AUDIT, [set('finding', 'f1', 'title', 'Caliper overdue')]);
    const chain = await chainOf(db);
    expect(chain.map((operation) => operation.dseq)).toEqual([1, 2, 3]);
    expect(chain.map((operation) => operation.prev)).toEqual([GENESIS, chain[0]!.digest, chain[1]!.digest]);
    expect(chain[2]!.bases).toEqual([chain[1]!.digest]);
    expect(chain.every((operation) => operation.chain.account === LENA)).toBe(true);
    expect(chain.every((operation) => digestOf(operation.data) === operation.digest)).toBe(true);
    await expectStateIsFold(db);
  });

  test('is apart for each audit', async () => {
    const db = await openTablet();
    const other = AUDIT.replace('a0d', 'a0e');
    const [one, two] = [await commit(db, AUDIT, [finding]), await commit(db, other, [finding])];
    expect([one.operations[0]!.dseq, two.operations[0]!.dseq]).toEqual([1, 1]);
    expect((await readLog(db, other)).ofKind('finding')).toHaveLength(1);
  });

  test('a value that is there already makes no operation', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [finding, set('finding', 'f1', 'criteria', ['iso9001-2015:7.1.5.1'])]);
    const again = await commit(db, AUDIT, [set('finding', 'f1', 'criteria', ['iso9001-2015:7.1.5.1'])]);
    expect(again).toMatchObject({ operations: [], undo: [] });
    expect(await db.operations.count()).toBe(2);
  });

  test('two tabs that write the same field at once leave one chain and one head', async () => {
    const db = await openTablet();
    const tab = await openTab(db);
    await commit(db, AUDIT, [finding]);
    const writes = Array.from({ length: 20 }, (_, index) =>
      commit(index % 2 === 0 ? db : tab, AUDIT, [set('finding', 'f1', 'title', `Title ${index}`)]),
    );
    await Promise.all(writes);
    const chain = await chainOf(db);
    expect(chain.map((operation) => operation.dseq)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    for (const [index, operation] of chain.entries()) {
      if (index > 0) expect(operation.prev).toBe(chain[index - 1]!.digest);
      if (index > 1) expect(operation.bases).toEqual([chain[index - 1]!.digest]);
    }
    expect((await readEntity(db, AUDIT, 'finding', 'f1'))!.fields.get('title')!.heads).toHaveLength(1);
    await expectStateIsFold(db);
  });

  test('what a person pastes is kept, even half a surrogate pair', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'a\ud83d\u0000b')]);
    expect((await readEntity(db, AUDIT, 'finding', 'f1'))!.get('title')).toBe('a\ufffdb');
    expect(await chainOf(db)).toHaveLength(2);
  });
});

describe('deletion', () => {
  test('names every head of the entity, and can be taken back', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [finding, ...setAll('finding', 'f1', { title: 'Double', grade: 'positive' })]);
    const deleted = await commit(db, AUDIT, [del('finding', 'f1')]);
    const chain = await chainOf(db);
    expect(new Set(deleted.operations[0]!.bases)).toEqual(new Set(chain.slice(0, 3).map(({ digest }) => digest)));
    expect((await readLog(db, AUDIT)).ofKind('finding')).toHaveLength(0);
    expect(deleted.undo).toEqual([undelete('finding', 'f1')]);
    await commit(db, AUDIT, deleted.undo);
    expect((await readLog(db, AUDIT)).ofKind('finding')).toHaveLength(1);
    await expectStateIsFold(db);
  });
});

describe('undo', () => {
  test('sets back what was there, and deletes what was added', async () => {
    const db = await openTablet();
    const added = await commit(db, AUDIT, [finding, set('finding', 'f1', 'grade', 'minor_nonconformity')]);
    expect(added.undo).toEqual([del('finding', 'f1')]);
    const regraded = await commit(db, AUDIT, [
      set('finding', 'f1', 'grade', 'major_nonconformity'),
      set('finding', 'f1', 'grade_reason', 'Third time'),
    ]);
    await commit(db, AUDIT, regraded.undo);
    const shown = (await readEntity(db, AUDIT, 'finding', 'f1'))!;
    expect([shown.get('grade'), shown.get('grade_reason')]).toEqual(['minor_nonconformity', '']);
  });

  test('is not offered for half of what happened', async () => {
    const db = await openTablet();
    const { undo } = await commit(db, AUDIT, [set('audit', AUDIT, 'confirmed_headcount', 60)]);
    expect(undo).toEqual([]);
  });
});

describe('when the device fails', () => {
  testLong(
    'at whatever request it fails, all of a tap is kept or nothing',
    async () => {
      const bytes = bytesOf(530_000);
      const file = cutEvidence(bytes, sha256Of(new Uint8Array(bytes)), 'image/jpeg');
      const tap = [finding, set('finding', 'f1', 'title', 'With a photo')];
      let isKept = false;
      for (let nth = 1; !isKept; nth += 1) {
        const db = await openTablet();
        await commit(db, AUDIT, [add('note', 'n1', { observed_at: '2026-11-24T09:00:00.000Z' })]);
        const before = await contentOf(db);
        failAtWrite(nth, () => new DOMException('full', 'QuotaExceededError'));
        const outcome = await commit(db, AUDIT, tap, [file]).catch((problem: unknown) => problem);
        putBack.splice(0).forEach((undo) => undo());
        isKept = !(outcome instanceof NotSaved);
        if (isKept) {
          expect(nth).toBeGreaterThan(8);
          expect(sha256Of((await readEvidence(db, file.sha256))!)).toBe(file.sha256);
        } else {
          expect((outcome as NotSaved).code).toBe('storage.full');
          expect(await contentOf(db)).toEqual(before);
          await expectStateIsFold(db);
        }
        db.close();
      }
    },
    20_000,
  );

  test('a lost connection is opened once more and the same operations are written once', async () => {
    const db = await openTablet();
    failAtWrite(2, () => new DOMException('Connection to Indexed Database server lost', 'UnknownError'));
    const written = await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'Kept')]);
    expect(written.operations).toHaveLength(2);
    expect((await chainOf(db)).map(({ digest }) => digest)).toEqual(written.operations.map(({ digest }) => digest));
    await expectStateIsFold(db);
  });

  test('a transaction that was kept although the connection broke is found again by its ids', async () => {
    const db = await openTablet();
    const original = db.transaction.bind(db) as (...args: unknown[]) => Promise<unknown>;
    let broke = false;
    db.transaction = (async (...args: unknown[]) => {
      const result = await original(...args);
      if (!broke && args[0] === 'rw') {
        broke = true;
        throw new DOMException('The connection was closed after all', 'InvalidStateError');
      }
      return result;
    }) as never;
    const written = await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'Once')]);
    expect(broke).toBe(true);
    expect(written.operations.map((operation) => operation.fld)).toEqual(['born', 'title']);
    expect(await db.operations.count()).toBe(2);
  });

  test('a connection that stays lost is told', async () => {
    const db = await openTablet();
    db.transaction = (() => Promise.reject(new DOMException('lost', 'UnknownError'))) as never;
    await expect(commit(db, AUDIT, [finding])).rejects.toMatchObject({ code: 'storage.closed' });
  });

  test('a full disk is not taken for a lost connection', () => {
    expect(isConnectionLost({ name: 'AbortError', inner: { name: 'QuotaExceededError' } })).toBe(false);
    expect(isConnectionLost({ name: 'AbortError', inner: { name: 'UnknownError' } })).toBe(true);
  });
});

describe('evidence', () => {
  test('is kept in chunks beside the operation that names it, and hashes to its name', async () => {
    const db = await openTablet();
    const bytes = bytesOf(1_200_000);
    const sha256 = sha256Of(new Uint8Array(bytes));
    await commit(db, AUDIT, [finding], [cutEvidence(bytes, sha256, 'image/jpeg')]);
    expect(await db.evidence_bytes.count()).toBe(3);
    expect(await isEvidenceIntact(db, sha256, 3)).toBe(true);
    expect(await db.uploads.get([AUDIT, sha256])).toMatchObject({ state: 'waiting', size: 1_200_000 });
  });

  test('a flipped bit is noticed', async () => {
    const db = await openTablet();
    const bytes = bytesOf(1000);
    const sha256 = sha256Of(new Uint8Array(bytes));
    await commit(db, AUDIT, [finding], [cutEvidence(bytes, sha256, 'image/jpeg')]);
    const row = (await db.evidence_bytes.get([sha256, 0]))!;
    new Uint8Array(row.body.value)[3]! ^= 1;
    await db.evidence_bytes.put(row);
    expect(await isEvidenceIntact(db, sha256, 1)).toBe(false);
  });

  test('bytes that never read back right are told', async () => {
    const db = await openTablet();
    const file = cutEvidence(bytesOf(1000), '0'.repeat(64), 'image/jpeg');
    await expect(commit(db, AUDIT, [finding], [file])).rejects.toMatchObject({ code: 'storage.unreadable' });
    expect(await db.uploads.get([AUDIT, file.sha256])).toMatchObject({ state: 'damaged' });
  });
});

describe('a dispute', () => {
  test('is not closed by writing over the value that is shown, only by resolving it', async () => {
    const db = await openTablet();
    await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'A')]);
    // A second head, as a pull would bring it.
    const row = (await db.entities.get([AUDIT, 'finding/f1']))!;
    const head = row.body.value['title']![0]!;
    const other = { ...head.operation, digest: 'f'.repeat(64), val: 'B', hlc: '999999999999999-00000000' };
    row.body.value['title']!.push({ ...head, operation: other });
    await db.entities.put(row);
    await commit(db, AUDIT, [set('finding', 'f1', 'title', 'C')]);
    expect((await readEntity(db, AUDIT, 'finding', 'f1'))!.fields.get('title')!.heads).toHaveLength(2);
    await commit(db, AUDIT, [resolve('finding/f1', 'title', 'D')]);
    const shown = (await readEntity(db, AUDIT, 'finding', 'f1'))!.fields.get('title')!;
    expect([shown.heads.length, shown.value]).toEqual([1, 'D']);
  });
});

describe('a draft', () => {
  test('is kept while it is typed and cleared with the operation', async () => {
    const db = await openTablet();
    const keeper = draftKeeper(db, AUDIT, 'finding/f1', 'title');
    keeper.type('Cal');
    keeper.type('Caliper');
    await keeper.flush();
    expect(await readDraft(db, AUDIT, 'finding/f1', 'title')).toBe('Caliper');
    keeper.type('Caliper over');
    keeper.release();
    await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'Caliper overdue')]);
    expect(await readDraft(db, AUDIT, 'finding/f1', 'title')).toBeNull();
  });
});

test('the tip of the chain is where the last operation is', async () => {
  const db = await openTablet();
  const { operations } = await commit(db, AUDIT, [finding, set('finding', 'f1', 'title', 'T')]);
  const tip = await db.chains.get(chainName(operations[0]!.chain));
  expect(tip).toMatchObject({ dseq: 2, digest: operations[1]!.digest, own: 1, pushed: 0 });
});
