/** The reference that a new audit is offered: MUST-2026-01. Whoever creates the audit may write another one. */

const LETTERS = 4;

/**
 * The first letters of the client's name, the year, and the next number after those of `taken`: the references of the audits on this
 * tablet, so a tablet that does not know of another's audit may offer its number too. Empty while nobody knows who the client is.
 */
export function proposedReference(clientName: string, startsOn: string, taken: readonly (string | null)[]): string {
  const word = clientName.split(/\s+/).find((part) => /\p{L}/u.test(part)) ?? '';
  const plain = word
    .toUpperCase()
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '');
  const short = [...plain].slice(0, LETTERS).join('');
  const year = /^\d{4}/.exec(startsOn)?.[0];
  if (short === '' || year === undefined) return '';
  const start = `${short}-${year}-`;
  const numbers = taken.flatMap((reference) =>
    reference?.startsWith(start) && /^\d{1,6}$/.test(reference.slice(start.length))
      ? Number(reference.slice(start.length))
      : [],
  );
  return start + String(Math.max(0, ...numbers) + 1).padStart(2, '0');
}
