/** The marks of trust: one family of stamps that fills up as the work becomes safer, on the same grid as the grades. */
import type { ShapeLayer } from './grade-shapes';

export const STAMPS = ['saved', 'sent', 'safe', 'sealed', 'released'] as const;

export type Stamp = (typeof STAMPS)[number];

const RING =
  'M12 3 C16.971 3 21 7.029 21 12 C21 16.971 16.971 21 12 21 C7.029 21 3 16.971 3 12 C3 7.029 7.029 3 12 3 Z';
const OUTER =
  'M12 1.5 C17.799 1.5 22.5 6.201 22.5 12 C22.5 17.799 17.799 22.5 12 22.5 C6.201 22.5 1.5 17.799 1.5 12 C1.5 6.201 6.201 1.5 12 1.5 Z';
const MIDDLE =
  'M12 5.5 C15.59 5.5 18.5 8.41 18.5 12 C18.5 15.59 15.59 18.5 12 18.5 C8.41 18.5 5.5 15.59 5.5 12 C5.5 8.41 8.41 5.5 12 5.5 Z';
const DISC =
  'M12 2 C17.523 2 22 6.477 22 12 C22 17.523 17.523 22 12 22 C6.477 22 2 17.523 2 12 C2 6.477 6.477 2 12 2 Z';
const CORE =
  'M12 6.5 C15.038 6.5 17.5 8.962 17.5 12 C17.5 15.038 15.038 17.5 12 17.5 C8.962 17.5 6.5 15.038 6.5 12 C6.5 8.962 8.962 6.5 12 6.5 Z';
const SMALL_CORE =
  'M12 9 C13.657 9 15 10.343 15 12 C15 13.657 13.657 15 12 15 C10.343 15 9 13.657 9 12 C9 10.343 10.343 9 12 9 Z';

export const STAMP_SHAPES: Readonly<Record<Stamp, readonly ShapeLayer[]>> = {
  saved: [{ d: RING, paint: 'line', width: 2 }],
  sent: [
    { d: RING, paint: 'line', width: 2 },
    { d: 'M12 3 L12 21 C7.029 21 3 16.971 3 12 C3 7.029 7.029 3 12 3 Z', paint: 'solid' },
  ],
  safe: [{ d: DISC, paint: 'solid' }],
  sealed: [
    { d: OUTER, paint: 'line', width: 2 },
    { d: CORE, paint: 'solid' },
  ],
  released: [
    { d: OUTER, paint: 'line', width: 1.8 },
    { d: MIDDLE, paint: 'line', width: 1.8 },
    { d: SMALL_CORE, paint: 'solid' },
  ],
};
