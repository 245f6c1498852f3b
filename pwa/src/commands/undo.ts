/** Take back what the last tap did: the values before it are written again. The log keeps both. */
import { commit, type Written } from '../store/commit';
import { write, type Outcome, type Session } from './session';

export function canUndo(written: Written): boolean {
  return written.undo.length > 0;
}

/** What it writes can itself be taken back. */
export function undo(session: Session, written: Written): Promise<Outcome> {
  if (!canUndo(written)) return commit(session.database, written.audit, []);
  return write(session, written.audit, written.undo);
}
