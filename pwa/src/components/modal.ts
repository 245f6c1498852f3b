/** Keeps a native `<dialog>` in step with a state; the browser does the rest: focus trap, Escape, inert page behind. */
import type { Attachment } from 'svelte/attachments';

export function modal(isOpen: () => boolean): Attachment<HTMLDialogElement> {
  return (dialog) => {
    if (isOpen() && !dialog.open) dialog.showModal();
    else if (!isOpen() && dialog.open) dialog.close();
  };
}
