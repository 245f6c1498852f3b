import type { Shape } from '../domain/annotation';
import type { Stamp } from '../look/stamp-shapes';

export interface TrayPiece {
  readonly id: string;
  readonly kind: 'photo' | 'note' | 'file' | 'voice' | 'document' | 'record' | 'interview' | 'observation';
  /** What it shows or says; for a note, its first words. */
  readonly label: string;
  readonly src?: string;
  readonly shapes?: readonly Shape[];
  readonly stamp?: Stamp;
}

/** The type under which a dragged piece carries its id. */
export const TRAY_DRAG_TYPE = 'application/x-auditbook-evidence';
