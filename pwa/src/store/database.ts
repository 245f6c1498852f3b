/**
 * The local databases: one per account on this tablet, and a small one that knows the accounts.
 *
 * store/ is the only folder that imports Dexie. Every write transaction is strict: `complete` comes after the flush.
 * Migrations only ever add: the outbox in here may be days old, and an older version of the app may open it again. Rows name ids in
 * their indexes, everything else is a `body` (codec.ts).
 *
 * What the other parts use:
 *   commit.ts    commit(db, audit, changes, with?)   the only way in which something that happened gets into the log
 *   changes.ts   add set resolve del seal            what a change looks like
 *   queries.ts   watchAudits watchLog watchEvidence watchOutbox ...   reads that keep themselves current
 *   drafts.ts    draftKeeper readDrafts              text that is being typed
 *   recordings.ts  what is being dictated, until it is evidence
 *   outbox.ts    what has not reached the server yet
 *   pulled.ts    pages from the server, cursor, repair
 *   carried.ts   what came by hand from another tablet and is to be taken to the server
 *   receipts.ts  what the server has signed about them
 *   custody.ts   what it has signed about everything that it holds: whether one may leave the site
 *   space.ts     how long the storage lasts
 */
import Dexie, { type Table } from 'dexie';
import type { Entry } from '../domain/fold';
import type { Origin, Schemas } from '../domain/vocabulary';
import type { Body } from './codec';

/** One line of the log, or of what is still to become one. */
export interface OperationRow {
  audit: string;
  digest: string;
  /** Absent where the text cannot be read: it is kept and shows nothing. */
  ent?: string;
  chain?: string;
  dseq?: number;
  origin: Origin;
  /** Its place in the server's log; absent until it has come back from there. */
  seq?: number;
  received_at?: number;
  /** The `dseq` of an operation of our own that has not come back yet. Absent as soon as it is safe. */
  waiting?: number;
  /** 1 for somebody else's that the server had before it was restored, and has not got again: it is kept and does not count. */
  lost?: 1;
  /** 1 for what came by hand from another tablet and has not come back from the server yet (carried.ts). It counts like our own. */
  carried?: 1;
  /** 1 for somebody else's that this account may not see: it has its place in the log, and the body is empty. */
  hidden?: 1;
  /** Where the content was erased, its hash; the body is then the header alone. */
  content_sha256?: string;
  /** 1 where the server has got the content after all: it is asked for. */
  wanted?: 1;
  /** 1 where the server gave the header alone and the text is here: it got that after the backup that it was restored from. */
  hollow?: 1;
  body: Body<string>;
}

/** The folded state of one entity: the heads of each field. */
export interface EntityRow {
  audit: string;
  ref: string;
  /** Grows with every change to the audit, so that a screen reads only what changed. */
  rev: number;
  body: Body<Record<string, Entry[]>>;
}

/** The tip of a chain: how far it goes on this tablet. */
export interface ChainRow {
  chain: string;
  audit: string;
  installation: string;
  account: string;
  dseq: number;
  digest: string;
  hlc: string;
  /** 1 where this account writes it on this tablet. */
  own: 0 | 1;
  /** The last `dseq` of an own chain that the server said it stored. */
  pushed: number;
}

/** How far an audit's log has been pulled, and its local revision. */
export interface LogRow {
  audit: string;
  rev: number;
  epoch: string | null;
  seq: number;
  hash: string;
  /** 1 from the moment the cursor went back until everything was pulled again: what is lost is known only then. */
  unsettled?: 1;
  /** 1 where some entries came as digests alone: this account may not see them (any more). */
  partial?: 1;
  /** What stands for all that the server said was erased in it since it left the list (store/left.ts). */
  told_erased?: string;
  /** The files that went with it, by SHA-256: a file that is taken in later may bring them. */
  told_files?: readonly string[];
}

export interface VerdictRow {
  audit: string;
  /** The digest that is judged. */
  digest: string;
  body: Body<Entry>;
}

/** How far a log went, signed by the server. */
export interface KeptReceipt {
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
  readonly key: string;
  readonly signature: string;
}

/** The last receipt of an audit that this tablet could check against what it has; null while there was none. */
export interface ReceiptRow {
  audit: string;
  body: Body<KeptReceipt | null>;
  /** Every so many entries one more, in their order: where a log that is handed back can begin (receipts.ts). */
  earlier?: Body<KeptReceipt[]>;
  /** When one last came that does not verify; absent as soon as one does. */
  wrong_at?: number;
}

/** What the server last said that it holds of an audit. */
export interface CustodyRow {
  audit: string;
  body: Body<KeptCustody>;
}

export interface KeptCustody {
  /** The statement that was signed, with its signature; only where this tablet could check it against its own log. */
  readonly signed: (KeptReceipt & { readonly evidence_count: number; readonly evidence_sha256: string }) | null;
  /** Why the last one was not kept. `older_app`: this app cannot read all that the server has, so it could not check the list of files. */
  readonly problem: 'wrong' | 'older_app' | 'other_key' | 'unknown' | null;
  readonly heard_at: string;
  /** Files that the log names and whose bytes the server has not got, each with who recorded it, and in which chain. */
  readonly lacking: readonly { readonly sha256: string; readonly account: string; readonly chain?: string }[];
  /** Tablets that announced more entries than they sent. */
  readonly tablets: readonly Schemas['WaitingTablet'][];
}

/** One entry of an old log: digest, origin, milliseconds of receipt. */
export type OldLine = readonly [digest: string, origin: Origin, receivedAt: number];

/** A stretch of a log that the server has signed and may have lost since, from one receipt to another (old-log.ts). */
export interface OldLogRow {
  audit: string;
  epoch: string;
  /** How many entries lie before it. */
  after: number;
  /** Why the server did not take it back, in which epoch, how many times, and when last. */
  refused?: { code: string; epoch: string | null; times: number; at: number };
  /** The server's epoch in which it has taken all of it back. */
  taken?: string;
  body: Body<{ begin: KeptReceipt | null; receipt: KeptReceipt }>;
}

/** Its entries, apart from it: they are read only when they are handed back. */
export interface OldLinesRow {
  audit: string;
  epoch: string;
  after: number;
  body: Body<readonly OldLine[]>;
}

/** A batch of another tablet that this one takes to the server, as that tablet signed it (carried.ts). */
export interface CarriedRow {
  audit: string;
  /** The digest of its last operation, which the signature is under. */
  last: string;
  /** Why the server did not take it. */
  refused?: string;
  /** When the server said that it holds it, of an audit that is not for this account to see. */
  held_at?: number;
  body: Body<CarriedBatch>;
}

export interface CarriedBatch {
  readonly installation: string;
  readonly account: string;
  readonly announced: { readonly dseq: number; readonly digest: string };
  readonly head_signature: string | null;
  /** Its operations in their order; their texts lie where all others do. */
  readonly digests: readonly string[];
  /** Of the tablet, as the file said. */
  readonly public_key: string | null;
}

/** What is ready for days without a network, and what is not yet. */
export interface Readiness {
  isLogComplete: boolean;
  missingStandards: string[];
  missingThumbnails: number;
}

export interface AuditRow {
  id: string;
  /** 1 once the server lists it for this account; 0 while it exists on this tablet only. */
  listed: 0 | 1;
  /** When it was last sent once more, because the server did not have it as it was pulled here; in milliseconds since 1970. */
  sent_again_at?: number;
  body: Body<{ listing: Schemas['AuditListing'] | null; readiness: Readiness | null }>;
}

export interface ChunkRow {
  sha256: string;
  index: number;
  body: Body<ArrayBuffer>;
}

export type UploadState = 'waiting' | 'stored' | 'damaged';

/** The bytes of one evidence file on this tablet, and whether the server holds them too. */
export interface UploadRow {
  audit: string;
  sha256: string;
  state: UploadState;
  size: number;
  chunks: number;
  /** When the server said that it has no such audit for this account, of a file that came by hand (carried.ts). */
  resting_since?: number;
  body: Body<{ media_type: string; url: string | null; offset: number; problem: string | null }>;
}

export interface PictureRow {
  sha256: string;
  body: Body<ArrayBuffer>;
  /** When it was made here, and by which version of the app; absent where it came ready or an earlier version made it. */
  made?: Body<{ at: number; by: string }>;
}

export interface KeyRow {
  installation: string;
  /** Cannot leave the device, so it does not pass the codec either. */
  private_key: CryptoKey;
  /** SPKI, base64url without padding. */
  public_key: string;
}

export interface DraftRow {
  audit: string;
  ent: string;
  fld: string;
  body: Body<{ text: string; saved_at: number }>;
}

/** A voice note that is being recorded; it has the id of the evidence that it becomes. */
export interface RecordingRow {
  id: string;
  audit: string;
  body: Body<Recording>;
}

export interface Recording {
  readonly captured_at: string;
  readonly media_type: string;
  /** How much of it lies here, in milliseconds. */
  readonly length: number;
  /** Where, and what for: as fields of evidence, and of its link. */
  readonly about: Readonly<Record<string, unknown>>;
}

export interface RecordingChunkRow {
  id: string;
  index: number;
  body: Body<ArrayBuffer>;
}

export interface ReferenceRow {
  key: string;
  body: Body<{ value: unknown; etag: string | null; fetched_at: number }>;
}

export interface StateRow {
  key: string;
  value: unknown;
}

/** Strict: `complete` comes after the flush. No cache: it would show a write before it is complete. */
const HONEST = { chromeTransactionDurability: 'strict', cache: 'disabled' } as const;

export class AuditbookDatabase extends Dexie {
  declare operations: Table<OperationRow, [string, string]>;
  declare entities: Table<EntityRow, [string, string]>;
  declare chains: Table<ChainRow, string>;
  declare logs: Table<LogRow, string>;
  declare verdicts: Table<VerdictRow, [string, string]>;
  declare receipts: Table<ReceiptRow, string>;
  declare custody: Table<CustodyRow, string>;
  declare old_logs: Table<OldLogRow, [string, string, number]>;
  declare old_lines: Table<OldLinesRow, [string, string, number]>;
  declare carried: Table<CarriedRow, [string, string]>;
  declare audits: Table<AuditRow, string>;
  declare evidence_bytes: Table<ChunkRow, [string, number]>;
  declare evidence_thumbnails: Table<PictureRow, string>;
  declare evidence_views: Table<PictureRow, string>;
  declare uploads: Table<UploadRow, [string, string]>;
  declare keys: Table<KeyRow, string>;
  declare drafts: Table<DraftRow, [string, string, string]>;
  declare recordings: Table<RecordingRow, string>;
  declare recording_chunks: Table<RecordingChunkRow, [string, number]>;
  declare reference: Table<ReferenceRow, string>;
  declare device_state: Table<StateRow, string>;
  readonly account: string;
  /** Another tab has the database in a newer version of the app: nothing is read or written from this one any more. */
  isGivenAway = false;
  /** Asked when another tab wants that; it waits until this is done. */
  beforeGivingAway: () => Promise<void> = () => Promise.resolve();

  constructor(account: string, options: ConstructorParameters<typeof Dexie>[1] = {}) {
    super(`auditbook:${account}`, { ...HONEST, ...options });
    this.account = account;
    this.on('versionchange', (event: IDBVersionChangeEvent) => {
      if (event.newVersion === null) return true;
      void this.#giveAway();
      // Dexie would close at once, and open again at the next write.
      return false;
    });
    this.version(1).stores({
      operations:
        '[audit+digest], [audit+seq], [audit+ent], [chain+dseq], [audit+waiting], [audit+wanted], [audit+hollow], [audit+lost], [audit+carried], waiting',
      entities: '[audit+ref], [audit+rev]',
      chains: 'chain, audit',
      logs: 'audit',
      verdicts: '[audit+digest], audit',
      receipts: 'audit',
      custody: 'audit',
      old_logs: '[audit+epoch+after]',
      old_lines: '[audit+epoch+after]',
      carried: '[audit+last]',
      audits: 'id',
      evidence_bytes: '[sha256+index]',
      evidence_thumbnails: 'sha256',
      evidence_views: 'sha256',
      uploads: '[audit+sha256], sha256, state',
      keys: 'installation',
      drafts: '[audit+ent+fld], audit',
      reference: 'key',
      device_state: 'key',
    });
    this.version(2).stores({ recordings: 'id', recording_chunks: '[id+index]' });
  }

  async #giveAway(): Promise<void> {
    if (this.isGivenAway) return;
    await this.beforeGivingAway();
    this.isGivenAway = true;
    this.close();
  }
}

export interface KnownAccount {
  account: string;
  email: string;
  name: string;
  language: string;
  /** Repeated in the account's own database: when it is missing there, that database was emptied under us. */
  marker: string;
  used_at: number;
}

/** Which accounts work on this tablet. It holds nothing of their work. */
export class DeviceDatabase extends Dexie {
  declare accounts: Table<KnownAccount, string>;
  declare device_state: Table<StateRow, string>;

  constructor(options: ConstructorParameters<typeof Dexie>[1] = {}) {
    super('auditbook:device', { ...HONEST, ...options });
    this.version(1).stores({ accounts: 'account, used_at', device_state: 'key' });
  }
}

/** The name of a chain in indexes. */
export function chainName(chain: { installation: string; account: string; audit: string }): string {
  return `${chain.installation}/${chain.account}/${chain.audit}`;
}

/** The installation under which this account writes here. Read inside the transaction that writes. */
export async function installationOf(db: AuditbookDatabase): Promise<string> {
  const row = await db.device_state.get('installation');
  if (row === undefined) throw new Error('this account has not been set up on this tablet');
  return row.value as string;
}

/** Keep the installation and the marker once; what is there already stays. */
export async function setUpAccount(db: AuditbookDatabase, installation: string, marker: string): Promise<void> {
  await db.transaction('rw', db.device_state, async () => {
    if ((await db.device_state.get('installation')) !== undefined) return;
    await db.device_state.bulkPut([
      { key: 'installation', value: installation },
      { key: 'marker', value: marker },
    ]);
  });
}
