/** What is being told of a document, a record, an interview or an observation, before it is kept. */
import type { ToldEvidence } from '../../../commands/evidence';
import { isTold, lacksToBeVerified, type ToldKind } from '../../../domain/evidence';
import type { Place } from '../places/places';

export interface ToldForm {
  readonly kind: ToldKind;
  readonly title: string;
  readonly identifier: string;
  readonly revision: string;
  readonly found_in: string;
  readonly interviewee: string;
  /** As it is typed: identifiers, separated by commas or lines. */
  readonly samples: string;
  readonly population: string;
  readonly caption: string;
  readonly criteria: readonly string[];
  /** Null: where one is. */
  readonly place: Place | null;
  /** Undefined: where one is. */
  readonly area?: string | null;
  /** When it was seen, as the wall clock of the tablet said it, `2026-11-24T03:30`; empty where it is now. */
  readonly observed: string;
}

export type ToldText =
  'title' | 'identifier' | 'revision' | 'found_in' | 'interviewee' | 'samples' | 'population' | 'caption';

/** What is asked of each kind, in the order in which it is asked. */
export const ASKED: Readonly<Record<ToldKind, readonly ToldText[]>> = {
  document: ['title', 'identifier', 'revision', 'found_in', 'caption'],
  record: ['title', 'samples', 'population', 'found_in', 'caption'],
  interview: ['interviewee', 'caption'],
  observation: ['caption'],
};

export function blank(kind: ToldKind, criteria: readonly string[]): ToldForm {
  const texts = { title: '', identifier: '', revision: '', found_in: '', interviewee: '', samples: '', population: '' };
  return { kind, ...texts, caption: '', criteria, place: null, observed: '' };
}

export function samplesIn(text: string): string[] {
  const parts = text.split(/[,;\n]/).map((part) => part.trim());
  return [...new Set(parts.filter(Boolean))];
}

export function isBlank(form: ToldForm): boolean {
  return ASKED[form.kind].every((name) => form[name].trim() === '');
}

/** Only what its kind asks for is kept: what was typed under another kind stays behind. */
export function toldOf(form: ToldForm): Pick<ToldEvidence, 'kind' | ToldText> {
  const texts = ASKED[form.kind].filter((name) => name !== 'samples' && form[name].trim() !== '');
  const said = Object.fromEntries(texts.map((name) => [name, form[name].trim()]));
  const samples = ASKED[form.kind].includes('samples') ? samplesIn(form.samples) : [];
  return { kind: form.kind, ...said, ...(samples.length > 0 ? { samples } : {}) };
}

export function lackingIn(form: ToldForm): readonly string[] {
  return lacksToBeVerified(form.kind, toldOf(form));
}

/** The local time of the tablet as an instant; null where it is none. */
export function instantOfLocal(local: string): string | null {
  const at = new Date(local);
  return local === '' || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** What a killed browser left behind; null for what cannot be read. */
export function readForm(draft: string | null): ToldForm | null {
  try {
    const form = JSON.parse(draft ?? 'null') as ToldForm | null;
    return form !== null && isTold(form.kind) ? { ...blank(form.kind, []), ...form } : null;
  } catch {
    return null;
  }
}
