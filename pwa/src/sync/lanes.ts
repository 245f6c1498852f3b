/** So many at once, in their order. The first that fails ends it, once those under way have ended. */
export async function inLanes<T>(lanes: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const failed: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (next < items.length && failed.length === 0) {
      const item = items[next]!;
      next += 1;
      try {
        await work(item);
      } catch (thrown) {
        failed.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failed.length > 0) throw failed[0];
}
