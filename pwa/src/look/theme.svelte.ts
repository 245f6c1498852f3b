/**
 * Which of the three themes is worn: the person's choice, or the system's.
 *
 * public/first-paint.js does the same before the first paint, with the same key; theme.test.ts holds them together.
 */

export const THEMES = ['paper', 'night', 'sunlight'] as const;
export const THEME_CHOICES = ['system', ...THEMES] as const;
export const THEME_KEY = 'auditbook.theme';

export type Theme = (typeof THEMES)[number];
export type ThemeChoice = (typeof THEME_CHOICES)[number];

export interface SystemWish {
  readonly dark: boolean;
  readonly contrast: boolean;
}

/** A system that asks for more contrast gets sunlight, because that is what sunlight is. */
export function resolveTheme(choice: ThemeChoice, system: SystemWish): Theme {
  if (choice !== 'system') return choice;
  if (system.contrast) return 'sunlight';
  return system.dark ? 'night' : 'paper';
}

export function readChoice(storage: () => Pick<Storage, 'getItem'>): ThemeChoice {
  try {
    const kept = storage().getItem(THEME_KEY);
    return THEME_CHOICES.find((choice) => choice === kept) ?? 'system';
  } catch {
    // Storage may be forbidden, and then even naming it throws; the theme lasts as long as the page.
    return 'system';
  }
}

const inBrowser = typeof document !== 'undefined';
const dark = inBrowser ? matchMedia('(prefers-color-scheme: dark)') : undefined;
const contrast = inBrowser ? matchMedia('(prefers-contrast: more)') : undefined;

class ThemeState {
  choice: ThemeChoice = $state(readChoice(() => localStorage));
  #system: SystemWish = $state(this.#readSystem());
  readonly worn: Theme = $derived(resolveTheme(this.choice, this.#system));

  constructor() {
    for (const query of [dark, contrast]) {
      query?.addEventListener('change', () => {
        this.#system = this.#readSystem();
        this.#wear();
      });
    }
    this.#wear();
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      if (choice === 'system') localStorage.removeItem(THEME_KEY);
      else localStorage.setItem(THEME_KEY, choice);
    } catch {
      // Worn now, forgotten later: better than not worn.
    }
    this.#wear();
  }

  #readSystem(): SystemWish {
    return { dark: dark?.matches ?? false, contrast: contrast?.matches ?? false };
  }

  #wear(): void {
    if (!inBrowser) return;
    document.documentElement.dataset['theme'] = this.worn;
    const paper = getComputedStyle(document.documentElement).getPropertyValue('--paper').trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', paper);
  }
}

export const theme = new ThemeState();
