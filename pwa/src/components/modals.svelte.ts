/** The dialogs that lie over the page, the topmost last. Everything below the topmost is inert: what is said has to be said in it. */
import { untrack } from 'svelte';

let open: readonly HTMLDialogElement[] = $state.raw([]);

export const modals = {
  get top(): HTMLDialogElement | undefined {
    return open.at(-1);
  },
};

/** Notes a dialog that was opened; the answer takes it out again. */
export function raised(dialog: HTMLDialogElement): () => void {
  untrack(() => (open = [...open, dialog]));
  return () => untrack(() => (open = open.filter((other) => other !== dialog)));
}
