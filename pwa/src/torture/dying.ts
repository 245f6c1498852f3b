/**
 * A tablet whose battery dies: the app's own store in a real browser with a real IndexedDB, told from outside what to do.
 * tests/torture/test_kill_browser.py serves it, kills the browser again and again, and looks at what is there afterwards.
 */
import { digestOf, sha256Of } from '../domain/operation';
import { add } from '../store/changes';
import { decode } from '../store/codec';
import { commit } from '../store/commit';
import { AuditbookDatabase, setUpAccount } from '../store/database';
import { newId } from '../store/device';
import { beginFreshLog } from '../store/fresh-log';
import { cutEvidence, readEvidence } from '../store/evidence-bytes';
import { readLog } from '../store/queries';

declare global {
  /** Says that the screen would now show "saved on this tablet". */
  var kept: (digests: string[]) => Promise<void>;
}

const BORN = { raised_at: '2026-11-28T09:00:00.000Z', raised_by: 'm' };
const FINDING = '01a22000-0000-7000-8000-0000000000f1';
/** Larger than one chunk, so that a picture takes several requests to the storage. */
const PHOTO_BYTES = 700 * 1024;
let db: AuditbookDatabase;

const dying = {
  async open(account: string, installation: string): Promise<void> {
    await beginFreshLog();
    db = new AuditbookDatabase(account);
    await db.open();
    await setUpAccount(db, installation, newId());
  },

  /** Tap after tap until the battery is empty. Every third one is a photo, the others write the finding's title anew. */
  async write(audit: string): Promise<never> {
    if ((await db.operations.count()) === 0) await tell(commit(db, audit, [add('finding', FINDING, BORN)]));
    for (let tap = await db.operations.count(); ; tap += 1) {
      if (tap % 3 === 0) await tell(photograph(audit));
      else await tell(commit(db, audit, [{ kind: 'set', ent: `finding/${FINDING}`, fld: 'title', val: `Tap ${tap}` }]));
    }
  },

  /** What lies in the storage: the texts in the order of the chain, and what is wrong with it. */
  async read(audit: string): Promise<{ texts: string[]; wrong: string[] }> {
    const rows = (await db.operations.toArray()).toSorted((one, other) => (one.dseq ?? 0) - (other.dseq ?? 0));
    const texts = rows.map((row) => decode(row.body));
    const wrong = rows.flatMap((row, at) =>
      digestOf(texts[at]!) === row.digest ? [] : [`${row.digest} is other text`],
    );
    const view = await readLog(db, audit);
    const photos = view.ofKind('evidence').map(({ born }) => born as { sha256: string; size: number });
    for (const { sha256, size } of photos) {
      const bytes = await readEvidence(db, sha256);
      if (bytes === undefined || bytes.byteLength !== size) wrong.push(`photo ${sha256} is not whole`);
      else if (sha256Of(bytes) !== sha256) wrong.push(`photo ${sha256} is another one`);
    }
    const named = new Set(photos.map(({ sha256 }) => sha256));
    for (const [sha256] of (await db.evidence_bytes.toCollection().primaryKeys()) as [string, number][]) {
      if (!named.has(sha256)) wrong.push(`bytes of ${sha256}, which nothing names`);
    }
    for (const { sha256 } of photos) {
      if ((await db.uploads.where('sha256').equals(sha256).count()) !== 1)
        wrong.push(`photo ${sha256} would not be sent`);
    }
    const shown = view.ofKind('finding')[0]?.fields.get('title')?.value ?? null;
    const last = texts.findLast((text) => text.includes('"fld":"title"'));
    const written = last === undefined ? null : (JSON.parse(last.split('\n')[1]!) as { val: unknown }).val;
    if (shown !== written) wrong.push(`the screen shows ${String(shown)}, the log says ${String(written)}`);
    return { texts, wrong };
  },
};

async function photograph(audit: string) {
  const bytes = new Uint8Array(PHOTO_BYTES);
  for (let at = 0; at < bytes.length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  const sha256 = sha256Of(bytes);
  const born = add('evidence', newId(), {
    kind: 'photo',
    sha256,
    size: bytes.byteLength,
    media_type: 'image/jpeg',
    source: 'camera_still',
    file_name: null,
    captured_at: '2026-11-28T09:00:00.000Z',
  });
  return commit(db, audit, [born], [cutEvidence(bytes.buffer, sha256, 'image/jpeg')]);
}

async function tell(written: ReturnType<typeof commit>): Promise<void> {
  await kept((await written).operations.map(({ digest }) => digest));
}

Object.assign(globalThis, { dying });
