import { describe, expect, test } from 'vitest';
import { isSignature, toPadPoints, toStrokes, type PadPoint } from './signature-strokes';

const group = (...points: [x: number, y: number, time: number][]): { points: PadPoint[] } => ({
  points: points.map(([x, y, time]) => ({ x, y, time })),
});

describe('a signature', () => {
  test('is the same numbers on a small pad and on a large one', () => {
    const small = toStrokes([group([10, 20, 5000], [110, 20, 5040])], 500);
    const large = toStrokes([group([20, 40, 9000], [220, 40, 9040])], 1000);
    expect(small).toEqual([
      {
        points: [
          [20, 40, 0],
          [220, 40, 40],
        ],
      },
    ]);
    expect(large).toEqual(small);
  });

  test('survives rotation', () => {
    const strokes = toStrokes([group([10, 20, 0], [110, 90, 40]), group([200, 100, 90], [230, 70, 130])], 500);
    expect(toStrokes(toPadPoints(strokes, 731), 731)).toEqual(strokes);
  });

  test('keeps time running across strokes', () => {
    const strokes = toStrokes([group([0, 0, 1000]), group([5, 5, 1700])], 500);
    expect(strokes.map((stroke) => stroke.points[0]?.[2])).toEqual([0, 700]);
  });

  test('that runs off the edge stays on the pad', () => {
    expect(toStrokes([group([-4, 300, 0], [612, 90, 10])], 500)[0]?.points).toEqual([
      [0, 400, 0],
      [1000, 180, 10],
    ]);
  });

  test('is more than a dot of the palm', () => {
    expect(isSignature([])).toBe(false);
    expect(isSignature(toStrokes([group([50, 50, 0]), group([51, 50, 9], [52, 51, 12])], 500))).toBe(false);
    expect(isSignature(toStrokes([group([50, 50, 0], [120, 80, 90])], 500))).toBe(true);
  });
});
