/** Looks again while something is under way: every few seconds at first, then ever less often, and never behind a hidden page. */

const FIRST_MS = 3_000;
const LONGEST_MS = 30_000;

export function gently(isUnderWay: () => boolean, look: () => unknown): () => void {
  let delay = FIRST_MS;
  let timer: ReturnType<typeof setTimeout>;
  const turn = (): void => {
    if (isUnderWay() && document.visibilityState === 'visible') {
      look();
      delay = Math.min(LONGEST_MS, delay * 1.5);
    }
    timer = setTimeout(turn, delay);
  };
  timer = setTimeout(turn, delay);
  return () => clearTimeout(timer);
}
