/**
 * The sync workload as operations of Auditbook. It is a list of `{dev, ent, fld, val}`: each entity becomes a finding, each of its
 * fields a text field of that finding; values are as they come. What the workload has not, Auditbook needs: a birth for each entity.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Answer } from '../src/api/client';
import type { LogView } from '../src/domain/fold';
import type { Value } from '../src/domain/plain-json';
import { add, type Change } from '../src/store/changes';

export interface Step {
  readonly dev: string;
  readonly ent: string;
  readonly fld: string;
  readonly val: string;
}

/** Where the server is reached, and who is signed in there. */
export interface Person {
  readonly account: string;
  readonly workspace: string;
  readonly name: string;
}

const FIELDS: Readonly<Record<string, string>> = {
  answer: 'requirement',
  note: 'objective_evidence',
  title: 'title',
  severity: 'grade_reason',
  clause: 'requirement',
  descr: 'failure',
  due: 'objective_evidence',
  status: 'dissent_reason',
};
const RAISED_AT = '2026-11-24T09:41:07.250Z';

export function taken<T>(answer: Answer<T>): T {
  if (answer.kind === 'ok') return answer.value;
  throw new Error(JSON.stringify(answer));
}

/** The audit and its team: all that is there before the tablets go offline. */
export function beginning(audit: string, lead: Person, others: readonly Person[]): Change[] {
  return [
    add('audit', audit, { workspace: lead.workspace, type: 'stage_2' }),
    ...[lead, ...others].flatMap(({ account, name }, tablet): Change[] => {
      const set = (fld: string, val: Value): Change => ({
        kind: 'set',
        ent: `team_member/${memberAt(tablet)}`,
        fld,
        val,
      });
      const role = tablet === 0 ? 'audit_team_leader' : 'auditor';
      return [add('team_member', memberAt(tablet), { account }), set('name', name), set('role', role)];
    }),
  ];
}

/** What each step writes, and on which tablet: its change, and before the first one of an entity the birth. */
export function written(steps: readonly Step[]): { tablet: number; changes: Change[] }[] {
  const born = new Set<string>();
  return steps.map(({ dev, ent, fld, val }) => {
    const change: Change = { kind: 'set', ent: `finding/${idOf(ent)}`, fld: FIELDS[fld]!, val };
    const tablet = Number(dev.slice(3));
    const birth = add('finding', idOf(ent), { raised_at: RAISED_AT, raised_by: memberAt(tablet) });
    const changes = born.has(ent) ? [change] : [birth, change];
    born.add(ent);
    return { tablet, changes };
  });
}

/** Whoever works on that tablet, as a member of the team. */
function memberAt(tablet: number): string {
  return idOf(`member:${tablet}`);
}

/** The same id for the same entity on every tablet, in the spelling of a UUID. */
function idOf(entity: string): string {
  const hex = bytesToHex(sha256(utf8ToBytes(entity)));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A fingerprint of what is on the screen: every field with its value. */
export function shown(view: LogView): string {
  const fields = view
    .ofKind('finding')
    .flatMap(({ ref, fields }) => [...fields].map(([name, { value }]) => `${ref} ${name}=${JSON.stringify(value)}`));
  return bytesToHex(sha256(utf8ToBytes(fields.sort().join('\n'))));
}
