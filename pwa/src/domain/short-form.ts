/**
 * Operations as they travel: what the receiver can work out is not sent.
 *
 * Two fifths of a packed batch would be digests of operations that travel in the same list: each names the one before it (`prev`),
 * and those whose value it replaces (`bases`). In the short form such a digest in a header stands as `"~3"`: the operation three
 * places further up in the list. What is hashed, signed and kept are always the whole bytes. server/domain/short_form.py does the
 * same; schemas/vectors/short_form holds both together.
 */
import { MAX_BASES } from './operation';

const DIGEST = /"([0-9a-f]{64})"/g;
const BACK = /"~([0-9]{1,6})"/g;
/** Digests in one header. More would only make a text that nobody takes. */
const MOST = MAX_BASES + 1;

/**
 * `texts` are whole operations, or headers of erased ones, or empty where one is only named; `digests` say what each is called.
 * Null where one of them looks as if it were short already, or could not be made whole again: then the list travels whole.
 */
export function shorten(texts: readonly string[], digests: readonly string[]): string[] | null {
  const places = new Map<string, number>();
  const short: string[] = [];
  for (const [place, text] of texts.entries()) {
    const [header, content] = linesOf(text);
    if (header.search(BACK) >= 0) return null;
    const named = (whole: string, digest: string): string => {
      const before = places.get(digest);
      return before === undefined ? whole : `"~${place - before}"`;
    };
    const placed = header.replace(DIGEST, named);
    if (placesIn(placed) > MOST) return null;
    short.push(placed + content);
    places.set(digests[place]!, place);
  }
  return short;
}

/**
 * The whole texts again. `digestAt` says what the operation at a place is called, given its whole text. Null where a place is
 * named that is not there.
 */
export function lengthen(
  texts: readonly string[],
  digestAt: (place: number, whole: string) => string,
): string[] | null {
  const digests: string[] = [];
  const whole: string[] = [];
  for (const [place, text] of texts.entries()) {
    const [header, content] = linesOf(text);
    if (placesIn(header) > MOST) return null;
    let isThere = true;
    const long = header.replace(BACK, (_, back: string) => {
      const digest = Number(back) >= 1 ? digests[place - Number(back)] : undefined;
      isThere &&= digest !== undefined;
      return `"${digest}"`;
    });
    if (!isThere) return null;
    whole.push(long + content);
    digests.push(digestAt(place, long + content));
  }
  return whole;
}

function placesIn(header: string): number {
  return header.split('"~').length - 1;
}

/** The header, and what stands behind it with the line break. */
function linesOf(text: string): [header: string, rest: string] {
  const end = text.indexOf('\n');
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)];
}
