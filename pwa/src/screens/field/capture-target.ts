/** What a screen is about: photos and notes taken there are filed to it at once, a finding raised there cites it. */
export interface CaptureTarget {
  readonly criterion?: string;
  readonly finding?: string;
}

export interface Capturing {
  readonly what: 'photo' | 'note' | 'finding' | 'find';
  readonly target?: CaptureTarget;
}
