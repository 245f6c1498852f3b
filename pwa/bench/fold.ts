/**
 * A log from a file, read and folded as the tablet does it, several times; beside it the floor: the same bytes through JSON.parse, the
 * last value of each field in a map. Run by `make bench` (tests/bench/folds.py).
 */
import { readFileSync } from 'node:fs';
import { foldLog, readEntry, type Entry } from '../src/domain/fold';
import type { Origin } from '../src/domain/vocabulary';

type Line = readonly [data: string, origin: Origin, seq: number, receivedAt: number];

const lines = JSON.parse(readFileSync(process.env['LOG']!, 'utf8')) as Line[];
const runs = Number(process.env['RUNS']);

function seconds(work: () => void): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

const result = { read_s: [] as number[], fold_s: [] as number[], floor_s: [] as number[], entities: 0 };
for (let run = 0; run <= runs; run += 1) {
  let entries: Entry[] = [];
  const read = seconds(() => {
    entries = lines.map((line) => readEntry(...line)!);
  });
  const fold = seconds(() => {
    result.entities = foldLog(entries).entities.size;
  });
  const floor = seconds(() => {
    const last = new Map<string, unknown>();
    for (const [data] of lines) {
      const end = data.indexOf('\n');
      const { ent, fld } = JSON.parse(data.slice(0, end)) as { ent: string; fld: string };
      last.set(`${ent} ${fld}`, (JSON.parse(data.slice(end + 1)) as { val: unknown }).val);
    }
  });
  // The first run warms the compiler up.
  if (run === 0) continue;
  result.read_s.push(read);
  result.fold_s.push(fold);
  result.floor_s.push(floor);
}
console.log(JSON.stringify(result));
