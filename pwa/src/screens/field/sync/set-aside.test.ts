import { expect, test } from 'vitest';
import { foldLog, type Entry } from '../../../domain/fold';
import { GENESIS, makeOperation } from '../../../domain/operation';
import type { Value } from '../../../domain/plain-json';
import type { SetAside } from '../../../store/set-aside';
import type { OpenAudit } from '../open-audit.svelte';
import { groupsOf } from './set-aside';

const ARON = '0191e6a0-0000-7000-8000-0000000000a2';
const AUDIT = '0191e6a0-0000-7000-8000-00000000a0d1';

/** Aron was taken out of the team; his name is still known. */
function left(): Entry[] {
  const chain = { installation: ARON, account: ARON, audit: AUDIT };
  const write = (dseq: number, fld: string, kind: 'add' | 'set' | 'del', val: Value, bases: string[] = []): Entry => ({
    operation: makeOperation({
      chain,
      dseq,
      prev: GENESIS,
      wall: dseq,
      start: 'A'.repeat(11),
      mono: 0,
      hlc: `${String(dseq).padStart(15, '0')}-00000000`,
      seen: { epoch: null, seq: 0 },
      ent: 'team_member/m2',
      fld,
      bases,
      kind,
      val,
      ctx: { app: '0.1.0', schema: 1, zone: 'UTC' },
      salt: 'A'.repeat(22),
    }),
    origin: 'device',
    seq: dseq,
    receivedAt: dseq,
  });
  const born = write(1, 'born', 'add', { account: ARON });
  const name = write(2, 'name', 'set', 'Aron Weiss');
  return [born, name, write(3, 'deleted', 'del', true, [born.operation.digest, name.operation.digest])];
}

const audit = {
  view: foldLog(left()),
  numbers: new Map(),
  clauseName: (criterion: string) => criterion.split(':')[1]!,
  nameOf: () => '',
  nameOfStandard: (id: string) => id,
} as unknown as OpenAudit;

function aside(ent: string | null, fld: string | null, value: Value, code = 'audit.not_assigned'): SetAside {
  const digest = `${ent}/${fld}`;
  return { digest, code, facts: {}, ent, fld, value, isErased: false, account: ent && ARON, dseq: 1, at: 1, text: '' };
}

test('what was written about one finding is one thing to decide, under its author and in its own words', () => {
  const written = [
    aside('finding/f9', 'born', {}),
    aside('finding/f9', 'title', 'Drum without a label'),
    aside('finding/f9', 'grade', 'minor_nonconformity'),
    aside('finding/f9', 'process', null),
    aside('judgement/iso9001-2015:8.5.2~-~-~-~m2', 'result', 'conforms'),
  ];
  const [group, ...others] = groupsOf(audit, written);
  expect(others).toEqual([]);
  expect(group!.author).toBe('Aron Weiss');
  expect(group!.advice).toBeNull();
  expect(group!.things.map(({ subject, lines }) => [subject, lines])).toEqual([
    ['Finding: Drum without a label', ['Grade: Minor nonconformity']],
    ['Judgement 8.5.2', ['Result: Conforms']],
  ]);
  expect(group!.things[0]!.entries).toHaveLength(4);
});

test('where no decision helps it says what does', () => {
  const [brought, newer, unreadable] = groupsOf(audit, [
    aside('note/n1', 'text', 'x', 'operation.not_yours'),
    aside('note/n2', 'smell', 'x', 'operation.unknown_kind'),
    aside(null, null, null, 'envelope.malformed'),
  ]);
  expect(brought!.advice).toContain('the tablet on which it was written sends it');
  expect(newer!.advice).toContain('once the server has been updated');
  expect([unreadable!.author, unreadable!.things[0]!.subject]).toEqual([
    'Cannot be read',
    'An entry that cannot be read',
  ]);
});
