/** Of two texts only what differs, with the rest of its sentence: nobody reads two paragraphs to find one digit. */

/** As much is read at a glance. */
const SHORT = 80;
/** How many words around what differs are shown, where its sentence is longer. */
const AROUND = 10;
const ENDS_SENTENCE = /[.!?]\s*$|\n/;

export function differing(was: string, is: string): { was: string; is: string } {
  if (Math.max(was.length, is.length) <= SHORT) return { was, is };
  const [before, after] = [wordsOf(was), wordsOf(is)];
  const shorter = Math.min(before.length, after.length);
  let same = 0;
  while (same < shorter && isSame(before[same]!, after[same]!)) same += 1;
  let rest = 0;
  while (rest < shorter - same && isSame(before.at(-1 - rest)!, after.at(-1 - rest)!)) rest += 1;

  let start = same;
  while (start > 0 && same - start < AROUND && !ENDS_SENTENCE.test(before[start - 1]!)) start -= 1;
  let end = rest;
  const lastOf = (words: readonly string[]) => words.slice(start).at(-1 - end) ?? '';
  while (end > 0 && rest - end < AROUND && !(ENDS_SENTENCE.test(lastOf(before)) || ENDS_SENTENCE.test(lastOf(after))))
    end -= 1;
  return { was: shown(before, start, end), is: shown(after, start, end) };
}

function shown(words: readonly string[], start: number, end: number): string {
  const middle = words
    .slice(start, words.length - end)
    .join('')
    .trim();
  return [start > 0 ? '…' : '', middle, end > 0 ? '…' : ''].filter(Boolean).join(' ');
}

function wordsOf(text: string): string[] {
  return text.split(/(?<=\s)(?=\S)/);
}

function isSame(one: string, other: string): boolean {
  return one.trim() === other.trim();
}
