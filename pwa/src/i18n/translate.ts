/**
 * The pure half of translation: picks a sentence and fills its places. No state, no browser.
 *
 * A sentence that depends on a number is written once per plural form: `tray.count#one`, `tray.count#other`;
 * it is asked for as `tray.count` with a parameter `count`.
 */

export type PluralForm = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other';
export type Params = Readonly<Record<string, string | number>>;
export type Catalogue = Readonly<Record<string, string>>;

/** `tray.count#one` is asked for as `tray.count`; every other key as itself. */
export type KeyOf<C> = keyof C extends infer K
  ? K extends `${infer Stem}#${PluralForm}`
    ? Stem
    : K extends string
      ? K
      : never
  : never;

const PLACE = /\{(\w+)\}/g;

export function placesIn(sentence: string): string[] {
  return [...new Set([...sentence.matchAll(PLACE)].map((match) => match[1]!))].sort();
}

export class Translator {
  readonly #plural: Intl.PluralRules;
  readonly #number: Intl.NumberFormat;
  readonly #catalogue: Catalogue;

  /** Words follow the language, digits the region: `de` and `de-CH` share sentences, not thousands separators. */
  constructor(locale: string, catalogue: Catalogue, region = locale) {
    this.#catalogue = catalogue;
    this.#plural = new Intl.PluralRules(locale);
    this.#number = new Intl.NumberFormat(region);
  }

  find(key: string, params: Params = {}): string | undefined {
    const count = params['count'];
    if (typeof count === 'number') {
      const form = this.#catalogue[`${key}#${this.#plural.select(count)}`] ?? this.#catalogue[`${key}#other`];
      if (form !== undefined) return form;
    }
    return this.#catalogue[key];
  }

  /** A place without a parameter stays visible as `{name}`: on a page that is noticed, an empty gap is not. */
  say(key: string, params: Params = {}): string {
    const sentence = this.find(key, params);
    // The key itself is shown rather than nothing; the types keep this from happening to written code.
    if (sentence === undefined) return key;
    return sentence.replace(PLACE, (place, name: string) => {
      const value = params[name];
      if (value === undefined) return place;
      return typeof value === 'number' ? this.#number.format(value) : value;
    });
  }
}
