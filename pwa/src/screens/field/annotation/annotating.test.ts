/** What a hand, a finger or a keyboard makes of a photo. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergedShapes, MOST_POINTS, refuseAnnotation, type Point, type Shape } from '../../../domain/annotation';
import { ANNOTATION_COLOURS, ANNOTATION_KINDS } from '../../../domain/vocabulary';
import {
  handlesOf,
  labelOn,
  moved,
  placeOn,
  reshaped,
  shapeAt,
  shapeInTheMiddle,
  shapeOf,
  sheetOf,
  simplified,
} from './annotating';

const LANDSCAPE = sheetOf(4032, 3024);
const UPRIGHT = sheetOf(3024, 4032);
const label = (text: string): Shape => ({ kind: 'text', colour: 'red', points: [[1, 300]], text });
const arrow: Shape = {
  kind: 'arrow',
  colour: 'red',
  points: [
    [1000, 1000],
    [3000, 2000],
  ],
  text: null,
};

test('the longer edge is 10,000 whatever the picture is', () => {
  expect(LANDSCAPE).toEqual({ width: 10_000, height: 7500 });
  expect(UPRIGHT).toEqual({ width: 7500, height: 10_000 });
});

test('a touch beside the picture counts at its edge', () => {
  const shown = { left: 100, top: 50, width: 800, height: 600 };
  expect(placeOn(LANDSCAPE, shown, { clientX: 500, clientY: 350 })).toEqual([5000, 3750]);
  expect(placeOn(LANDSCAPE, shown, { clientX: 0, clientY: 9999 })).toEqual([0, 7500]);
});

describe('a drag', () => {
  test('from the lower right makes the same box as from the upper left', () => {
    const way: Point[] = [
      [900, 800],
      [100, 200],
    ];
    expect(shapeOf('box', 'red', way)).toEqual(shapeOf('box', 'red', way.toReversed()));
  });

  test('that trembled draws nothing', () => {
    for (const kind of ['arrow', 'box', 'pen', 'redact'] as const)
      expect(
        shapeOf(kind, 'red', [
          [500, 500],
          [510, 505],
        ]),
      ).toBeNull();
  });

  test('with the pen keeps its corners and leaves out what is straight', () => {
    const straight = Array.from({ length: 900 }, (_, index): Point => [index * 10, 100]);
    expect(simplified([...straight, [9000, 5000]])).toEqual([
      [0, 100],
      [8990, 100],
      [9000, 5000],
    ]);
  });

  test('however long it is, fits what the contract takes', () => {
    const scribble = Array.from({ length: 1500 }, (_, index): Point => [
      (index * 7919) % 10_000,
      (index * 104729) % 7500,
    ]);
    const shape = shapeOf('pen', 'blue', scribble)!;
    expect(shape.points.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(refuseAnnotation([shape])).toBeNull();
  });
});

test('whatever is drawn, put in the middle, moved or reshaped is taken by the server', () => {
  const place = fc.tuple(fc.integer({ min: 0, max: 7500 }), fc.integer({ min: 0, max: 7500 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...ANNOTATION_KINDS),
      fc.constantFrom(...ANNOTATION_COLOURS),
      fc.array(place, { minLength: 2, maxLength: 30 }),
      fc.tuple(fc.integer({ min: -20_000, max: 20_000 }), fc.integer({ min: -20_000, max: 20_000 })),
      fc.integer({ min: 0, max: 3 }),
      (kind, colour, way, by, end) => {
        const drawn = kind === 'text' ? labelOn(LANDSCAPE, colour, way[0]!, 'Gauge 0471') : shapeOf(kind, colour, way);
        for (const shape of [drawn, shapeInTheMiddle(kind, colour, UPRIGHT, 'Gauge 0471')]) {
          if (shape === null) continue;
          expect(refuseAnnotation([shape])).toBeNull();
          expect(refuseAnnotation([moved(shape, by, LANDSCAPE)])).toBeNull();
          expect(refuseAnnotation([reshaped(shape, end, way[1]!)])).toBeNull();
        }
      },
    ),
  );
});

test('a label of forty letters is seen whole, also on a photo that was held upright', () => {
  const { points } = labelOn(UPRIGHT, 'red', [7400, 9990], 'n'.repeat(40));
  expect(points[0]![0] + 40 * 180).toBeLessThanOrEqual(7500);
  expect(points[0]![1]).toBeLessThan(10_000);
});

test('a shape that is moved beyond the edge stays whole', () => {
  expect(moved(arrow, [9000, -9000], LANDSCAPE).points).toEqual([
    [8000, 0],
    [10_000, 1000],
  ]);
});

test('a corner is dragged past the opposite one', () => {
  const box = shapeOf('box', 'red', [
    [1000, 1000],
    [2000, 2000],
  ])!;
  expect(handlesOf(box)).toHaveLength(4);
  expect(reshaped(box, 0, [3000, 4000]).points).toEqual([
    [2000, 2000],
    [3000, 4000],
  ]);
});

test('the uppermost shape under the finger is chosen', () => {
  const box = shapeOf('box', 'red', [
    [500, 500],
    [3500, 2500],
  ])!;
  expect(shapeAt([box, arrow], [2000, 1520], 100)).toBe(1);
  expect(shapeAt([box, arrow], [600, 2400], 100)).toBe(0);
  expect(shapeAt([box, arrow], [9000, 7000], 100)).toBe(-1);
});

describe('two who draw at once', () => {
  test('lose nothing of each other', () => {
    const [base, mine, theirs] = [[label('1')], [label('1'), label('2')], [label('1'), label('3')]];
    expect(mergedShapes(base, mine, theirs)).toEqual([label('1'), label('3'), label('2')]);
  });

  test('what either took away is gone', () => {
    expect(mergedShapes([label('1'), label('2')], [label('2')], [label('1')])).toEqual([]);
  });

  test('the same drawn twice is there once', () => {
    expect(mergedShapes([], [arrow], [arrow])).toEqual([arrow]);
  });
});
