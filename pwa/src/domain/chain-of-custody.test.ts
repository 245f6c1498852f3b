/** From a log to the steps of one piece of evidence: plain logs, and awkward ones. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stepsOf, type Step, type ToldEntry } from './chain-of-custody';
import { eraseContent, GENESIS, makeOperation, parseOperation, sha256Of, type Operation } from './operation';
import { canonicalText, type Value } from './plain-json';
import type { OperationKind } from './vocabulary';
import { testLong } from '../store/testing';

const [LENA, ARON, AUDIT] = [1, 2, 9].map((one) => `00000000-0000-7000-8000-00000000000${one}`) as [
  string,
  string,
  string,
];
const TABLET = { [LENA]: '00000000-0000-7000-8000-0000000000a1', [ARON]: '00000000-0000-7000-8000-0000000000a2' };
const PHOTO = 'ab'.repeat(32);
const NOON = Date.parse('2026-11-24T12:00:00.000Z');
const COVER = {
  kind: 'redact',
  colour: null,
  points: [
    [1, 1],
    [9, 9],
  ],
  text: null,
};

let dseq = 0;

interface Said {
  readonly by?: string;
  readonly at?: number;
  readonly bases?: readonly Operation[];
  readonly kind?: OperationKind;
}

function said(ent: string, fld: string, val: Value, { by = LENA, at = 0, bases = [], kind }: Said = {}): Operation {
  const wall = NOON + at;
  return makeOperation({
    chain: { installation: TABLET[by] ?? '00000000-0000-7000-8000-0000000000a9', account: by, audit: AUDIT },
    dseq: (dseq += 1),
    prev: GENESIS,
    wall,
    start: 'A'.repeat(11),
    mono: 0,
    hlc: `${String(wall).padStart(15, '0')}-${dseq.toString(36).padStart(8, '0')}`,
    seen: { epoch: null, seq: 0 },
    ent,
    fld,
    bases: bases.map(({ digest }) => digest),
    kind:
      kind ?? (fld === 'born' ? 'add' : fld === 'deleted' && val === true ? 'del' : fld === 'seal' ? 'seal' : 'set'),
    val,
    ctx: { app: '0.9.0', schema: 1, zone: 'Europe/Berlin' },
    salt: 'A'.repeat(22),
  });
}

const born = (more: Record<string, Value> = {}): Value => ({
  kind: 'photo',
  sha256: PHOTO,
  size: 3_000_000,
  media_type: 'image/jpeg',
  source: 'system_camera',
  file_name: null,
  captured_at: '2026-11-24T12:00:00.000Z',
  ...more,
});

const onTablet = (operation: Operation): ToldEntry => ({ operation, origin: 'device', seq: null, receivedAt: null });
const onServer = (operation: Operation, at: number, origin: 'device' | 'server' = 'device'): ToldEntry => ({
  operation,
  origin,
  seq: operation.dseq,
  receivedAt: NOON + at,
});

/** A word of the server about an entry. */
const word = (kind: 'verdict' | 'erasure' | 'issuance', on: Operation, val: Value, at = 1000): ToldEntry =>
  onServer(said(`operation/${on.digest}`, kind, val, { by: 'server', at, kind }), at, 'server');

const kinds = (steps: readonly Step[]): string[] => steps.map(({ kind }) => kind);
const only = (steps: readonly Step[], kind: Step['kind']): Step => {
  const found = steps.filter((step) => step.kind === kind);
  expect(found).toHaveLength(1);
  return found[0]!;
};

function record(pictures: readonly string[], evidence = ['e1']): string {
  return canonicalText({ evidence: evidence.map((id) => ({ id })), pictures: [...pictures] });
}

function sealedReport(text = record(['e1']), id = 'r1'): [Operation, Operation] {
  const birth = said(`report_record/${id}`, 'born', { revision: 1, sha256: sha256Of(text), record: text }, { at: 500 });
  const value = { sha256: sha256Of(text), sealed_at: '2026-11-24T12:00:00.600Z' };
  return [birth, said(`report_record/${id}`, 'seal', value, { at: 600 })];
}

const ISSUED = {
  revision: 1,
  sha256: 'c'.repeat(64),
  state: 'draft',
  pdf_sha256: 'd'.repeat(64),
  pages: 9,
  by: LENA,
  at: '2026-11-24T13:00:00.000Z',
};

describe('a photo', () => {
  test('is captured and hashed, with what the app said of the moment; nothing of it is a change', () => {
    const birth = said('evidence/e1', 'born', born());
    const clock = { skew: -120_000, compared_at: '2026-11-24T07:00:00.000Z' };
    const position = { latitude: 1, longitude: 2, accuracy: 8, measured_at: '2026-11-24T12:00:00.000Z' };
    const moment = Object.entries({
      clock,
      position,
      area: 'a1',
      process: 'p1',
      shift: 's1',
      allowed_by: 'Managing director',
    });
    const steps = stepsOf('e1', [birth, ...moment.map(([fld, val]) => said('evidence/e1', fld, val))].map(onTablet));
    expect(kinds(steps)).toEqual(['captured', 'hashed']);
    expect(steps[0]).toMatchObject({
      at: NOON,
      receivedAt: null,
      account: LENA,
      installation: TABLET[LENA],
      app: '0.9.0',
    });
    expect(steps[0]!.facts).toMatchObject({
      source: 'system_camera',
      clock,
      position,
      area: 'a1',
      allowed_by: 'Managing director',
    });
    expect(steps[1]).toMatchObject({ sha256: PHOTO, digest: birth.digest });
  });

  test('has both times where both exist', () => {
    const [captured] = stepsOf('e1', [onServer(said('evidence/e1', 'born', born()), 90_000)]);
    expect(captured).toMatchObject({ at: NOON, receivedAt: NOON + 90_000 });
  });

  test('is filed, taken out and filed again, to a clause and to a finding; links of others are passed over', () => {
    const link = said(
      'evidence_link/l1',
      'born',
      { evidence: 'e1', finding: null, criterion: 'iso9001-2015:7.1.5.1' },
      { at: 10 },
    );
    const gone = said('evidence_link/l1', 'deleted', true, { at: 20, bases: [link] });
    const back = said('evidence_link/l1', 'deleted', false, { at: 30, bases: [gone] });
    const other = said('evidence_link/l2', 'born', { evidence: 'e2', finding: 'f1', criterion: null }, { at: 15 });
    const log = [said('evidence/e1', 'born', born()), link, gone, back, other].map(onTablet);
    const steps = stepsOf('e1', log);
    expect(kinds(steps)).toEqual(['captured', 'hashed', 'filed', 'unfiled', 'filed_again']);
    expect(steps[3]!.facts).toEqual({ finding: null, criterion: 'iso9001-2015:7.1.5.1' });
  });

  test('of which something is covered has each version with the hash of its drawing', () => {
    const birth = said('evidence/e1', 'born', born());
    const first = said('evidence/e1', 'annotation', [COVER], { at: 10 });
    const second = said('evidence/e1', 'annotation', [], { at: 20, bases: [first] });
    const drawn = stepsOf('e1', [birth, first, second].map(onTablet)).filter(({ kind }) => kind === 'annotated');
    expect(drawn.map(({ facts, sha256 }) => [facts, sha256])).toEqual([
      [{ version: 1, shapes: 1, covered: 1 }, sha256Of(canonicalText([COVER as Value]))],
      [{ version: 2, shapes: 0, covered: 0 }, sha256Of('[]')],
    ]);
  });

  test('that is photographed again says so on both', () => {
    const birth = said('evidence/e1', 'born', born());
    const again = said('evidence/e2', 'born', born({ sha256: 'cd'.repeat(32) }), { at: 50 });
    const shows = said('evidence/e2', 'retakes', 'e1', { at: 50 });
    const log = [birth, again, shows].map(onTablet);
    expect(only(stepsOf('e1', log), 'shown_again')).toMatchObject({
      sha256: 'cd'.repeat(32),
      facts: { evidence: 'e2' },
    });
    expect(only(stepsOf('e2', log), 'shows_again').facts).toEqual({ evidence: 'e1' });
  });

  test('what was written in one go is one change, what came later another one', () => {
    const log = [
      said('evidence/e1', 'born', born()),
      said('evidence/e1', 'caption', 'Gauge 7', { at: 5 }),
      said('evidence/e1', 'process', 'p1', { at: 10 }),
      said('evidence/e1', 'site', 's1', { at: 10 }),
      said('evidence/e1', 'method', 'interview', { at: 20 }),
    ].map(onTablet);
    const steps = stepsOf('e1', log);
    expect(kinds(steps)).toEqual(['captured', 'hashed', 'captioned', 'changed', 'changed']);
    expect(steps[3]!.facts['said']).toEqual([
      { field: 'process', value: 'p1', is_erased: false },
      { field: 'site', value: 's1', is_erased: false },
    ]);
  });

  test('is picked, taken back, removed and brought back', () => {
    const birth = said('evidence/e1', 'born', born());
    const picked = said('evidence/e1', 'is_in_report', true, { at: 10 });
    const unpicked = said('evidence/e1', 'is_in_report', false, { at: 20, bases: [picked] });
    const removed = said('evidence/e1', 'deleted', true, { at: 30, bases: [birth, unpicked] });
    const back = said('evidence/e1', 'deleted', false, { at: 40, bases: [removed] });
    const steps = stepsOf('e1', [birth, picked, unpicked, removed, back].map(onTablet));
    expect(kinds(steps).slice(2)).toEqual(['picked', 'unpicked', 'removed', 'restored']);
  });
});

describe('evidence that was told', () => {
  test('has no file, so nothing is hashed', () => {
    const none = { sha256: null, size: null, media_type: null, source: null };
    expect(kinds(stepsOf('e1', [onTablet(said('evidence/e1', 'born', born({ kind: 'interview', ...none })))]))).toEqual(
      ['captured'],
    );
  });
});

describe('a report', () => {
  test('that names it is sealed, and issued as what it is, with its revision and both hashes', () => {
    const [birth, seal] = sealedReport();
    const log = [onTablet(said('evidence/e1', 'born', born())), onServer(birth, 900), onServer(seal, 900)];
    const whole = { ...ISSUED, state: 'released', pdf_sha256: 'e'.repeat(64), at: '2026-11-24T14:00:00.000Z' };
    const steps = stepsOf('e1', [...log, word('issuance', seal, ISSUED), word('issuance', seal, whole, 2000)]);
    expect(kinds(steps).slice(2)).toEqual(['sealed', 'reported', 'reported']);
    expect(steps[2]).toMatchObject({
      sha256: sha256Of(record(['e1'])),
      facts: { record: 'report_record', is_picture: true },
    });
    expect(steps[3]).toMatchObject({
      sha256: 'd'.repeat(64),
      isServers: true,
      account: LENA,
      facts: { revision: 1, state: 'draft' },
    });
    expect(steps[4]!.facts['state']).toBe('released');
  });

  test('that lists it without its picture says so, and one that does not list it is no step', () => {
    const listed = sealedReport(record([]), 'r1');
    const without = sealedReport(record([], ['e2']), 'r2');
    const log = [said('evidence/e1', 'born', born()), ...listed, ...without].map(onTablet);
    expect(only(stepsOf('e1', log), 'sealed').facts).toMatchObject({ is_picture: false });
  });

  test('that is no record at all, or that only quotes the id, breaks nothing', () => {
    const texts = ['e1', '{"evidence":"e1"}', '[1]', '{"evidence":[null,7,{"id":"e2"}],"title":"e1"}'];
    const log = [
      said('evidence/e1', 'born', born()),
      ...texts.flatMap((text, index) => sealedReport(text, `r${index}`)),
    ];
    expect(kinds(stepsOf('e1', log.map(onTablet)))).toEqual(['captured', 'hashed']);
  });

  test('whose record was erased may have named it: the step stays and says so', () => {
    const [birth, seal] = sealedReport();
    const erasure = {
      reason: 'By law',
      by: ARON,
      at: '2026-11-25T09:00:00.000Z',
      record: { sha256: 'f'.repeat(64), numbers: {} },
    };
    const log = [onTablet(said('evidence/e1', 'born', born())), onServer(birth, 900), onServer(seal, 900)];
    const steps = stepsOf('e1', [...log, word('issuance', seal, ISSUED), word('erasure', birth, erasure)]);
    expect(only(steps, 'sealed')).toMatchObject({ sha256: 'f'.repeat(64), erased: { reason: 'By law' } });
    expect(only(steps, 'reported').erased).toMatchObject({ by: ARON });
  });
});

describe('an awkward log', () => {
  const erasure = { reason: 'Withdrawn on request', by: ARON, at: '2026-11-25T09:00:00.000Z', evidence: PHOTO };

  test('of a photo that was withdrawn says who, when and why, and which hash it had', () => {
    const birth = said('evidence/e1', 'born', born());
    const { header, contentSha256 } = eraseContent(birth.data);
    const hollow = onServer(parseOperation(header, contentSha256) as Operation, 500);
    const steps = stepsOf('e1', [hollow, word('erasure', birth, erasure)]);
    expect(kinds(steps)).toEqual(['captured', 'hashed', 'withdrawn']);
    expect(steps[0]).toMatchObject({ account: LENA, erased: { by: ARON } });
    expect(steps[1]!.sha256).toBe(PHOTO);
    expect(steps[2]).toMatchObject({ account: ARON, sha256: PHOTO, facts: { reason: 'Withdrawn on request' } });
  });

  test('that still has what is to go shows nothing of it', () => {
    const birth = said('evidence/e1', 'born', born());
    const caption = said('evidence/e1', 'caption', 'Mr Novak', { at: 10 });
    const steps = stepsOf('e1', [
      onServer(birth, 500),
      onServer(caption, 500),
      word('erasure', caption, { ...erasure, evidence: null }),
    ]);
    expect(JSON.stringify(steps)).not.toContain('Novak');
    expect(only(steps, 'captioned')).toMatchObject({ erased: { reason: 'Withdrawn on request' } });
  });

  test('of which nobody here knows why something was erased says that it was', () => {
    const { header, contentSha256 } = eraseContent(said('evidence/e1', 'born', born()).data);
    const steps = stepsOf('e1', [onServer(parseOperation(header, contentSha256) as Operation, 500)]);
    expect(steps).toMatchObject([{ kind: 'captured', erased: {}, facts: {} }]);
  });

  test('with two captions at once marks both as disputed, until one is chosen', () => {
    const birth = said('evidence/e1', 'born', born());
    const [hers, his] = [LENA, ARON].map((by) => said('evidence/e1', 'caption', by, { by, at: 10 })) as [
      Operation,
      Operation,
    ];
    const disputed = stepsOf('e1', [birth, hers, his].map(onTablet)).filter(({ kind }) => kind === 'captioned');
    expect(disputed.map(({ isDisputed }) => isDisputed)).toEqual([true, true]);
    const chosen = said('evidence/e1', 'caption', LENA, { at: 20, bases: [hers, his], kind: 'resolve' });
    const settled = stepsOf('e1', [birth, hers, his, chosen].map(onTablet)).filter(({ kind }) => kind === 'captioned');
    expect(settled.map(({ isDisputed }) => isDisputed)).toEqual([false, false, false]);
  });

  test('with a removal that met an edit marks the removal', () => {
    const birth = said('evidence/e1', 'born', born());
    const removed = said('evidence/e1', 'deleted', true, { at: 10, bases: [birth] });
    const edited = said('evidence/e1', 'caption', 'Still needed', { by: ARON, at: 10 });
    expect(only(stepsOf('e1', [birth, removed, edited].map(onTablet)), 'removed').isDisputed).toBe(true);
  });

  test('keeps what was set aside, with the reason, and a taken-back verdict is none', () => {
    const birth = onServer(said('evidence/e1', 'born', born()), 500);
    const caption = said('evidence/e1', 'caption', 'By a stranger', { by: ARON, at: 10 });
    const verdict = { state: 'quarantined', code: 'operation.not_permitted', facts: {} };
    const aside = [birth, onServer(caption, 500), word('verdict', caption, verdict)];
    expect(only(stepsOf('e1', aside), 'captioned').setAside).toBe('operation.not_permitted');
    const taken = [...aside, word('verdict', caption, { state: 'applied', since: NOON }, 2000)];
    expect(only(stepsOf('e1', taken), 'captioned').setAside).toBeNull();
  });

  test('by a tablet whose clock ran a day ahead, or a day behind, never puts anything before the capture', () => {
    const DAY = 86_400_000;
    const birth = onServer(said('evidence/e1', 'born', born(), { at: DAY }), 1000);
    const late = onServer(said('evidence/e1', 'caption', 'Behind', { by: ARON, at: -DAY }), 2000);
    const ahead = onServer(said('evidence/e1', 'is_in_report', true, { at: DAY }), 3000);
    expect(kinds(stepsOf('e1', [ahead, late, birth]))).toEqual(['captured', 'hashed', 'captioned', 'picked']);
  });

  test('in which an entry stands twice, here and as it came back, has it once', () => {
    const birth = said('evidence/e1', 'born', born());
    const steps = stepsOf('e1', [onTablet(birth), onServer(birth, 500), onServer(birth, 700)]);
    expect(kinds(steps)).toEqual(['captured', 'hashed']);
    expect(steps[0]!.receivedAt).toBe(NOON + 500);
  });

  test('with a second birth of the same name shows both and says that they differ', () => {
    const [first, second] = [LENA, ARON].map((by) =>
      said('evidence/e1', 'born', born({ sha256: (by === LENA ? 'ab' : 'cd').repeat(32) }), {
        by,
        at: by === LENA ? 0 : 10,
      }),
    ) as [Operation, Operation];
    const captured = stepsOf('e1', [onServer(first, 500), onServer(second, 600)]).filter(
      ({ kind }) => kind === 'captured',
    );
    expect(captured.map(({ account, isDisputed }) => [account, isDisputed])).toEqual([
      [LENA, true],
      [ARON, true],
    ]);
  });

  test('without the birth still tells the rest', () => {
    expect(kinds(stepsOf('e1', [onTablet(said('evidence/e1', 'caption', 'Alone'))]))).toEqual(['captioned']);
  });

  test('with words of the server that are none is read all the same', () => {
    const birth = said('evidence/e1', 'born', born());
    const odd = [null, 7, 'gone', [], {}, { at: 3 }].flatMap((val) => [
      word('erasure', said('evidence/e9', 'born', born()), val as Value),
      word('verdict', birth, val as Value),
      word('issuance', birth, val as Value),
    ]);
    expect(kinds(stepsOf('e1', [onServer(birth, 500), ...odd]))).toEqual(['captured', 'hashed']);
  });

  testLong('of any values at any fields gives steps in order, the same for every order of the entries', () => {
    const anything = fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.string(),
      fc.array(fc.string(), { maxLength: 2 }),
      fc.dictionary(fc.string(), fc.integer(), { maxKeys: 2 }),
    );
    const fields = [
      'born',
      'caption',
      'annotation',
      'retakes',
      'is_in_report',
      'deleted',
      'clock',
      'position',
      'unheard_of',
    ];
    const entry = fc.record({
      fld: fc.constantFrom(...fields),
      val: anything,
      by: fc.constantFrom(LENA, ARON),
      at: fc.integer({ min: -1000, max: 1000 }),
      came: fc.option(fc.integer({ min: 0, max: 2000 })),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (drawn) => {
        const log = drawn.map(({ fld, val, by, at, came }) => {
          const operation = said('evidence/e1', fld, val as Value, { by, at });
          return came === null ? onTablet(operation) : onServer(operation, came);
        });
        const steps = stepsOf('e1', log);
        expect(stepsOf('e1', log.toReversed())).toEqual(steps);
        expect(new Set(steps.map(({ key }) => key)).size).toBe(steps.length);
        expect(steps.every(({ order, at }) => Number.isFinite(order) && Number.isFinite(at))).toBe(true);
      }),
      { seed: 20261124, numRuns: 150 },
    );
  });
});
