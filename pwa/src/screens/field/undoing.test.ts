import { expect, test } from 'vitest';
import type { Written } from '../../commands/session';
import { Undoing } from './undoing.svelte';

function written(kind: string, undo: readonly unknown[] = [{}]): Written {
  return { audit: 'a', operations: [{ kind }], undo } as unknown as Written;
}

test('after a seal there is nothing to be taken back', () => {
  const undoing = new Undoing(() => Promise.reject(new Error('nothing may be undone')));
  undoing.did('A signature', written('add'), false);
  expect(undoing.last?.label).toBe('A signature');
  undoing.did('The seal', written('seal', []), true);
  expect(undoing.last).toBeNull();
  expect(undoing.isOffered).toBe(false);
  undoing.did('A note', written('add'), false);
  expect(undoing.last?.label).toBe('A note');
});
