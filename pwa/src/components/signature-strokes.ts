/**
 * A handwritten signature as numbers, free of the screen it was written on.
 *
 * The pad is 1000 wide and 400 high whatever its size in pixels, one scale for both axes, so a signature survives
 * rotation, another tablet, and the report, without distortion.
 */

export const PAD_WIDTH = 1000;
export const PAD_HEIGHT = 400;

/** `t` is milliseconds since the first point. */
export type StrokePoint = [x: number, y: number, t: number];

export interface Stroke {
  points: StrokePoint[];
}

/** What signature_pad keeps per point, in pixels of the pad and milliseconds since 1970. */
export interface PadPoint {
  x: number;
  y: number;
  time: number;
}

export function toStrokes(groups: readonly { points: readonly PadPoint[] }[], padPixels: number): Stroke[] {
  const scale = PAD_WIDTH / padPixels;
  const start = groups[0]?.points[0]?.time ?? 0;
  return groups
    .filter((group) => group.points.length > 0)
    .map((group) => ({
      points: group.points.map(({ x, y, time }) => [
        within(Math.round(x * scale), PAD_WIDTH),
        within(Math.round(y * scale), PAD_HEIGHT),
        Math.max(0, Math.round(time - start)),
      ]),
    }));
}

export function toPadPoints(strokes: readonly Stroke[], padPixels: number): { points: PadPoint[] }[] {
  const scale = padPixels / PAD_WIDTH;
  return strokes.map(({ points }) => ({
    points: points.map(([x, y, t]) => ({ x: x * scale, y: y * scale, time: t })),
  }));
}

/** A tap with the palm is no signature: at least a few millimetres of line must have been drawn. */
export function isSignature(strokes: readonly Stroke[]): boolean {
  return strokes.reduce((sum, stroke) => sum + inkLength(stroke), 0) >= 60;
}

function inkLength({ points }: Stroke): number {
  let length = 0;
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1]!, points[index]!];
    length += Math.hypot(to[0] - from[0], to[1] - from[1]);
  }
  return length;
}

function within(value: number, limit: number): number {
  return Math.min(limit, Math.max(0, value));
}
