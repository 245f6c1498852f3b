/**
 * Keeps a native `<dialog>` in step with a state; the browser does the rest: focus trap, Escape, inert page behind.
 * Back closes it too.
 */
import type { Attachment } from 'svelte/attachments';
import { closeOnBack } from './back-closes';
import { raised } from './modals.svelte';

export function modal(isOpen: () => boolean): Attachment<HTMLDialogElement> {
  let closed: (() => void) | undefined;
  const open = (dialog: HTMLDialogElement): void => {
    dialog.showModal();
    closed = closeOnBack(() => dialog.close());
    dialog.addEventListener('close', closed, { once: true });
  };
  return (dialog) => {
    // A screen that is left takes its dialog with it, without a word.
    const leave = (): void => queueMicrotask(() => dialog.isConnected || closed?.());
    if (!isOpen()) {
      if (dialog.open) dialog.close();
      return leave;
    }
    if (!dialog.open) open(dialog);
    const lower = raised(dialog);
    return () => {
      lower();
      leave();
    };
  };
}
