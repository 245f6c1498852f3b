/** Which language is spoken. A rune: every sentence on the screen changes at once when it does. */
import de from './de.json';
import en from './en.json';
import { Translator, type Catalogue } from './translate';

export const LOCALES = ['en', 'de'] as const;
export const LOCALE_KEY = 'auditbook.locale';

export type Locale = (typeof LOCALES)[number];

/** Each language names itself, so that a person lost in a foreign one finds home. */
export const LOCALE_NAMES: Readonly<Record<Locale, string>> = { en: 'English', de: 'Deutsch' };

const CATALOGUES: Readonly<Record<Locale, Catalogue>> = { en, de };
/** Speaks another language than the screen: what is proposed for a report is in the report's. */
export function translatorOf(language: string): Translator {
  const spoken = chooseLocale(language, []);
  return new Translator(spoken, CATALOGUES[spoken]);
}

const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ur']);

/** `de-AT` is served by `de`; whoever speaks none of ours reads English. */
export function chooseLocale(kept: string | null, wished: readonly string[]): Locale {
  for (const tag of [kept, ...wished]) {
    const language = tag?.toLowerCase().split('-')[0];
    const found = LOCALES.find((locale) => locale === language);
    if (found) return found;
  }
  return 'en';
}

export function directionOf(locale: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(locale.split('-')[0] ?? '') ? 'rtl' : 'ltr';
}

function readKept(): string | null {
  try {
    return localStorage.getItem(LOCALE_KEY);
  } catch {
    return null;
  }
}

const inBrowser = typeof document !== 'undefined';

class LocaleState {
  current: Locale = $state(inBrowser ? chooseLocale(readKept(), navigator.languages) : 'en');
  /**
   * For dates and numbers: the region of the device, when its language is the one spoken.
   * Otherwise a Swiss tablet in German would write Germany's numbers.
   */
  readonly format: string = $derived(
    (inBrowser ? navigator.languages : []).find((tag) => tag.toLowerCase().split('-')[0] === this.current) ??
      (this.current === 'en' ? 'en-GB' : this.current),
  );

  readonly translator: Translator = $derived(new Translator(this.current, CATALOGUES[this.current], this.format));

  constructor() {
    this.#announce();
  }

  choose(locale: Locale): void {
    this.current = locale;
    try {
      localStorage.setItem(LOCALE_KEY, locale);
    } catch {
      // Spoken now, forgotten later.
    }
    this.#announce();
  }

  #announce(): void {
    if (!inBrowser) return;
    document.documentElement.lang = this.current;
    document.documentElement.dir = directionOf(this.current);
  }
}

export const locale = new LocaleState();
