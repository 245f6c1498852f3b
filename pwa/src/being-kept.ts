/** What is on its way to the device: neither kept nor refused yet. */
let count = 0;

export const isBeingKept = (): boolean => count > 0;

/** Does it, and is counted until it is done. */
export async function beingKept<T>(act: () => Promise<T>): Promise<T> {
  count += 1;
  try {
    return await act();
  } finally {
    count -= 1;
  }
}
