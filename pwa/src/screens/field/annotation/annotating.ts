/** The hand on a photo: from where the glass was touched to shapes, free of the screen and of the picture's size in pixels. */
import { MOST_POINTS, TEXT_SIZE, UNITS, type Point, type Shape } from '../../../domain/annotation';
import type { AnnotationColour, AnnotationKind } from '../../../domain/vocabulary';

/** Width and height of an upright picture; its longer edge is `UNITS`. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
}

/** A shape is not begun by a touch that trembled. */
const SMALLEST = 60;
/** Half a line's width: what of a pen's way may be left out without anybody seeing it. */
const TOLERANCE = 12;

export function sheetOf(width: number, height: number): Sheet {
  const scale = UNITS / Math.max(width, height, 1);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/** Where on the picture a place of the screen lies; beyond its edge, the nearest place within. */
export function placeOn(
  sheet: Sheet,
  shown: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
  at: { readonly clientX: number; readonly clientY: number },
): Point {
  return [
    within(((at.clientX - shown.left) / shown.width) * sheet.width, sheet.width),
    within(((at.clientY - shown.top) / shown.height) * sheet.height, sheet.height),
  ];
}

/** What a drag has drawn; null while it is too small to be meant. */
export function shapeOf(
  kind: Exclude<AnnotationKind, 'text'>,
  colour: AnnotationColour,
  way: readonly Point[],
): Shape | null {
  const [from, to] = [way[0], way.at(-1)];
  if (from === undefined || to === undefined) return null;
  if (kind === 'pen') {
    const points = simplified(way);
    return points.length < 2 || lengthOf(points) < SMALLEST ? null : { kind, colour, points, text: null };
  }
  if (kind === 'arrow') {
    return distance(from, to) < SMALLEST ? null : { kind, colour, points: [from, to], text: null };
  }
  const points = cornersOf(from, to);
  const [[left, top], [right, bottom]] = points;
  if (right - left < SMALLEST || bottom - top < SMALLEST) return null;
  return { kind, colour: kind === 'redact' ? null : colour, points, text: null };
}

/** A label that begins at this place, or as near as lets all of it be seen. */
export function labelOn(sheet: Sheet, colour: AnnotationColour, at: Point, text: string): Shape {
  const room = Math.max(0, sheet.width - widthOf(text));
  const place: Point = [Math.min(at[0], room), Math.min(Math.max(at[1], TEXT_SIZE), sheet.height - 80)];
  return { kind: 'text', colour, points: [[Math.max(0, place[0]), Math.max(0, place[1])]], text };
}

/** One in the middle, for whoever cannot draw: it is moved and changed from there. */
export function shapeInTheMiddle(kind: AnnotationKind, colour: AnnotationColour, sheet: Sheet, text: string): Shape {
  const [x, y] = [Math.round(sheet.width / 2), Math.round(sheet.height / 2)];
  const reach = Math.round(Math.min(sheet.width, sheet.height) / 6);
  if (kind === 'text') return labelOn(sheet, colour, [x - Math.round(widthOf(text) / 2), y], text);
  const way: Point[] = [
    [x - reach, y - reach],
    [x + reach, y + reach],
  ];
  return shapeOf(kind, colour, kind === 'arrow' ? [way[0]!, [x, y]] : way)!;
}

/** Moved by so much, as far as all of it stays on the picture. */
export function moved(shape: Shape, by: Point, sheet: Sheet): Shape {
  const across = shape.points.map(([x]) => x);
  const down = shape.points.map(([, y]) => y);
  const dx = Math.min(Math.max(by[0], -Math.min(...across)), sheet.width - Math.max(...across));
  const dy = Math.min(Math.max(by[1], -Math.min(...down)), sheet.height - Math.max(...down));
  return { ...shape, points: shape.points.map(([x, y]): Point => [Math.round(x + dx), Math.round(y + dy)]) };
}

/** With one of its ends, or corners, at another place. A text and a pen's way have none, and stay. */
export function reshaped(shape: Shape, end: number, to: Point): Shape {
  const handle = handlesOf(shape)[end];
  if (handle === undefined) return shape;
  if (shape.kind === 'arrow') {
    const points = shape.points.map((point, index): Point => (index === end ? to : point));
    return distance(points[0]!, points[1]!) < SMALLEST ? shape : { ...shape, points };
  }
  const opposite = handlesOf(shape)[(end + 2) % 4]!;
  const points = cornersOf(opposite, to);
  const [[left, top], [right, bottom]] = points;
  return right - left < SMALLEST || bottom - top < SMALLEST ? shape : { ...shape, points };
}

/** The places by which a shape is changed: both ends of an arrow, the corners of a box from the upper left one on. */
export function handlesOf({ kind, points }: Shape): Point[] {
  if (kind === 'arrow') return [points[0]!, points[1]!];
  if (kind !== 'box' && kind !== 'redact') return [];
  const [[left, top], [right, bottom]] = [points[0]!, points[1]!];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/** The rectangle around a shape: what is pressed to choose it. */
export function boundsOf({ kind, points, text }: Shape): { x: number; y: number; width: number; height: number } {
  if (kind === 'text') {
    const [x, y] = points[0]!;
    return { x, y: y - TEXT_SIZE * 0.8, width: widthOf(text ?? ''), height: TEXT_SIZE };
  }
  const [across, down] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x, y] = [Math.min(...across), Math.min(...down)];
  return { x, y, width: Math.max(...across) - x, height: Math.max(...down) - y };
}

/** The uppermost shape that is pressed at this place; -1 where there is none. `reach` is half a fingertip. */
export function shapeAt(shapes: readonly Shape[], at: Point, reach: number): number {
  return shapes.findLastIndex((shape) => {
    if (shape.kind === 'arrow' || shape.kind === 'pen') return distanceToLine(shape.points, at) <= reach;
    const { x, y, width, height } = boundsOf(shape);
    return at[0] >= x - reach && at[0] <= x + width + reach && at[1] >= y - reach && at[1] <= y + height + reach;
  });
}

/** A pen's way with fewer points that nobody can tell from it (Ramer, Douglas, Peucker). */
export function simplified(way: readonly Point[]): Point[] {
  for (let tolerance = TOLERANCE; ; tolerance *= 2) {
    const points = withoutTheStraight(way, tolerance);
    if (points.length <= MOST_POINTS) return points;
  }
}

function withoutTheStraight(way: readonly Point[], tolerance: number): Point[] {
  const isKept = new Set([0, way.length - 1]);
  const parts: [number, number][] = [[0, way.length - 1]];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [from, to] = part;
    let [furthest, most] = [-1, tolerance];
    for (let index = from + 1; index < to; index++) {
      const aside = distanceToLine([way[from]!, way[to]!], way[index]!);
      if (aside > most) [furthest, most] = [index, aside];
    }
    if (furthest < 0) continue;
    isKept.add(furthest);
    parts.push([from, furthest], [furthest, to]);
  }
  return way.filter((_, index) => isKept.has(index));
}

function distanceToLine(line: readonly Point[], at: Point): number {
  let nearest = Infinity;
  for (let index = 1; index < line.length; index++) {
    const [from, to] = [line[index - 1]!, line[index]!];
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : ((at[0] - from[0]) * dx + (at[1] - from[1]) * dy) / length;
    const part = Math.min(1, Math.max(0, along));
    nearest = Math.min(nearest, distance(at, [from[0] + part * dx, from[1] + part * dy]));
  }
  return nearest;
}

/** Of a label; letters of the tablet's font are rather narrower than this. */
function widthOf(text: string): number {
  return Math.round([...text].length * TEXT_SIZE * 0.6);
}

function cornersOf(one: Point, other: Point): [Point, Point] {
  return [
    [Math.min(one[0], other[0]), Math.min(one[1], other[1])],
    [Math.max(one[0], other[0]), Math.max(one[1], other[1])],
  ];
}

function lengthOf(points: readonly Point[]): number {
  return points.reduce((sum, point, index) => (index === 0 ? 0 : sum + distance(points[index - 1]!, point)), 0);
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}

function within(value: number, limit: number): number {
  return Math.min(limit, Math.max(0, Math.round(value)));
}
