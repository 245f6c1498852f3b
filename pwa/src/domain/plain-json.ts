/**
 * JSON that both languages and both databases hold without change: the I-JSON subset (RFC 7493) without fractions.
 *
 * `JSON.parse` would take the last of two equal keys, turn 1.0 into 1 and round 2^53 + 1. The server refuses all three
 * (server/domain/operation.py), and a tablet that did not would fold something else.
 */
import canonicalize from 'canonicalize';

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

export const MAX_DEPTH = 16;

/** RFC 8785: the one way to write a value. Throws where the value is not plain, which is a fault of the caller. */
export function canonicalText(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('this value has no JSON form');
  return text;
}

export function isSameValue(one: unknown, other: unknown): boolean {
  return one === other || canonicalText(one ?? null) === canonicalText(other ?? null);
}

/**
 * A value as it may stand in an operation. What people type or paste is never refused: half a surrogate pair becomes the
 * replacement character, NUL is dropped. Throws for numbers with a fraction, which no field of the contract has.
 */
export function makePlain(value: unknown): Value {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.replaceAll('\u0000', '').replace(/\p{Surrogate}/gu, '\uFFFD');
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a whole number below 2^53`);
    return value === 0 ? 0 : value;
  }
  if (Array.isArray(value)) return value.map(makePlain);
  if (typeof value === 'object') {
    const plain: { [key: string]: Value } = {};
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== undefined) define(plain, makePlain(key) as string, makePlain(inner));
    }
    return plain;
  }
  throw new TypeError(`a ${typeof value} has no JSON form`);
}

/** Raises SyntaxError for whatever the server would not take either. */
export function parsePlainJson(text: string): Value {
  const found = parseOwnWriting(text);
  if (found !== undefined) return found;
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

/**
 * What an app like this one wrote, read by the browser itself, which is several times as fast: undefined where that could read
 * it differently. What is written the same again holds no key twice; only an escape of four digits brings NUL or half a pair into a text.
 */
function parseOwnWriting(text: string): Value | undefined {
  if (text.includes('\\u') || /\p{Surrogate}/u.test(text)) return undefined;
  let found: Value;
  try {
    found = JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
  return isWhole(found, 0) && JSON.stringify(found) === text ? found : undefined;
}

function isWhole(value: Value, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (value === null || typeof value !== 'object') return true;
  const inside = Array.isArray(value) ? value : Object.values(value);
  return inside.every((inner) => isWhole(inner, depth + 1));
}

/** `__proto__` is a key like any other; plain assignment would lose it. */
function define(target: { [key: string]: Value }, key: string, value: Value): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const PLAIN_RUN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Value {
    if (depth > MAX_DEPTH) throw this.#wrong(`nested deeper than ${MAX_DEPTH}`);
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#wrong('something behind the value');
  }

  #object(depth: number): Value {
    const found: { [key: string]: Value } = {};
    this.#at += 1;
    this.#space();
    if (this.#take('}')) return found;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#wrong('a key is missing');
      const key = this.#string();
      if (Object.hasOwn(found, key)) throw this.#wrong('the same key twice in one object');
      this.#space();
      if (!this.#take(':')) throw this.#wrong('a colon is missing');
      define(found, key, this.value(depth + 1));
      this.#space();
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#wrong('an object does not end');
    return found;
  }

  #array(depth: number): Value {
    const found: Value[] = [];
    this.#at += 1;
    this.#space();
    if (this.#take(']')) return found;
    do {
      found.push(this.value(depth + 1));
      this.#space();
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#wrong('an array does not end');
    return found;
  }

  #string(): string {
    this.#at += 1;
    let found = this.#run();
    while (!this.#take('"')) {
      if (!this.#take('\\')) throw this.#wrong('a text does not end, or holds a control character');
      found += this.#escape() + this.#run();
    }
    if (found.includes('\u0000')) throw this.#wrong('NUL in a text');
    if (/\p{Surrogate}/u.test(found)) throw this.#wrong('half a surrogate pair in a text');
    return found;
  }

  #run(): string {
    PLAIN_RUN.lastIndex = this.#at;
    const run = PLAIN_RUN.exec(this.#text)?.[0] ?? '';
    this.#at += run.length;
    return run;
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? '';
    if (letter !== 'u') {
      const meant = ESCAPES[letter];
      if (meant === undefined) throw this.#wrong('an unknown escape');
      return meant;
    }
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#wrong('an escape without four digits');
    this.#at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) throw this.#wrong('no value');
    const [text, fraction, exponent] = match;
    if (fraction !== undefined || exponent !== undefined) throw this.#wrong('a number with a fraction or exponent');
    const found = Number(text);
    if (!Number.isSafeInteger(found)) throw this.#wrong('an integer beyond 2^53');
    this.#at += text.length;
    return found === 0 ? 0 : found;
  }

  #word(word: string, meaning: boolean | null): boolean | null {
    if (!this.#text.startsWith(word, this.#at)) throw this.#wrong('no value');
    this.#at += word.length;
    return meaning;
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'end')) this.#at += 1;
  }

  #take(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false;
    this.#at += 1;
    return true;
  }

  #wrong(why: string): SyntaxError {
    return new SyntaxError(`${why} (at ${this.#at})`);
  }
}
