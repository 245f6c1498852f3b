/** Keeps a native `<dialog>` in step with a state; the browser does the rest: focus trap, Escape, inert page behind. */
import type { Attachment } from 'svelte/attachments';
import { raised } from './modals.svelte';

export function modal(isOpen: () => boolean): Attachment<HTMLDialogElement> {
  return (dialog) => {
    if (!isOpen()) return dialog.open ? dialog.close() : undefined;
    if (!dialog.open) dialog.showModal();
    return raised(dialog);
  };
}
