/** For tests: a line a story, which `tests/torture/lanes.py` counts also where a later one ends the process. */
import type { Told } from './story';

/** Only where seeds were asked for. */
export function say(seed: number, { faults, ...told }: Told): void {
  if (import.meta.env['VITE_TORTURE_SEEDS'] === undefined) return;
  console.log(`told ${JSON.stringify({ seed, ...told, faults: Object.fromEntries(faults) })}`);
}
