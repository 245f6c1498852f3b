/** The auditor's own working notes. They never enter sealed content. */
import { add, del, setAll } from '../store/changes';
import { instant, newId } from '../store/device';
import type { Fields } from './audit';
import { write, writeNew, type Created, type Outcome, type Session } from './session';

export function takeNote(
  session: Session,
  audit: string,
  { observedAt = instant(), ...fields }: Fields<'note'> & { readonly observedAt?: string },
): Promise<Outcome<Created>> {
  const id = newId();
  return writeNew(session, audit, id, [add('note', id, { observed_at: observedAt }), ...setAll('note', id, fields)]);
}

/** Text, clause or place of a note; a clause files it. */
export function changeNote(session: Session, audit: string, id: string, fields: Fields<'note'>): Promise<Outcome> {
  return write(session, audit, setAll('note', id, fields));
}

export function deleteNote(session: Session, audit: string, id: string): Promise<Outcome> {
  return write(session, audit, [del('note', id)]);
}
