/** A sheet gives the focus to its close button; who opened it to write wants to write. */
import { tick } from 'svelte';
import type { Attachment } from 'svelte/attachments';

export function focusFirst(selector: string): Attachment<HTMLElement> {
  return (place) => {
    void tick().then(() => place.querySelector<HTMLElement>(selector)?.focus());
  };
}
