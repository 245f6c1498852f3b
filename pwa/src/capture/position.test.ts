import { afterEach, expect, test, vi } from 'vitest';
import { degreesOf, positionNow, readPosition, watchPosition, type PositionState } from './position';

const AT = Date.parse('2026-11-24T09:41:07.250Z');
const VIENNA = { latitude: 48.2082, longitude: 16.37169, accuracy: 7.2 };

afterEach(() => vi.unstubAllGlobals());

/** What a browser would say, one word after the other. */
function receiver(...says: ({ latitude: number; longitude: number; accuracy: number } | { code: number })[]) {
  const ended: number[] = [];
  vi.stubGlobal('navigator', {
    geolocation: {
      watchPosition: (found: (position: unknown) => void, failed: (problem: unknown) => void) => {
        for (const said of says) {
          if ('code' in said) failed({ ...said, PERMISSION_DENIED: 1 });
          else found({ coords: said, timestamp: AT });
        }
        return 17;
      },
      clearWatch: (watch: number) => ended.push(watch),
    },
  });
  return ended;
}

function told(): { states: PositionState[]; end: () => void } {
  const states: PositionState[] = [];
  return { states, end: watchPosition((state) => states.push(state)) };
}

test('it is looked for, found, and no longer looked for when the camera closes', () => {
  const ended = receiver(VIENNA);
  const { states, end } = told();
  expect(states.map(({ is }) => is)).toEqual(['looking', 'found']);
  expect(states[1]).toMatchObject({
    position: { latitude: 482_082_000, longitude: 163_716_900, accuracy: 8, measured_at: '2026-11-24T09:41:07.250Z' },
  });
  end();
  expect(ended).toEqual([17]);
});

test('why there is none is said: refused, or not to be had', () => {
  receiver({ code: 1 }, { code: 3 });
  expect(told().states.slice(1)).toEqual([
    { is: 'missing', why: 'denied' },
    { is: 'missing', why: 'unavailable' },
  ]);
  vi.stubGlobal('navigator', {});
  expect(told().states).toEqual([{ is: 'looking' }, { is: 'missing', why: 'unavailable' }]);
});

test('what was measured a minute before the shutter may be another place', () => {
  const position = readPosition(VIENNA, AT);
  expect(positionNow({ is: 'found', position }, AT + 60_000)).toBe(position);
  expect(positionNow({ is: 'found', position }, AT + 60_001)).toBeUndefined();
  expect(positionNow({ is: 'looking' }, AT)).toBeUndefined();
});

test('a place is written as on a map', () => {
  const south = readPosition({ latitude: -33.8688, longitude: -151.2093, accuracy: 1 }, AT);
  expect([degreesOf(readPosition(VIENNA, AT)), degreesOf(south)]).toEqual([
    '48.20820° N, 16.37169° E',
    '33.86880° S, 151.20930° W',
  ]);
});
