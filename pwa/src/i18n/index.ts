/** Every sentence a person reads comes through here. `t('tray.count', { count: 3 })` */
import type en from './en.json';
import { locale, translatorOf } from './locale.svelte';
import type { KeyOf, Params } from './translate';

export { LOCALES, LOCALE_NAMES, locale, type Locale } from './locale.svelte';
export * from './format';

export type MessageKey = KeyOf<typeof en>;

/** Says a sentence in the current language. An unknown key does not compile. */
export function t(key: MessageKey, params?: Params): string {
  return locale.translator.say(key, params);
}

/** Says it in the language of a report, whatever the screen speaks. */
export function tIn(language: string, key: MessageKey, params?: Params): string {
  return translatorOf(language).say(key, params);
}

/**
 * For keys that arrive as data (a refusal's code, a value of the contract): `say('refusal', code, facts, fallback)`.
 * A server newer than this app may send a code that we cannot translate yet; then its own sentence is shown.
 */
export function say(group: string, name: string, params: Params = {}, fallback = name): string {
  const key = `${group}.${name}`;
  return locale.translator.find(key, params) === undefined ? fallback : locale.translator.say(key, params);
}
