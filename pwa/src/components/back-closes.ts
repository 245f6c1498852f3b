/**
 * The Back of the browser, or of the tablet, closes what lies over the screen instead of leaving the screen.
 *
 * Each open dialog has a step of its own in the history, at the same address. Whatever else closes it takes that step away
 * again; where closing leads to another address, `address.go` writes over it.
 */
const opened: { readonly close: () => void }[] = [];

/** How many dialogs lay over the screen at this step of the history. */
export function overlaysHere(): number {
  const { overlays } = (history.state ?? {}) as { overlays?: unknown };
  return typeof overlays === 'number' ? overlays : 0;
}

/** Call it when a dialog has opened; what it gives back, when the dialog has closed. */
export function closeOnBack(close: () => void): () => void {
  const overlay = { close };
  opened.push(overlay);
  history.pushState({ overlays: opened.length }, '');
  return () => {
    const place = opened.indexOf(overlay);
    if (place < 0) return;
    opened.splice(place, 1);
    // Not at once: closing may lead on to another address, which then takes this step over.
    setTimeout(() => {
      const tooMany = overlaysHere() - opened.length;
      if (tooMany > 0) history.go(-tooMany);
    });
  };
}

addEventListener('popstate', () => {
  while (opened.length > overlaysHere()) opened.pop()?.close();
  // The step of a dialog that a link led out of, or that was reached by Forward: there is nothing to see here.
  if (overlaysHere() > opened.length) history.back();
});

// After a reload nothing lies over the screen any more.
if (overlaysHere() > 0) history.replaceState(null, '');
