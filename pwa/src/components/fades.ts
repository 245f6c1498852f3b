/** Marks a row that scrolls sideways with the sides on which there is more, so that its end fades instead of being cut. */
import type { Attachment } from 'svelte/attachments';

export const fades: Attachment<HTMLElement> = (row) => {
  const mark = () => {
    // In a language from right to left the way to the left is counted with a minus.
    const from = Math.abs(row.scrollLeft);
    const rest = row.scrollWidth - row.clientWidth - from;
    const [left, right] = getComputedStyle(row).direction === 'rtl' ? [rest, from] : [from, rest];
    row.dataset['fades'] = [left > 1 && 'left', right > 1 && 'right'].filter(Boolean).join(' ');
  };
  const sizes = new ResizeObserver(mark);
  sizes.observe(row);
  for (const child of row.children) sizes.observe(child);
  row.addEventListener('scroll', mark, { passive: true });
  return () => {
    sizes.disconnect();
    row.removeEventListener('scroll', mark);
  };
};
