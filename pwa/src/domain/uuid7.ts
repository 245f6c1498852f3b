/**
 * UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then a counter, then chance. References sort as they were made.
 *
 * Time and chance are arguments, so this stays a rule without a clock.
 */
import { bytesToHex } from '@noble/hashes/utils.js';

const LONGEST_COUNTER = 0xfff;

/** Eight random bytes for each id. Within one millisecond, or while the clock stands or steps back, the counter goes on. */
export class IdMaker {
  #last = -1;
  #counter = 0;

  next(now: number, random: Uint8Array): string {
    const wall = Math.min(Math.max(Math.floor(now), 0), 2 ** 48 - 1);
    // A clock that was corrected backwards by more than a minute is believed: ids only have to be unique.
    const isAhead = this.#last >= wall && this.#last - wall < 60_000;
    if (isAhead && this.#counter < LONGEST_COUNTER) {
      this.#counter += 1;
    } else {
      this.#last = isAhead ? this.#last + 1 : wall;
      this.#counter = 0;
    }
    return uuid7(this.#last, this.#counter, random);
  }
}

/** One id from its parts: milliseconds, twelve bits of counter, eight random bytes. */
export function uuid7(milliseconds: number, counter: number, random: Uint8Array): string {
  if (random.length < 8) throw new RangeError('eight random bytes make an id');
  const time = milliseconds.toString(16).padStart(12, '0');
  const tail = random.slice(0, 8);
  tail[0] = ((tail[0] ?? 0) & 0x3f) | 0x80;
  const chance = bytesToHex(tail);
  const count = (counter & LONGEST_COUNTER).toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${chance.slice(0, 4)}-${chance.slice(4)}`;
}
