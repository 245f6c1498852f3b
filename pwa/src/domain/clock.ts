/**
 * The hybrid logical clock: for the order of display, and for nothing else.
 *
 * It never throws and never refuses. A device advances by its own stamps alone: what another device claims about the time
 * only decides which of two heads is shown there, so an absurd stamp cannot spread.
 */

const LONGEST_MILLISECONDS = 999_999_999_999_999;
const COUNTER_DIGITS = 8;
const LAST_COUNTER = 36 ** COUNTER_DIGITS - 1;

/** A clock that ran ahead by more than this and was corrected is followed back, or its stamps would stand still for ever. */
const BELIEVED_AHEAD = 10 * 60_000;

/** The stamp after `previous` (null for the first) when the wall clock says `wall`, in milliseconds since 1970. */
export function nextStamp(previous: string | null, wall: number): string {
  const now = Math.min(Math.max(Number.isFinite(wall) ? Math.floor(wall) : 0, 0), LONGEST_MILLISECONDS);
  if (previous === null) return stamp(now, 0);
  const before = Number.parseInt(previous.slice(0, 15), 10);
  const counter = Number.parseInt(previous.slice(16), 36);
  if (!Number.isFinite(before) || !Number.isFinite(counter)) return stamp(now, 0);
  if (now > before || before - now > BELIEVED_AHEAD) return stamp(now, 0);
  if (counter < LAST_COUNTER) return stamp(before, counter + 1);
  return stamp(Math.min(before + 1, LONGEST_MILLISECONDS), 0);
}

function stamp(milliseconds: number, counter: number): string {
  return `${String(milliseconds).padStart(15, '0')}-${counter.toString(36).padStart(COUNTER_DIGITS, '0')}`;
}
