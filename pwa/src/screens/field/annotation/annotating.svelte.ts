/** One drawing while it is being made: its steps back and forth, and the draft that survives a dead battery. */
import { mergedShapes, refuseAnnotation, shapesIn, type Shape } from '../../../domain/annotation';
import { isSameValue } from '../../../domain/plain-json';
import { draftKeeper, dropDraft, readDraft, type DraftKeeper } from '../../../store/drafts';
import type { AuditbookDatabase } from '../../../store/database';

const FIELD = 'annotation';

export class Annotating {
  /** What it began from: what others drew meanwhile is laid beside it. */
  readonly base: readonly Shape[];
  shapes: readonly Shape[] = $state.raw([]);
  #before: readonly (readonly Shape[])[] = $state.raw([]);
  #after: readonly (readonly Shape[])[] = $state.raw([]);
  readonly isChanged = $derived.by(() => !isSame(this.shapes, this.base));
  readonly mayUndo = $derived.by(() => this.#before.length > 0);
  readonly mayRedo = $derived.by(() => this.#after.length > 0);
  readonly #keeper: DraftKeeper;

  private constructor(keeper: DraftKeeper, base: readonly Shape[], shapes: readonly Shape[]) {
    [this.#keeper, this.base, this.shapes] = [keeper, base, shapes];
  }

  /** From what stands there now, or from where a draft had come. */
  static async begin(
    db: AuditbookDatabase,
    audit: string,
    evidence: string,
    now: readonly Shape[],
  ): Promise<Annotating> {
    const ent = `evidence/${evidence}`;
    const draft = begun(await readDraft(db, audit, ent, FIELD).catch(() => null));
    const shapes = draft === null ? now : mergedShapes(draft.base, draft.shapes, now);
    return new Annotating(draftKeeper(db, audit, ent, FIELD), now, shapes);
  }

  static async hasDraft(db: AuditbookDatabase, audit: string, evidence: string): Promise<boolean> {
    return begun(await readDraft(db, audit, `evidence/${evidence}`, FIELD).catch(() => null)) !== null;
  }

  static async forget(db: AuditbookDatabase, audit: string, evidence: string): Promise<void> {
    await dropDraft(db, audit, `evidence/${evidence}`, FIELD).catch(() => undefined);
  }

  /** One step. False where the photo takes no more shapes: then nothing changes. */
  change(shapes: readonly Shape[]): boolean {
    if (isSame(shapes, this.shapes)) return true;
    if (refuseAnnotation(shapes) !== null) return false;
    this.#before = [...this.#before, this.shapes];
    this.#after = [];
    this.#show(shapes);
    return true;
  }

  undo(): void {
    const before = this.#before.at(-1);
    if (before === undefined) return;
    this.#after = [...this.#after, this.shapes];
    this.#before = this.#before.slice(0, -1);
    this.#show(before);
  }

  redo(): void {
    const after = this.#after.at(-1);
    if (after === undefined) return;
    this.#before = [...this.#before, this.shapes];
    this.#after = this.#after.slice(0, -1);
    this.#show(after);
  }

  /** As it was before; a step like others, so that it can be taken back. */
  reset(): void {
    this.change(this.base);
  }

  flush(): Promise<void> {
    return this.#keeper.flush();
  }

  /** It is being kept, or thrown away: no draft is written afterwards. */
  release(): void {
    this.#keeper.release();
  }

  #show(shapes: readonly Shape[]): void {
    this.shapes = shapes;
    this.#keeper.type(JSON.stringify({ base: this.base, shapes }));
  }
}

/** What a draft says; null for none, for one that changes nothing, and for one that somebody else's version wrote. */
function begun(text: string | null): { base: Shape[]; shapes: Shape[] } | null {
  if (text === null) return null;
  try {
    const { base, shapes } = JSON.parse(text) as Record<'base' | 'shapes', never>;
    const draft = { base: shapesIn(base), shapes: shapesIn(shapes) };
    return isSame(draft.base, draft.shapes) ? null : draft;
  } catch {
    return null;
  }
}

function isSame(one: readonly Shape[], other: readonly Shape[]): boolean {
  return isSameValue(one as never, other as never);
}
