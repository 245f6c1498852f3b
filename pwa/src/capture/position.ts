/**
 * Where this tablet is, asked only while something is being recorded, and only where the audit wants it: a receiver that is always on
 * empties the battery.
 */
import type { Entities } from '../domain/vocabulary';
import { instant } from '../store/device';

export type Position = NonNullable<Entities['evidence']['position']>;
export type PositionState =
  | { readonly is: 'looking' }
  | { readonly is: 'found'; readonly position: Position }
  | { readonly is: 'missing'; readonly why: 'denied' | 'unavailable' };

/** In one degree. What is hashed has no fractions. */
const PARTS = 10_000_000;
/** A place that somebody has left meanwhile is none. */
const STAYS_TRUE_MS = 60_000;
const LOOKED_FOR_MS = 30_000;

/** Tells what is known of the position, at once and whenever it changes. What it gives back ends it. */
export function watchPosition(told: (state: PositionState) => void): () => void {
  told({ is: 'looking' });
  const geolocation = (navigator as { geolocation?: Geolocation }).geolocation;
  if (geolocation === undefined) {
    told({ is: 'missing', why: 'unavailable' });
    return () => undefined;
  }
  const watch = geolocation.watchPosition(
    ({ coords, timestamp }) => told({ is: 'found', position: readPosition(coords, timestamp) }),
    (problem) => {
      told({ is: 'missing', why: problem.code === problem.PERMISSION_DENIED ? 'denied' : 'unavailable' });
    },
    { enableHighAccuracy: true, maximumAge: STAYS_TRUE_MS, timeout: LOOKED_FOR_MS },
  );
  return () => geolocation.clearWatch(watch);
}

/** What the shutter takes along: nobody waits for it. */
export function positionNow(state: PositionState, now: number): Position | undefined {
  if (state.is !== 'found' || now - Date.parse(state.position.measured_at) > STAYS_TRUE_MS) return undefined;
  return state.position;
}

export function readPosition(
  coords: Pick<GeolocationCoordinates, 'latitude' | 'longitude' | 'accuracy'>,
  at: number,
): Position {
  return {
    latitude: Math.round(coords.latitude * PARTS),
    longitude: Math.round(coords.longitude * PARTS),
    accuracy: Math.ceil(coords.accuracy),
    measured_at: instant(at),
  };
}

/** As on a map: degrees north and east, as precisely as it was measured. */
export function degreesOf({ latitude, longitude }: Position): string {
  const written = (value: number, signs: readonly [string, string]) =>
    `${(Math.abs(value) / PARTS).toFixed(5)}° ${value < 0 ? signs[1] : signs[0]}`;
  return `${written(latitude, ['N', 'S'])}, ${written(longitude, ['E', 'W'])}`;
}
