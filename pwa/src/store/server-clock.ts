/**
 * How far this tablet's clock is off, as its last comparison with the server's said. It goes into what is recorded, so that a time
 * without a network can be set right years later. The monotonic clock would not do to carry it on: it stands still while a tablet sleeps.
 */
import type { Entities } from '../domain/vocabulary';
import type { AuditbookDatabase } from './database';
import { instant } from './device';

export type Clock = NonNullable<Entities['evidence']['clock']>;

const KEY = 'server_clock';
/** More than this is worth a word to a person. */
const TOLERANCE_MS = 120_000;

/** Whether a clock that differs by so many milliseconds is off: the time of a photo, or of a seal, would be doubted. */
export function isOff(skew: number): boolean {
  return Math.abs(skew) >= TOLERANCE_MS;
}

/** The server said `server` when this tablet said `here`, both in milliseconds since 1970. */
export async function noteServerClock(db: AuditbookDatabase, server: number, here: number): Promise<void> {
  const value: Clock = { skew: Math.round(server - here), compared_at: instant(server) };
  await db.device_state.put({ key: KEY, value });
}

/** Null while no server was ever asked. */
export async function readServerClock(db: AuditbookDatabase): Promise<Clock | null> {
  return ((await db.device_state.get(KEY))?.value as Clock | undefined) ?? null;
}
