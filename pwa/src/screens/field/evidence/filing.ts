/** Filing what lies in the tray: a photo under a clause or a finding, a note under a clause or into a finding's evidence. */
import { linkEvidence } from '../../../commands/evidence';
import { changeFinding } from '../../../commands/finding';
import { changeNote, deleteNote } from '../../../commands/note';
import type { Shape } from '../../../domain/annotation';
import type { Outcome, Written } from '../../../commands/session';
import { entityIdOf, entityKindOf } from '../../../domain/operation';
import type { TrayPiece } from '../../../components/tray-piece';
import type { Stamp } from '../../../look/stamp-shapes';
import { saidOf } from '../erased';
import { labelOf, pieceKindOf } from './evidence-words';
import type { OpenAudit } from '../open-audit.svelte';
import { stampOfBytes } from '../stamp';

/** What the tray shows of a piece. */
export interface Piece {
  /** The reference of the evidence or the note. */
  readonly id: string;
  readonly kind: TrayPiece['kind'];
  readonly label: string;
  readonly src?: string;
  readonly shapes?: readonly Shape[];
  readonly stamp?: Stamp;
}

export type Target = { readonly criterion: string } | { readonly finding: string };

/** What I collected and have not filed, newest first. A colleague's pieces are in their own tray. */
export function trayOf(audit: OpenAudit): Piece[] {
  const unfiled = new Set(audit.unfiled.evidence.map((item) => item.id));
  const photos = audit.evidence
    .filter((item) => unfiled.has(item.id) && isMine(audit, item.entity))
    .map((item) => ({
      at: item.capturedAt,
      piece: {
        id: item.entity.ref,
        kind: pieceKindOf(item),
        label: labelOf(item),
        src: audit.pictures.address(item.sha256, 'thumbnail', item.hasThumbnail),
        shapes: audit.layerOf(item),
        ...stampOfBytes(audit, item),
      },
    }));
  const notes = audit.unfiled.notes
    .filter((note) => isMine(audit, note))
    .map((note) => ({
      at: note.get('observed_at') ?? '',
      piece: {
        id: note.ref,
        kind: 'note' as const,
        label: saidOf(note, 'text'),
        stamp: audit.trustOf(note.ref),
      },
    }));
  return [...photos, ...notes].sort((one, other) => (one.at < other.at ? 1 : -1)).map(({ piece }) => piece);
}

/** Gives back what was written, so that one undo takes all of it back. */
export async function filePiece(audit: OpenAudit, piece: string, target: Target): Promise<Outcome> {
  const id = entityIdOf(piece);
  if (entityKindOf(piece) === 'evidence') return linkEvidence(audit.session, audit.id, id, target);
  if ('criterion' in target) return changeNote(audit.session, audit.id, id, { criterion: target.criterion });
  return moveIntoFinding(audit, id, target.finding);
}

/** The words of the note become objective evidence; the note itself is filed under the finding's first clause. */
async function moveIntoFinding(audit: OpenAudit, note: string, findingId: string): Promise<Outcome> {
  const text = audit.view.find('note', note)?.get('text') ?? '';
  const finding = audit.view.find('finding', findingId);
  const before = finding?.get('objective_evidence') ?? '';
  const criterion = finding?.get('criteria')?.[0];
  const words = await changeFinding(audit.session, audit.id, findingId, {
    objective_evidence: before ? `${before}\n${text}` : text,
  });
  if ('code' in words) return words;
  const filed = criterion
    ? await changeNote(audit.session, audit.id, note, { criterion })
    : await deleteNote(audit.session, audit.id, note);
  return 'code' in filed ? filed : together(words, filed);
}

function together(first: Written, second: Written): Written {
  return {
    audit: first.audit,
    operations: [...first.operations, ...second.operations],
    undo: [...second.undo, ...first.undo],
  };
}

function isMine(
  audit: OpenAudit,
  entity: { readonly bornView: { readonly heads: readonly { chain: { account: string } }[] } | undefined },
): boolean {
  return entity.bornView?.heads[0]?.chain.account === audit.account;
}
