import { isBeingKept } from './being-kept';
import { modals } from './components/modals.svelte';
import { DRAFT_DELAY_MS } from './store/drafts';

const wait = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** Once no camera, sheet or dialog lies over the page any more, and what was tapped, taken and written is kept. */
export async function nothingIsOpen(): Promise<void> {
  const isBusy = () => modals.top !== undefined || isBeingKept();
  do {
    while (isBusy()) await wait(250);
    // Who leaves a field keeps it; what is a draft only is written within this time.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    await wait(2 * DRAFT_DELAY_MS);
  } while (isBusy());
}
