/**
 * The shapes of judgements and grades, as plain data on a 24 x 24 grid.
 *
 * The app draws them as SVG and the report draws the same numbers in the PDF, so paths use only
 * absolute M, L, C and Z. Every shape differs in outline: printed in grey they are still told apart.
 */

/** Names are those of the wire contract; `disputed` is drawn where two auditors disagree. */
export const MARKS = [
  'conforms',
  'positive',
  'opportunity_for_improvement',
  'minor_nonconformity',
  'major_nonconformity',
  'area_of_concern',
  'not_seen',
  'not_planned',
  'not_applicable',
  'disputed',
] as const;

export type Mark = (typeof MARKS)[number];

export interface ShapeLayer {
  readonly d: string;
  /** `solid` fills with the mark's colour, `line` strokes with it, `cut` strokes with what lies on top of a solid. */
  readonly paint: 'solid' | 'line' | 'cut';
  readonly width?: number;
  readonly dash?: readonly [on: number, off: number];
}

export const GRID = 24;

const DISC =
  'M12 2 C17.523 2 22 6.477 22 12 C22 17.523 17.523 22 12 22 C6.477 22 2 17.523 2 12 C2 6.477 6.477 2 12 2 Z';
const RING =
  'M12 3 C16.971 3 21 7.029 21 12 C21 16.971 16.971 21 12 21 C7.029 21 3 16.971 3 12 C3 7.029 7.029 3 12 3 Z';

export const GRADE_SHAPES: Readonly<Record<Mark, readonly ShapeLayer[]>> = {
  conforms: [
    { d: DISC, paint: 'solid' },
    { d: 'M7.3 12.4 L10.6 15.7 L16.7 8.7', paint: 'cut', width: 2.4 },
  ],
  positive: [
    {
      d: 'M8.5 2 L15.5 2 L15.5 8.5 L22 8.5 L22 15.5 L15.5 15.5 L15.5 22 L8.5 22 L8.5 15.5 L2 15.5 L2 8.5 L8.5 8.5 Z',
      paint: 'solid',
    },
  ],
  opportunity_for_improvement: [{ d: 'M12 1.2 L22.8 12 L12 22.8 L1.2 12 Z', paint: 'solid' }],
  minor_nonconformity: [{ d: 'M12 2 L23 21.2 L1 21.2 Z', paint: 'solid' }],
  major_nonconformity: [{ d: 'M12 0.9 L21.6 6.45 L21.6 17.55 L12 23.1 L2.4 17.55 L2.4 6.45 Z', paint: 'solid' }],
  area_of_concern: [
    { d: 'M3.2 3.2 L20.8 3.2 L20.8 20.8 L3.2 20.8 Z', paint: 'line', width: 2.4 },
    { d: 'M8.2 8.2 L15.8 8.2 L15.8 15.8 L8.2 15.8 Z', paint: 'solid' },
  ],
  not_seen: [{ d: RING, paint: 'line', width: 2, dash: [3.2, 2.455] }],
  not_planned: [{ d: 'M5 12 L19 12', paint: 'line', width: 2.4 }],
  not_applicable: [
    { d: RING, paint: 'line', width: 2 },
    { d: 'M5.64 18.36 L18.36 5.64', paint: 'line', width: 2 },
  ],
  disputed: [
    { d: 'M10.6 1.7 L10.6 22.3 L2.4 17.55 L2.4 6.45 Z', paint: 'solid' },
    { d: 'M14.2 3.1 C18.3 3.9 21.2 7.6 21.2 12 C21.2 16.4 18.3 20.1 14.2 20.9 Z', paint: 'line', width: 2 },
  ],
};
