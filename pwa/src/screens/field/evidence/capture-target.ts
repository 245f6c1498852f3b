import type { ToldKind } from '../../../domain/evidence';

/** What a screen is about: photos and notes taken there are filed to it at once, a finding raised there cites it. */
export interface CaptureTarget {
  readonly criterion?: string;
  readonly finding?: string;
}

export interface Capturing {
  readonly what: 'photo' | 'note' | 'finding' | 'find';
  /** What the sheet for words and dictation opens with; a note where nothing is said. */
  readonly kind?: ToldKind | 'voice_note';
  readonly target?: CaptureTarget;
  /** The photo that is taken once more, to show what has become of it. */
  readonly again?: string;
}
