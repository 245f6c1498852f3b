/** What a code says, as text for a field: anybody can print a code, so what is in it is nobody's word. */

export interface ReadCode {
  /** As it goes into the field. */
  readonly text: string;
  readonly format: string;
  /** How many characters it had, where the field takes fewer. */
  readonly cutFrom: number | null;
  /** It held characters that are not to be seen, or that turn round what stands beside them. */
  readonly isCleaned: boolean;
}

/** Controls and ends of lines. What separates parts, as the group separator of GS1 does, goes on separating them. */
const SEPARATING = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
/** Directions, what has no width, no glyph or no meaning; `Cs`: half a character. */
const UNSEEN = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;

/** Null where nothing is left that can be read. `most`: characters, counted by code points as everywhere. */
export function readCode(raw: string, format: string, most: number): ReadCode | null {
  // What a label printer puts behind it is no trick.
  const plain = raw.replace(/[\r\n\t]+$/u, '');
  const clean = plain.replace(SEPARATING, ' ').replace(UNSEEN, '');
  const seen = clean.replace(/\s+/gu, ' ').trim();
  const all = [...seen];
  if (all.length === 0) return null;
  return {
    text: all.slice(0, most).join('').trim(),
    format,
    cutFrom: all.length > most ? all.length : null,
    isCleaned: clean !== plain,
  };
}

/** Each text once, in the order in which they were found. */
export function readCodes(
  found: readonly { readonly rawValue: string; readonly format: string }[],
  most: number,
): readonly ReadCode[] {
  const codes = new Map<string, ReadCode>();
  for (const { rawValue, format } of found) {
    const code = readCode(rawValue, format, most);
    if (code !== null && !codes.has(code.text)) codes.set(code.text, code);
  }
  return [...codes.values()];
}

/**
 * Whether two looks saw the same. One alone may have missed a code that lies beside the first, and then nobody would be asked
 * which one is meant.
 */
export function isSameLook(one: readonly ReadCode[], other: readonly ReadCode[]): boolean {
  const texts = (codes: readonly ReadCode[]) => codes.map(({ text }) => text).sort();
  const [left, right] = [texts(one), texts(other)];
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

/** Behind what stands in a list already; not a second time. */
export function listedWith(before: string, text: string): string {
  const parts = before.split(/[,;\n]/).map((part) => part.trim());
  if (parts.includes(text)) return before;
  return [before.trim().replace(/[,;]$/, ''), text].filter(Boolean).join(', ');
}

/** The size in which a picture is looked through: a code that is smaller than this lets it be seen is held nearer. */
export function sizeToLookAt(width: number, height: number, longest: number): readonly [width: number, height: number] {
  const scale = Math.min(1, longest / Math.max(width, height, 1));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}
