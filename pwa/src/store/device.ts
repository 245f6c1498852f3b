/** What the device says: time, chance, zone and the version of this app. Replaceable, so that a test can stop the clock. */
import { version } from '../../package.json';
import { instantOf } from '../domain/spelling';
import { IdMaker } from '../domain/uuid7';
import { base64url } from './keys';

export const APP_VERSION: string = version;

/** One mark for each time that the app is loaded: between two of them nothing is known of its monotonic clock. */
const START = base64url(crypto.getRandomValues(new Uint8Array(8)));

export const device = {
  /** Milliseconds since 1970, as the device believes. */
  now: (): number => Date.now(),
  start: (): string => START,
  /** Whole milliseconds since the app was started; no correction of the clock moves it. */
  mono: (): number => Math.max(0, Math.floor(performance.now())),
  random: (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes)),
  zone: (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
};

const ids = new IdMaker();

/** A new id. Ids made one after the other sort in that order. */
export function newId(): string {
  return ids.next(device.now(), device.random(8));
}

/** An instant as the contract writes it. */
export function instant(milliseconds: number = device.now()): string {
  return instantOf(milliseconds);
}
