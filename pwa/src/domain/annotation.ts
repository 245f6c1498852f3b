/**
 * What is drawn on a photo: shapes beside the original, which stays as it left the shutter, and how each shape looks.
 *
 * A place is a pair of whole numbers, x and y from the upper left corner of the upright picture, in ten-thousandths of its longer
 * edge on both axes (docs/adr/0011). `drawing` gives strokes, areas and letters; tablet and server paint them without knowing what an
 * arrow is. The same rule stands in server/domain/annotation.py; schemas/vectors/annotation holds both together.
 */
import { isSameValue, type Value } from './plain-json';
import { refuse, type Refusal } from './refusal';
import { ANNOTATION_COLOURS, ANNOTATION_KINDS, type AnnotationColour, type AnnotationKind } from './vocabulary';

export const UNITS = 10_000;
export const MOST_SHAPES = 60;
/** Of one shape. */
export const MOST_POINTS = 400;
export const MOST_POINTS_IN_ALL = 3000;
/** Characters: a label on one line. What is longer is a caption. */
export const LONGEST_TEXT = 40;

/** Of a line, and of the light or dark edge on either side of it, by which it is seen on any ground and in black and white. */
const [WIDTH, CASING] = [50, 20];
const [HEAD_LENGTH, HEAD_WIDTH] = [320, 280];
/** Height of the letters' em, and the width of the edge around them. */
export const TEXT_SIZE = 300;
const TEXT_CASING = 36;
const FRAME = 24;

/** By colour the ink and its edge. */
export const INKS: Readonly<Record<AnnotationColour, readonly [ink: string, edge: string]>> = {
  red: ['#c4122f', '#ffffff'],
  yellow: ['#ffd500', '#111111'],
  blue: ['#0b4fd6', '#ffffff'],
  black: ['#111111', '#ffffff'],
};
const [COVER, COVER_FRAME] = ['#1a1a1a', '#ffffff'];

export type Point = [x: number, y: number];

export type Shape = {
  kind: AnnotationKind;
  /** Null for what covers, and for nothing else. */
  colour: AnnotationColour | null;
  points: Point[];
  /** Null for everything but a text. */
  text: string | null;
};

/** One thing to paint. */
export type Mark =
  | { cover: Point[]; ink: string }
  | { area: Point[]; ink: string }
  | { line: Point[]; width: number; ink: string }
  | { text: string; at: Point; size: number; ink: string; edge: string; edge_width: number };

/** Why the server would set these shapes aside; null where it would not. */
export function refuseAnnotation(value: unknown): Refusal | null {
  const why = whyUnfit(value);
  return why === null ? null : refuse('operation.value_unfit', { entity: 'evidence', field: 'annotation', why });
}

function whyUnfit(value: unknown): string | null {
  if (!Array.isArray(value)) return 'not a list';
  if (value.length > MOST_SHAPES) return `${value.length} shapes > ${MOST_SHAPES}`;
  const wrong = value.findIndex((shape) => !isShape(shape));
  if (wrong >= 0) return `shape ${wrong + 1} cannot be drawn`;
  const points = (value as Shape[]).reduce((sum, shape) => sum + shape.points.length, 0);
  return points > MOST_POINTS_IN_ALL ? `${points} points > ${MOST_POINTS_IN_ALL}` : null;
}

const KEYS = ['colour', 'kind', 'points', 'text'];

function isShape(value: unknown): value is Shape {
  if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== KEYS.join()) return false;
  const { kind, colour, points, text } = value as Record<string, unknown>;
  if (!ANNOTATION_KINDS.includes(kind as AnnotationKind)) return false;
  if (kind === 'redact' ? colour !== null : !ANNOTATION_COLOURS.includes(colour as AnnotationColour)) return false;
  if (kind === 'text' ? !isLabel(text) : text !== null) return false;
  return Array.isArray(points) && points.length <= MOST_POINTS && points.every(isPoint) && fits(kind, points);
}

function isLabel(text: unknown): boolean {
  if (typeof text !== 'string' || text.length === 0 || [...text].length > LONGEST_TEXT) return false;
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return !text.startsWith(' ') && !text.endsWith(' ') && !/[\u0000-\u001f\u007f]/.test(text);
}

function isPoint(point: unknown): point is Point {
  return (
    Array.isArray(point) &&
    point.length === 2 &&
    point.every((one) => Number.isInteger(one) && one >= 0 && one <= UNITS)
  );
}

function fits(kind: unknown, points: readonly Point[]): boolean {
  const [first, last] = [points[0], points[1]];
  if (kind === 'text') return points.length === 1;
  if (first === undefined || last === undefined) return false;
  if (kind === 'pen') return true;
  if (points.length > 2) return false;
  if (kind === 'arrow') return first[0] !== last[0] || first[1] !== last[1];
  return first[0] < last[0] && first[1] < last[1];
}

/** The shapes that a value holds; none where it holds something else, as a later version or a damaged entry might. */
export function shapesIn(value: Value | undefined): Shape[] {
  return value !== undefined && whyUnfit(value) === null ? (value as unknown as Shape[]) : [];
}

/** Whether something under these shapes is not to be seen. */
export function covers(shapes: readonly Shape[]): boolean {
  return shapes.some(({ kind }) => kind === 'redact');
}

/** A piece of evidence as a layer looks at it. */
export interface Layered {
  readonly id: string;
  readonly sha256: string;
  readonly shapes: readonly Shape[];
}

/** What is drawn on one piece of evidence. What another entry covers in the same file is covered here too. What has no file has no layer. */
export function layerOf(evidence: Layered, all: Iterable<Layered>): Shape[] {
  if (evidence.sha256 === '') return [];
  const own = evidence.shapes;
  const others = [...all]
    .filter(({ id, sha256 }) => id !== evidence.id && sha256 === evidence.sha256)
    .flatMap(({ shapes }) => shapes.filter(({ kind }) => kind === 'redact'))
    .filter((shape) => !own.some((one) => isSameValue(one, shape)));
  return [...others, ...own];
}

/**
 * Two drawings that both began from `base`: what either took away is gone, what either added is there, theirs below mine. Nobody's
 * shape is lost because somebody else was faster.
 */
export function mergedShapes(base: readonly Shape[], mine: readonly Shape[], theirs: readonly Shape[]): Shape[] {
  const isIn = (list: readonly Shape[], shape: Shape) => list.some((one) => isSameValue(one, shape));
  const kept = theirs.filter((shape) => isIn(mine, shape) || !isIn(base, shape));
  const added = mine.filter((shape) => !isIn(base, shape) && !isIn(kept, shape));
  return [...kept, ...added];
}

/** The marks to paint, in their order: what covers comes first, so that it hides the picture and no mark. */
export function drawing(shapes: readonly Shape[]): Mark[] {
  const covering = shapes.filter(({ kind }) => kind === 'redact');
  const marking = shapes.filter(({ kind }) => kind !== 'redact');
  return [...covering, ...marking].flatMap(marksOf);
}

function marksOf({ kind, colour, points, text }: Shape): Mark[] {
  if (kind === 'redact') {
    const corners = cornersOf(points);
    return [
      { cover: corners, ink: COVER },
      { line: [...corners, corners[0]!], width: FRAME, ink: COVER_FRAME },
    ];
  }
  const [ink, edge] = INKS[colour ?? 'red'];
  if (kind === 'text') {
    return [{ text: text ?? '', at: points[0]!, size: TEXT_SIZE, ink, edge, edge_width: TEXT_CASING }];
  }
  if (kind === 'arrow') return arrow(points[0]!, points[1]!, ink, edge);
  const corners = cornersOf(points);
  const line = kind === 'box' ? [...corners, corners[0]!] : points;
  return [
    { line, width: WIDTH + 2 * CASING, ink: edge },
    { line, width: WIDTH, ink },
  ];
}

/** A shaft and a head whose tip is the place that is meant. A short arrow is all head. */
function arrow(tail: Point, tip: Point, ink: string, edge: string): Mark[] {
  const [x, y] = [tip[0] - tail[0], tip[1] - tail[1]];
  const length = Math.sqrt(x * x + y * y);
  const [along, across] = [x / length, y / length];
  const head = Math.min(HEAD_LENGTH, length);
  const half = ((HEAD_WIDTH / 2) * head) / HEAD_LENGTH;
  const neck: Point = [whole(tip[0] - along * head), whole(tip[1] - across * head)];
  const left: Point = [whole(tip[0] - along * head - across * half), whole(tip[1] - across * head + along * half)];
  const right: Point = [whole(tip[0] - along * head + across * half), whole(tip[1] - across * head - along * half)];
  return [
    { line: [tail, neck], width: WIDTH + 2 * CASING, ink: edge },
    { line: [tip, left, right, tip], width: 2 * CASING, ink: edge },
    { line: [tail, neck], width: WIDTH, ink },
    { area: [tip, left, right], ink },
  ];
}

function cornersOf(points: readonly Point[]): Point[] {
  const [[left, top], [right, bottom]] = [points[0]!, points[1] ?? points[0]!];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/** The nearest whole number; a half goes up, in both languages. */
function whole(value: number): number {
  return Math.floor(value + 0.5);
}
