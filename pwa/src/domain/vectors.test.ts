/**
 * The rules in TypeScript give what the vectors say. tests/contract/test_vectors.py holds the server to the same files,
 * and explains their short form.
 */
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { drawing, layerOf, refuseAnnotation, type Layered, type Shape } from './annotation';
import { contentBeforeReport, openClosingRecord } from './closing';
import { closingsOf } from './closings';
import { fitsId } from './entity';
import {
  citedStandards,
  findingsBeforeSealing,
  gradeIn,
  missingParts,
  numberedFindings,
  numbersOf,
  worstGrade,
} from './finding';
import { foldLog, type Entry, type LogView } from './fold';
import { entryNames, readBatch, readContents, readLine } from './handover';
import { hasFile, methodOf } from './evidence';
import { clauseResults, judgementId } from './judgement';
import {
  advanceRunningHash,
  digestOf,
  eraseContent,
  GENESIS,
  headStatement,
  heldHash,
  makeOperation,
  parseOperation,
  type Envelope,
  sha256Of,
  type Operation,
} from './operation';
import { mayOpenCovered, maySpeakAs, mayWrite } from './permissions';
import { canonicalText, type Value } from './plain-json';
import { closingRecord, reportRecord } from './record';
import { custodyStatement, evidenceListHash, evidenceNamed, type Custody } from './custody';
import { receiptStatement, type LogPoint } from './receipt';
import { lengthen, shorten } from './short-form';
import { isRefusal } from './refusal';
import { FORMS, isSpelled, type Form } from './spelling';
import { catalogueTree, cataloguesOf, type Standard } from './standard';
import { accountsOfMembers, foldTeam, namedMember } from './team';
import { isSignedBy } from '../store/keys';
import { BORN_FIELDS, type EntityKind, type Origin, type Role, type TeamRole } from './vocabulary';

const VECTORS = new URL('../../../schemas/vectors/', import.meta.url);
const CAST: Readonly<Record<string, number>> = { lena: 901, aron: 902, mara: 903, server: 999 };
const AUDIT = 1000;

// eslint-style `any` is what a vector is: a JSON file whose shape the test itself checks.
type Vector = Record<string, any>;

function vectors(subject: string): [string, Vector][] {
  const folder = new URL(`${subject}/`, VECTORS);
  return readdirSync(folder)
    .sort()
    .map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(new URL(file, folder), 'utf-8')) as Vector]);
}

/** Tests need no salt that nobody can guess. */
const SALT = 'A'.repeat(22);

const uuid = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;

function operationOf(short: Vector, digests: Map<number, string>): Operation {
  const person = CAST[short['by']]!;
  const kind = ['verdict', 'erasure', 'issuance'].find((word) => `${word}_on` in short) ?? short['kind'];
  const target = short[`${kind}_on`];
  const made = makeOperation({
    chain: {
      installation: uuid(person),
      account: short['by'] === 'server' ? 'server' : uuid(person + 10),
      audit: uuid(AUDIT),
    },
    dseq: short['dseq'] ?? short['id'],
    prev: GENESIS,
    wall: short['at'],
    start: 'A'.repeat(11),
    mono: 0,
    hlc: short['hlc'] ?? `${String(short['at']).padStart(15, '0')}-00000000`,
    seen: { epoch: null, seq: 0 },
    ent: target === undefined ? short['ent'] : `operation/${digests.get(target)}`,
    fld: target === undefined ? short['fld'] : kind,
    bases: (short['bases'] ?? []).map((base: number) => digests.get(base) ?? String(base).padStart(64, '0')),
    kind,
    val: short['val'],
    ctx: { app: '0.1.0', schema: 1, zone: 'UTC' },
    salt: SALT,
  });
  if (!short['is_erased']) return made;
  const { header, contentSha256 } = eraseContent(made.data);
  return parseOperation(header, contentSha256) as Operation;
}

function entriesOf(shorts: readonly Vector[]): { entries: Entry[]; digests: Map<number, string> } {
  const digests = new Map<number, string>();
  const entries = shorts.map((short) => {
    const operation = operationOf(short, digests);
    if (!digests.has(short['id'])) digests.set(short['id'], operation.digest);
    const origin = (short['origin'] ?? 'device') as Origin;
    return { operation, origin, seq: short['seq'] ?? null, receivedAt: short['received_at'] ?? null };
  });
  return { entries, digests };
}

function viewOf(things: readonly Vector[]): LogView {
  const shorts: Vector[] = [];
  for (const thing of things) {
    const writes: [string, string, Value][] = [['born', 'add', thing['born']]];
    for (const [name, value] of Object.entries(thing['fields'])) writes.push([name, 'set', value as Value]);
    const numbers = writes.map((_, index) => shorts.length + index + 1);
    for (const [fld, kind, val] of writes) {
      const id = shorts.length + 1;
      const bases = fld === 'deleted' ? numbers.filter((number) => number !== id) : [];
      shorts.push({
        id,
        by: 'lena',
        at: id,
        ent: thing['ref'],
        fld,
        kind: fld === 'deleted' ? 'del' : kind,
        val,
        bases,
      });
    }
    for (const fld of thing['aside'] ?? []) {
      const id = shorts.length + 1;
      const target = numbers[writes.findIndex(([name]) => name === fld)]!;
      const val = { state: 'quarantined', code: 'operation.not_permitted', facts: {} };
      shorts.push({ id, by: 'server', at: id, verdict_on: target, val, origin: 'server', seq: id, received_at: id });
    }
  }
  return foldLog(entriesOf(shorts).entries);
}

/** The folded log in the words of a vector. */
function shown(view: LogView, digests: ReadonlyMap<number, string>): Vector {
  const numbers = new Map([...digests].map(([number, digest]) => [digest, number]));
  return Object.fromEntries(
    [...view.entities].map(([ref, entity]) => [
      ref,
      {
        born: entity.born,
        fields: Object.fromEntries(
          [...entity.fields].map(([name, field]) => [
            name,
            {
              value: field.value,
              heads: field.heads.map((head) => numbers.get(head.digest)),
              is_disputed: field.isDisputed,
              ...(field.isErased ? { is_erased: true } : {}),
            },
          ]),
        ),
        is_deleted: entity.isDeleted,
        is_deletion_disputed: entity.isDeletionDisputed,
      },
    ]),
  );
}

describe('an operation', () => {
  test.each(vectors('operation'))('%s', (_, vector) => {
    if (vector['running_hash']) {
      let hash = GENESIS;
      const entries = vector['entries'] as [string, Origin, number][];
      const hashes = entries.map((entry) => (hash = advanceRunningHash(hash, ...entry)));
      expect(hashes).toEqual(vector['running_hash']);
      return;
    }
    if (vector['held']) {
      expect(heldHash(vector['digests'])).toBe(vector['held']);
      return;
    }
    if (vector['head_statement']) {
      expect(headStatement(vector['chain'], vector['dseq'], vector['digest'])).toBe(vector['head_statement']);
      return;
    }
    if (vector['make']) {
      expect(makeOperation(vector['make'] as Envelope & { salt: string }).data).toBe(vector['bytes']);
      expect(digestOf(vector['bytes'])).toBe(vector['digest']);
      return;
    }
    const operation = parseOperation(vector['bytes'], vector['content_sha256']);
    if (vector['refused']) {
      expect(operation).toMatchObject({ code: vector['refused'], facts: vector['facts'] });
      return;
    }
    if (isRefusal(operation)) throw new Error(operation.code);
    expect(operation.digest).toBe(vector['digest']);
    if (vector['parsed_val_text']) expect(canonicalText(operation.val)).toBe(vector['parsed_val_text']);
    else {
      const erased = vector['is_erased'] ? { isErased: true } : {};
      expect(operation).toEqual({ ...vector['parsed'], ...erased, data: vector['bytes'], digest: vector['digest'] });
    }
  });
});

describe('the fold', () => {
  test.each(vectors('fold'))('%s', (_, vector) => {
    const { entries, digests } = entriesOf(vector['entries']);
    const quarantined = Object.entries(vector['quarantined']).map(([id, code]) => [digests.get(Number(id)), code]);
    for (const ordering of [entries, entries.toReversed(), [...entries, ...entries]]) {
      const view = foldLog(ordering);
      expect(shown(view, digests)).toEqual(vector['entities']);
      expect([...view.quarantined].map(([digest, verdict]) => [digest, verdict.code])).toEqual(quarantined);
      expect(new Set(view.erased.keys())).toEqual(
        new Set((vector['erased'] ?? []).map((id: number) => digests.get(id))),
      );
      const issued = Object.entries(vector['issued'] ?? {}).map(([id, words]) => [digests.get(Number(id)), words]);
      expect([...view.issued]).toEqual(issued);
    }
  });

  /** Any log that honest and careless devices could leave: bases point anywhere behind, or nowhere; clocks lie, verdicts come and go. */
  const anyLog = fc
    .array(
      fc.record({
        by: fc.constantFrom('lena', 'aron', 'mara'),
        at: fc.nat(50),
        ent: fc.constantFrom('finding/a', 'finding/b'),
        what: fc.constantFrom('born', 'title', 'title', 'grade', 'deleted', 'verdict'),
        value: fc.nat(2),
        bases: fc.array(fc.nat(30), { maxLength: 4 }),
        isPulled: fc.boolean(),
        receivedAt: fc.nat(50),
      }),
      { minLength: 1, maxLength: 30 },
    )
    .map((drawn) => {
      const shorts: Vector[] = [];
      for (const [index, { what, value, bases, isPulled, receivedAt, ...rest }] of drawn.entries()) {
        const id = index + 1;
        const place = isPulled ? { seq: id, received_at: receivedAt } : {};
        const before = [...new Set(bases)].filter((base) => base > 0 && base <= drawn.length);
        if (what === 'verdict' && index > 0) {
          const state = value === 0 ? 'applied' : 'quarantined';
          const target = (bases[0] ?? 0) % index;
          const on = shorts[target]!['id'] as number;
          const val = state === 'applied' ? { state, since: receivedAt } : { state };
          shorts.push({ ...rest, by: 'server', id, verdict_on: on, val, origin: 'server', ...place });
        } else {
          const fld = what === 'verdict' ? 'title' : what;
          const kind = fld === 'born' ? 'add' : fld === 'deleted' ? 'del' : 'set';
          const val = fld === 'deleted' ? value > 0 : fld === 'born' ? { n: value } : value;
          shorts.push({ ...rest, id, dseq: id, fld, kind, val, bases: before, ...place });
        }
      }
      return entriesOf(shorts);
    });

  test('shuffled and repeated entries give the same view', () => {
    const shuffled = anyLog.chain(({ entries, digests }) =>
      fc.tuple(
        fc.constant(entries),
        fc
          .shuffledSubarray([...entries, ...entries, ...entries], { minLength: 0 })
          .map((some) => [...some, ...entries]),
        fc.constant(digests),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([entries, other, digests]) => {
        const [one, two] = [foldLog(entries), foldLog(other.toReversed())];
        expect(shown(two, digests)).toEqual(shown(one, digests));
        expect([...two.quarantined.keys()].sort()).toEqual([...one.quarantined.keys()].sort());
      }),
      { numRuns: 300 },
    );
  });

  test('what begins to count takes nobody the place of the first', () => {
    const births = fc.array(fc.record({ by: fc.constantFrom('lena', 'aron'), isAside: fc.boolean(), at: fc.nat(50) }), {
      minLength: 2,
      maxLength: 8,
    });
    fc.assert(
      fc.property(births, (drawn) => {
        const word = (state: string, id: number, at: number, more = {}): Vector => ({
          ...{ id: at + id, by: 'server', at, verdict_on: id, val: { state, ...more }, origin: 'server' },
          ...{ seq: at + id, received_at: at },
        });
        const born = drawn.map(({ by, at }, index) => {
          const place = { id: index + 1, seq: index + 1, at, received_at: at };
          return { ...place, by, ent: 'finding/a', fld: 'born', kind: 'add', val: { n: index } };
        });
        const aside = born.filter((_, index) => drawn[index]!.isAside);
        const before = [...born, ...aside.map(({ id }) => word('quarantined', id, 100))];
        const after = [...before, ...aside.map(({ id }) => word('applied', id, 200, { since: 200 }))];
        const [shown, later] = [before, after].map((shorts) => foldLog(entriesOf(shorts).entries).entity('finding/a'));
        if (shown !== undefined) expect(later!.born).toEqual(shown.born);
      }),
      { numRuns: 300 },
    );
  });

  test('every field that somebody wrote shows something', () => {
    fc.assert(
      fc.property(anyLog, ({ entries }) => {
        const view = foldLog(entries);
        for (const entity of view.entities.values()) {
          for (const field of entity.fields.values()) expect(field.heads.length).toBeGreaterThan(0);
        }
        for (const { operation } of entries) {
          const isHidden = view.quarantined.has(operation.digest) || operation.kind === 'verdict';
          if (!isHidden) expect(view.entity(operation.ent)).toBeDefined();
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a finding', () => {
  test.each(vectors('finding'))('%s', (_, vector) => {
    const view = viewOf(vector['things']);
    expect(numberedFindings(view).map(({ number, finding }) => [number, finding.id])).toEqual(vector['numbers']);
    for (const finding of vector['grades'] ? view.ofKind('finding') : []) {
      const inEach = citedStandards(finding).map((standard) => [standard, gradeIn(view, finding, standard)]);
      expect([finding.id, Object.fromEntries(inEach)]).toEqual([finding.id, vector['grades'][finding.id]]);
      expect([finding.id, worstGrade(view, finding)]).toEqual([finding.id, vector['worst'][finding.id]]);
    }
    const missing = view.ofKind('finding').map((finding) => [finding.id, missingParts(view, finding)] as const);
    expect(Object.fromEntries(missing.filter(([, parts]) => parts.length > 0))).toEqual(vector['missing']);
    expect(findingsBeforeSealing(view)).toEqual(vector['before_closing']);
  });
});

describe('the numbers of findings', () => {
  test.each(vectors('numbering'))('%s', (_, vector) => {
    const { entries } = entriesOf(vector['entries']);
    for (const ordering of [entries, entries.toReversed()]) {
      const numbered = numberedFindings(foldLog(ordering)).map(({ number, finding }) => [number, finding.id]);
      expect(numbered, vector['why']).toEqual(vector['numbers']);
    }
  });
});

describe('a judgement', () => {
  test.each(vectors('judgement'))('%s', (_, vector) => {
    for (const { id, ...place } of vector['places'] ?? []) expect(judgementId(place)).toBe(id);
    const view = viewOf(vector['things'] ?? []);
    const results = clauseResults(view, vector['criteria'] ?? [], numbersOf(numberedFindings(view)));
    expect(results).toEqual(vector['results'] ?? []);
  });
});

describe('evidence', () => {
  test.each(vectors('evidence'))('%s', (_, vector) => {
    const known = vector['has_file'] ?? {};
    expect(Object.fromEntries(Object.keys(known).map((kind) => [kind, hasFile(kind)]))).toEqual(known);
    for (const { kind, said, method } of vector['methods'] ?? [])
      expect([kind, methodOf(kind, said)]).toEqual([kind, method]);
  });
});

describe('a record', () => {
  test.each(vectors('record'))('%s', (_, vector) => {
    const view = viewOf(vector['things']);
    const heads = (vector['heads'] as Vector[]).map(({ dseq, digest, ...chain }) => ({ chain, dseq, digest }) as never);
    const basis = {
      heads,
      frozen: vector['frozen'],
      aside: view.quarantined.keys(),
      unread: vector['unread'] ?? [],
    };
    const terms = vector['report'];
    const record = terms
      ? reportRecord(
          view,
          vector['audit'],
          {
            ...terms,
            closingSha256: terms['closing_sha256'],
            closingSealSha256: terms['closing_seal_sha256'],
            supersedesSha256: terms['supersedes_sha256'],
          },
          basis,
        )
      : closingRecord(view, vector['audit'], vector['closing'], basis);
    expect(record).toEqual(vector['record']);
    expect(sha256Of(canonicalText(record))).toBe(vector['sha256']);
  });
});

describe('which closing record counts', () => {
  test.each(vectors('closing'))('%s', (_, vector) => {
    const { entries } = entriesOf(vector['entries']);
    for (const ordering of [entries, entries.toReversed()]) {
      const view = foldLog(ordering);
      const { counted, beside } = closingsOf(view);
      const ids = [counted, beside].map((some) => some.map(({ record }) => record.id));
      expect(ids).toEqual([vector['counted'], vector['beside']]);
      if ('open' in vector) expect(openClosingRecord(view)?.id ?? null).toBe(vector['open']);
    }
  });
});

describe('before a report is sealed', () => {
  test.each(vectors('before_report'))('%s', (_, vector) => {
    const { entries } = entriesOf(vector['entries']);
    for (const ordering of [entries, entries.toReversed()]) {
      const refusals = contentBeforeReport(foldLog(ordering), uuid(AUDIT));
      expect(refusals.map(({ code, facts }) => ({ code, facts }))).toEqual(vector['before_report']);
    }
  });
});

describe('the catalogue that a record names', () => {
  test.each(vectors('catalogue'))('%s', (_, vector) => {
    for (const edition of vector['editions'] as Standard[]) {
      expect(catalogueTree(edition)).toEqual(vector['tree']);
      expect(cataloguesOf([edition.id, 'other'], [edition])).toEqual([
        { standard: edition.id, sha256: vector['sha256'] },
        { standard: 'other', sha256: null },
      ]);
    }
  });
});

describe('permissions', () => {
  test.each(vectors('permissions'))('%s', (_, vector) => {
    const kinds = vector['kinds'] as EntityKind[];
    for (const [role, writable] of Object.entries(vector['may_write'] ?? {})) {
      expect(kinds.filter((kind) => mayWrite(role as TeamRole, [], kind))).toEqual(writable);
    }
    for (const [role, writable] of Object.entries(vector['outside_the_team'] ?? {})) {
      expect(kinds.filter((kind) => mayWrite(null, [role as Role], kind))).toEqual(writable);
    }
    const accounts = new Map(Object.entries((vector['accounts'] ?? {}) as Record<string, string | null>));
    for (const { member, account, role, kind, may } of vector['may_speak_as'] ?? []) {
      expect([member, account, role, kind, maySpeakAs(member, accounts, account, role, kind)]).toEqual([
        member,
        account,
        role,
        kind,
        may,
      ]);
    }
    for (const { role, roles, may } of vector['may_open_covered'] ?? [])
      expect([role, roles, mayOpenCovered(role, roles)]).toEqual([role, roles, may]);
    for (const { member, ...said } of vector['named'] ?? []) expect(namedMember(said)).toBe(member);
  });
});

describe('a team', () => {
  test.each(vectors('team'))('%s', (_, vector) => {
    const { entries } = entriesOf(vector['entries']);
    const expected = Object.entries(vector['team']).map(([person, role]) => [uuid(CAST[person]! + 10), role]);
    for (const ordering of [entries, entries.toReversed()]) {
      expect(Object.fromEntries(foldTeam(foldLog(ordering), uuid(AUDIT)))).toEqual(Object.fromEntries(expected));
      expect(Object.fromEntries(accountsOfMembers(foldLog(ordering)))).toMatchObject(vector['accounts'] ?? {});
    }
  });
});

describe('an annotation', () => {
  test.each(vectors('annotation'))('%s', (_, vector) => {
    for (const [why, shapes] of vector['fits'] ?? []) expect([why, refuseAnnotation(shapes)]).toEqual([why, null]);
    for (const [why, shapes] of vector['refused'] ?? [])
      expect([why, refuseAnnotation(shapes)?.code]).toEqual([why, vector['code']]);
    for (const { why, shapes, marks } of vector['drawings'] ?? [])
      expect([why, drawing(shapes as Shape[])]).toEqual([why, marks]);
    const all: Layered[] = (vector['evidence'] ?? []).map((one: Vector) => ({
      ...one,
      sha256: one['sha256'] ?? '',
      shapes: one['annotation'] ?? [],
    }));
    for (const one of all) expect(layerOf(one, all)).toEqual(vector['layers'][one.id]);
  });
});

describe('a spelling', () => {
  test.each(vectors('spelling'))('%s', (_, vector) => {
    const form = vector['form'] as Form;
    expect((vector['fits'] as string[]).filter((text) => !isSpelled(form, text))).toEqual([]);
    expect((vector['refused'] as string[]).filter((text) => isSpelled(form, text))).toEqual([]);
  });

  test('has a vector for every form', () => {
    expect(vectors('spelling').map(([form]) => form)).toEqual(FORMS.toSorted());
  });
});

describe('a receipt', () => {
  test.each(vectors('receipt'))('%s', async (_, vector) => {
    const statement = receiptStatement(vector as unknown as LogPoint, vector['at']);
    expect(statement).toBe(vector['statement']);
    expect(await isSignedBy(statement, vector['signature'], vector['public_key'])).toBe(vector['is_signed']);
  });
});

describe('operations as they travel', () => {
  test.each(vectors('short_form'))('%s', (_, { whole, digests, short }) => {
    if (whole !== null) expect(shorten(whole, digests)).toEqual(short);
    if (short !== null) expect(lengthen(short, (place) => digests[place])).toEqual(whole);
  });
});

describe('what the server signs before somebody leaves', () => {
  test.each(vectors('custody'))('%s', async (_, vector) => {
    const named = evidenceNamed(vector['births'], new Set(vector['withdrawn']));
    expect(named).toEqual(vector['named']);
    const stored = named.filter((sha256) => !vector['lacking'].includes(sha256));
    expect(evidenceListHash(stored)).toBe(vector['evidence_sha256']);
    const statement = custodyStatement(vector as unknown as Custody, vector['at']);
    expect(statement).toBe(vector['statement']);
    expect(await isSignedBy(statement, vector['signature'], vector['public_key'])).toBe(vector['is_signed']);
  });
});

describe('the id of an entity', () => {
  test.each(vectors('entity'))('%s', (_, vector) => {
    const isFit = ({ kind, id, born }: Vector): boolean => fitsId(kind, id, born);
    expect((vector['fits'] as Vector[]).filter((one) => !isFit(one))).toEqual([]);
    expect((vector['refused'] as Vector[]).filter(isFit)).toEqual([]);
  });
});

test('the fields that an entity is born with are those of the contract', () => {
  const contract = JSON.parse(readFileSync(new URL('../contract.json', VECTORS), 'utf-8'));
  const entities = (Object.values(contract.components.schemas) as Vector[]).flatMap(
    (schema) => schema['x-entity'] ?? [],
  );
  expect(BORN_FIELDS).toEqual(Object.fromEntries(entities.map(({ kind, born }) => [kind, born])));
});

const READS: Record<string, (value: unknown) => unknown> = { contents: readContents, line: readLine, batch: readBatch };

describe('a file that is taken out by hand', () => {
  test.each(vectors('handover'))('%s', (_name, vector) => {
    const read = READS[vector['reads']]!;
    expect(read(vector['value']), vector['why']).toBe(vector['value']);
    if ('names' in vector) expect(entryNames(vector['value'])).toEqual(vector['names']);
    for (const one of vector['cases']) {
      const changed = structuredClone(vector['value']);
      const last = one.at.at(-1);
      const target = one.at.slice(0, -1).reduce((inner: Vector, step: string) => inner[step], changed);
      if ('put' in one) target[last] = one.put;
      else delete target[last];
      expect(read(changed), one.why).toEqual(one.refused);
    }
  });

  test.each([null, 7, 'text', [], [{}], {}, true])('is not %j', (value) => {
    for (const read of Object.values(READS)) expect(isRefusal(read(value))).toBe(true);
  });
});
