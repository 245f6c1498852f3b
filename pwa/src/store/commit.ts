/**
 * From a tap to what is kept: the only way in which something that happened gets into the log.
 *
 * Before: a command has decided what changes.
 * After:  one strict transaction has written the operations, the state they lead to, the chain's tip and the bytes of evidence,
 *         and `complete` was heard. If the tablet dies on the way, all of it is kept or nothing.
 */
import { nextStamp } from '../domain/clock';
import { entityView, type Entry } from '../domain/fold';
import {
  BORN,
  DELETED,
  GENESIS,
  makeOperation,
  MAX_BASES,
  SCHEMA_VERSION,
  type Operation,
  type ReadOperation,
} from '../domain/operation';
import { isSameValue, makePlain } from '../domain/plain-json';
import type { Change } from './changes';
import { decode, encode } from './codec';
import { chainName, installationOf, type AuditbookDatabase, type ChainRow, type LogRow } from './database';
import { APP_VERSION, device } from './device';
import { evidenceRows, verifyKept, type EvidenceFile } from './evidence-bytes';
import { base64url } from './keys';
import { asNotSaved, isConnectionLost, NotSaved } from './not-saved';
import { undoOf } from './undo-changes';

export interface Written {
  readonly audit: string;
  /** In the order of the chain; empty where nothing changed. */
  readonly operations: readonly Operation[];
  /** What takes it back; empty where it cannot be taken back. */
  readonly undo: readonly Change[];
}

/**
 * Write changes to one audit. Resolves when the device has them for good; throws `NotSaved` when it has not.
 *
 * A `set` to the value that the field has already makes no operation. Drafts of the fields written are cleared with them.
 */
export async function commit(
  db: AuditbookDatabase,
  audit: string,
  changes: readonly Change[],
  evidence: readonly EvidenceFile[] = [],
): Promise<Written> {
  const planned = changes.map((change) => ({ ...change, val: makePlain(change.val) }) as Change);
  const at = { wall: Math.floor(device.now()), start: device.start(), mono: device.mono() };
  // A second attempt after a lost connection finds by these whether the first one was kept after all.
  const made: Operation[] = [];
  let written: Written;
  try {
    written = await attempt(db, audit, planned, at, evidence, made);
  } catch (problem) {
    if (db.isGivenAway) throw new NotSaved('storage.newer_app', problem);
    if (!isConnectionLost(problem)) throw asNotSaved(problem);
    try {
      db.close({ disableAutoOpen: false });
      await db.open();
      written = await attempt(db, audit, planned, at, evidence, made);
    } catch (again) {
      throw asNotSaved(again);
    }
  }
  for (const file of evidence) await verifyKept(db, audit, file);
  return written;
}

/** Nothing but Dexie is awaited in here, or the transaction would end early. */
function attempt(
  db: AuditbookDatabase,
  audit: string,
  planned: readonly Change[],
  at: { wall: number; start: string; mono: number },
  evidence: readonly EvidenceFile[],
  made: Operation[],
): Promise<Written> {
  const tables = [
    db.operations,
    db.entities,
    db.chains,
    db.logs,
    db.device_state,
    db.drafts,
    db.evidence_bytes,
    db.uploads,
  ];
  return db.transaction('rw', tables, async () => {
    const log = (await db.logs.get(audit)) ?? emptyLog(audit);
    const installation = await installationOf(db);
    const key = { installation, account: db.account, audit };
    const before = (await db.chains.get(chainName(key))) ?? emptyChain(key);
    const heads = await headsOf(db, audit, planned);
    if (await isKept(db, audit, made)) return { audit, operations: made, undo: [] };

    const undo = undoOf(planned, (ref) => entityView(ref, heads.get(ref) ?? new Map()));
    const chain = { ...before };
    const operations = made;
    operations.length = 0;
    for (const change of planned) {
      const bases = basesOf(change, heads.get(change.ent)!);
      if (bases === null) continue;
      const hlc = nextStamp(chain.hlc || null, at.wall);
      const operation = makeOperation({
        chain: key,
        dseq: chain.dseq + 1,
        prev: chain.digest,
        wall: at.wall,
        start: at.start,
        mono: at.mono,
        hlc,
        seen: { epoch: log.epoch, seq: log.seq },
        ent: change.ent,
        fld: change.fld,
        bases,
        kind: change.kind,
        val: change.val,
        ctx: { app: APP_VERSION, schema: SCHEMA_VERSION, zone: device.zone() },
        salt: base64url(device.random(16)),
      });
      applyLocally(heads.get(change.ent)!, operation);
      Object.assign(chain, { dseq: operation.dseq, digest: operation.digest, hlc });
      operations.push(operation);
    }
    await keep(db, { ...log, rev: log.rev + 1 }, chain, operations, heads);
    for (const file of evidence) {
      const { chunks, upload } = evidenceRows(audit, file);
      await db.evidence_bytes.bulkPut(chunks);
      const stored = await db.uploads.get([audit, file.sha256]);
      if (stored?.state !== 'stored') await db.uploads.put(upload);
    }
    await db.drafts.bulkDelete(planned.map((change) => [audit, change.ent, change.fld] as [string, string, string]));
    return { audit, operations, undo: operations.length > 0 ? undo : [] };
  });
}

type Heads = Map<string, Map<string, Entry[]>>;

async function headsOf(db: AuditbookDatabase, audit: string, planned: readonly Change[]): Promise<Heads> {
  const refs = [...new Set(planned.map((change) => change.ent))];
  const rows = await db.entities.bulkGet(refs.map((ref) => [audit, ref] as [string, string]));
  return new Map(refs.map((ref, index) => [ref, new Map(Object.entries(rows[index] ? decode(rows[index].body) : {}))]));
}

/** The first attempt had succeeded without our hearing of it: it is one transaction, so its first operation stands for all. */
async function isKept(db: AuditbookDatabase, audit: string, made: readonly Operation[]): Promise<boolean> {
  const [first] = made;
  return first !== undefined && (await db.operations.get([audit, first.digest])) !== undefined;
}

/** Which heads the change replaces; null where it would change nothing. */
function basesOf(change: Change, heads: Map<string, Entry[]>): string[] | null {
  const view = entityView(change.ent, heads);
  const entries = heads.get(change.fld) ?? [];
  const field =
    change.fld === BORN ? view.bornView : change.fld === DELETED ? view.deletedView : view.fields.get(change.fld);
  if (change.kind === 'del') {
    if (view.isDeleted) return null;
    const seen = view.allHeads().map((head) => head.digest);
    return seen.slice(0, MAX_BASES);
  }
  const isUnchanged = field !== undefined && field.heads.length === 1 && isSameValue(field.value, change.val);
  if (isUnchanged && change.kind !== 'seal') return null;
  if (change.kind === 'set' && field?.isDisputed) return [field.heads.at(-1)!.digest];
  return entries.map((entry) => entry.operation.digest).slice(0, MAX_BASES);
}

function applyLocally(heads: Map<string, Entry[]>, operation: Operation): void {
  const entry: Entry = { operation: read(operation), origin: 'device', seq: null, receivedAt: null };
  const others = heads.get(operation.fld) ?? [];
  heads.set(operation.fld, [...others.filter((other) => !operation.bases.includes(other.operation.digest)), entry]);
}

async function keep(
  db: AuditbookDatabase,
  log: LogRow,
  chain: ChainRow,
  operations: readonly Operation[],
  heads: Heads,
): Promise<void> {
  if (operations.length === 0) return;
  await db.operations.bulkAdd(
    operations.map(({ digest, ent, dseq, data }) => ({
      audit: log.audit,
      digest,
      ent,
      chain: chain.chain,
      dseq,
      origin: 'device' as const,
      waiting: dseq,
      body: encode(data),
    })),
  );
  const touched = new Set(operations.map((operation) => operation.ent));
  await db.entities.bulkPut(
    [...touched].map((ref) => ({
      audit: log.audit,
      ref,
      rev: log.rev,
      body: encode(Object.fromEntries(heads.get(ref)!)),
    })),
  );
  await db.chains.put(chain);
  await db.logs.put(log);
}

/** What stays beside the text of an operation: enough to show and to fold. */
export function read(operation: ReadOperation): ReadOperation {
  const { chain, dseq, wall, hlc, ent, fld, bases, kind, val, digest, isErased } = operation;
  return { chain, dseq, wall, hlc, ent, fld, bases, kind, val, digest, ...(isErased ? { isErased } : {}) };
}

export function emptyLog(audit: string): LogRow {
  return { audit, rev: 0, epoch: null, seq: 0, hash: GENESIS };
}

function emptyChain(key: { installation: string; account: string; audit: string }): ChainRow {
  return { ...key, chain: chainName(key), dseq: 0, digest: GENESIS, hlc: '', own: 1, pushed: 0 };
}
