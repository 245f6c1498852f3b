import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextStamp } from './clock';
import { IdMaker } from './uuid7';

describe('the logical clock', () => {
  test('a stuck clock counts on without end', () => {
    let stamp = nextStamp(null, 1000);
    for (let index = 0; index < 100_000; index += 1) {
      const next = nextStamp(stamp, 1000);
      if (next <= stamp) throw new Error(`${next} does not follow ${stamp}`);
      stamp = next;
    }
  });

  test('a full counter moves on to the next millisecond', () => {
    expect(nextStamp('000000000001000-zzzzzzzz', 1000)).toBe('000000000001001-00000000');
  });

  test('a step back of seconds keeps the order', () => {
    expect(nextStamp('000000000061000-00000004', 1000)).toBe('000000000061000-00000005');
  });

  test('a clock that was a year ahead and is corrected is followed at once', () => {
    expect(nextStamp('000031536000000-00000000', 1000)).toBe('000000000001000-00000000');
  });

  test('whatever the clock says, a stamp has its shape', () => {
    const walls = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300));
    fc.assert(
      fc.property(fc.array(walls), (readings) => {
        let stamp: string | null = null;
        for (const wall of readings) stamp = nextStamp(stamp, wall);
        if (stamp !== null) expect(stamp).toMatch(/^[0-9]{15}-[0-9a-z]{8}$/);
      }),
    );
  });
});

describe('ids', () => {
  test('made one after the other sort in that order, also in one millisecond', () => {
    const ids = new IdMaker();
    const made = Array.from({ length: 10_000 }, () => ids.next(1_795_513_267_250, new Uint8Array(8).fill(255)));
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    expect(made[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('follow a clock that was corrected', () => {
    const ids = new IdMaker();
    ids.next(2 ** 41, new Uint8Array(8));
    expect(ids.next(1000, new Uint8Array(8)).startsWith('00000000-03e8-7000-')).toBe(true);
  });
});
