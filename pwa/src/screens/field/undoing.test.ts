import { expect, test } from 'vitest';
import type { Written } from '../../commands/session';
import { Undoing } from './undoing.svelte';

function written(kind: string, undo: readonly unknown[] = [{}]): Written {
  return { audit: 'a', operations: [{ kind }], undo } as unknown as Written;
}

test('after a seal there is nothing to be taken back', () => {
  const undoing = new Undoing(
    () => Promise.reject(new Error('nothing may be undone')),
    () => 'A change',
  );
  undoing.did(written('add'), 'A signature');
  expect(undoing.label).toBe('A signature');
  undoing.did(written('seal', []), 'The seal');
  expect(undoing.label).toBeUndefined();
  expect(undoing.isOffered).toBe(false);
  undoing.did(written('add'));
  expect(undoing.label).toBe('A change');
});
