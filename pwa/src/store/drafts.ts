/**
 * Text that is being typed: kept within 300 ms, so that a dead battery costs half a word. It becomes an operation when the
 * field is left, in a transaction that clears the draft (commit.ts).
 */
import { decode, encode } from './codec';
import type { AuditbookDatabase } from './database';
import { device } from './device';

export const DRAFT_DELAY_MS = 250;

export interface Draft {
  readonly ent: string;
  readonly fld: string;
  readonly text: string;
  readonly savedAt: number;
}

export interface DraftKeeper {
  /** Somebody has begun to write here: the words are newer than anything that lies in the store. */
  readonly isTyping: boolean;
  /** What stands in the field now. */
  type(text: string): void;
  /** Write at once what is not written yet: the page is being hidden. */
  flush(): Promise<void>;
  /** The field is being committed: nothing of it may be written as a draft afterwards. */
  release(): void;
}

/** Keeps the draft of one field while it has the focus. */
export function draftKeeper(db: AuditbookDatabase, audit: string, ent: string, fld: string): DraftKeeper {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let text: string | undefined;
  let isTyping = false;
  const write = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (text === undefined) return;
    const body = encode({ text, saved_at: device.now() });
    text = undefined;
    await db.drafts.put({ audit, ent, fld, body });
  };
  return {
    get isTyping() {
      return isTyping;
    },
    type(typed) {
      text = typed;
      isTyping = true;
      // Not pushed back by the next letter: whoever types without a pause is kept as well.
      timer ??= setTimeout(() => void write().catch(() => undefined), DRAFT_DELAY_MS);
    },
    flush: write,
    release() {
      clearTimeout(timer);
      timer = undefined;
      text = undefined;
      isTyping = false;
    },
  };
}

/** The drafts of an audit, after a restart: what was typed and not committed. */
export async function readDrafts(db: AuditbookDatabase, audit: string): Promise<Draft[]> {
  const rows = await db.drafts.where('audit').equals(audit).toArray();
  return rows.map(({ ent, fld, body }) => ({ ent, fld, text: decode(body).text, savedAt: decode(body).saved_at }));
}

export async function readDraft(
  db: AuditbookDatabase,
  audit: string,
  ent: string,
  fld: string,
): Promise<string | null> {
  const row = await db.drafts.get([audit, ent, fld]);
  return row === undefined ? null : decode(row.body).text;
}

/** The person threw it away. */
export async function dropDraft(db: AuditbookDatabase, audit: string, ent: string, fld: string): Promise<void> {
  await db.drafts.delete([audit, ent, fld]);
}
