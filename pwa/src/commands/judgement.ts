/** One tap on the checklist: what one auditor says of one criterion, in one process, at one site, in one shift. */
import { judgementId } from '../domain/judgement';
import { isRefusal } from '../domain/refusal';
import type { JudgementResult } from '../domain/vocabulary';
import { add, set, undelete, type Change } from '../store/changes';
import { readEntity } from '../store/queries';
import { writeNew, type Created, type Outcome, type Session } from './session';
import { enterTeam } from './team';

export interface JudgedPlace {
  readonly criterion: string;
  readonly process?: string | null;
  readonly site?: string | null;
  readonly shift?: string | null;
}

/** A second judgement in the same place changes the first. `not_seen` takes it back. */
export async function judge(
  session: Session,
  audit: string,
  { criterion, process = null, site = null, shift = null }: JudgedPlace,
  result: JudgementResult,
  reason?: string,
): Promise<Outcome<Created>> {
  const auditor = await enterTeam(session, audit, 'judgement');
  if (isRefusal(auditor)) return auditor;
  const place = { criterion, process, site, shift, auditor };
  const id = judgementId(place);
  const before = await readEntity(session.database, audit, 'judgement', id);
  const changes: Change[] = [];
  if (before === undefined || before.born === null) changes.push(add('judgement', id, place));
  else if (before.isDeleted) changes.push(undelete('judgement', id));
  changes.push(set('judgement', id, 'result', result));
  if (reason !== undefined) changes.push(set('judgement', id, 'reason', reason));
  return writeNew(session, audit, id, changes);
}
