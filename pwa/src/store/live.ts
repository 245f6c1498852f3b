/**
 * A value that keeps itself current, in the shape of a Svelte store: `$value` in a component, `subscribe` elsewhere.
 *
 * It is `undefined` until the first read is done; no screen may take that for empty.
 */
import { liveQuery } from 'dexie';

export interface Live<T> {
  /** Calls `run` at once with what is known, and again after every change. Returns the way to stop it. */
  subscribe(run: (value: T | undefined) => void): () => void;
}

/** Reads again whenever a table that it read from changes, in whichever tab. */
export function fromDatabase<T>(read: () => Promise<T>, failed: (problem: unknown) => void = report): Live<T> {
  return shared<T>((emit) => {
    const subscription = liveQuery(read).subscribe(emit, failed);
    return () => subscription.unsubscribe();
  });
}

/** One source for any number of subscribers, running while there is one. */
export function shared<T>(start: (emit: (value: T) => void) => () => void): Live<T> {
  const runs = new Set<(value: T | undefined) => void>();
  let last: T | undefined;
  let stop: (() => void) | undefined;
  return {
    subscribe(run) {
      runs.add(run);
      run(last);
      stop ??= start((value) => {
        last = value;
        for (const each of runs) each(value);
      });
      return () => {
        if (!runs.delete(run) || runs.size > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}

/** Follows two values; known as soon as both are. */
export function combined<A, B, T>(one: Live<A>, other: Live<B>, join: (a: A, b: B) => T): Live<T> {
  return shared<T>((emit) => {
    let a: A | undefined;
    let b: B | undefined;
    const joined = (): void => {
      if (a !== undefined && b !== undefined) emit(join(a, b));
    };
    const stops = [
      one.subscribe((value) => {
        a = value;
        joined();
      }),
      other.subscribe((value) => {
        b = value;
        joined();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  });
}

export function mapped<A, T>(source: Live<A>, map: (a: A) => T): Live<T> {
  return shared<T>((emit) =>
    source.subscribe((value) => {
      if (value !== undefined) emit(map(value));
    }),
  );
}

/** The first value that is known. */
export function once<T>(source: Live<T>): Promise<T> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    let isDone = false;
    stop = source.subscribe((value) => {
      if (value === undefined || isDone) return;
      isDone = true;
      resolve(value);
      queueMicrotask(() => stop?.());
    });
  });
}

function report(problem: unknown): void {
  console.error('A local read failed; what is shown may be old.', problem);
}
