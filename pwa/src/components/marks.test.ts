/** What the marks and the pickers say to someone who cannot see them. */
import { render } from 'svelte/server';
import { describe, expect, test } from 'vitest';
import { MARKS } from '../look/grade-shapes';
import { STAMPS } from '../look/stamp-shapes';
import ConflictNotice from './ConflictNotice.svelte';
import GradeMark from './GradeMark.svelte';
import GradePicker from './GradePicker.svelte';
import TextField from './TextField.svelte';
import TopBar from './TopBar.svelte';
import TrustStamp from './TrustStamp.svelte';

const words = (html: string) =>
  html
    .replace(/<!--.*?-->/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
const nothing = () => undefined;

describe('colour never speaks alone', () => {
  test.each(MARKS)('%s has a word even where the eye sees only its shape', (mark) => {
    expect(words(render(GradeMark, { props: { mark, word: 'none' } }).body)).not.toBe('');
  });

  test.each(STAMPS)('%s has words even on a thumbnail', (stamp) => {
    expect(words(render(TrustStamp, { props: { stamp, compact: true } }).body)).not.toBe('');
  });
});

test('the picker says which judgement is chosen, and only one is', () => {
  const { body } = render(GradePicker, {
    props: { label: 'Release of products', marks: MARKS, value: 'not_seen', onchange: nothing },
  });
  expect(body.match(/aria-pressed="true"/g)).toHaveLength(1);
  expect(body).toMatch(/data-mark="not_seen"[^>]*aria-pressed="true"/);
  expect(body).toContain('aria-label="Release of products"');
});

test('a conflict shows both values with author and time, and offers a third only where one makes sense', () => {
  const versions = [
    { value: 'Three of twelve', author: 'Lena', time: '10:52' },
    { value: 'Two of twelve', author: 'Aron', time: '10:58' },
  ] as const;
  const props = { field: 'Note', versions, onchoose: nothing };
  const said = words(render(ConflictNotice, { props }).body);
  for (const part of ['Three of twelve', 'Lena, 10:52', 'Two of twelve', 'Aron, 10:58']) expect(said).toContain(part);
  expect(said).not.toContain('Write a third');
  expect(words(render(ConflictNotice, { props: { ...props, onwrite: nothing } }).body)).toContain('Write a third');
});

test('a field names its hint and its error to a screen reader', () => {
  const { body } = render(TextField, {
    props: { label: 'Identifier', value: '', hint: 'As engraved', error: 'Missing' },
  });
  const described = /aria-describedby="([^"]+)"/.exec(body)?.[1]?.split(' ') ?? [];
  expect(described).toHaveLength(2);
  for (const id of described) expect(body).toContain(`id="${id}"`);
  expect(body).toContain('aria-invalid="true"');
});

test('what was used before is offered while the field is empty, three at most', () => {
  const suggestions = ['M-114', 'M-115', 'M-116', 'M-117'];
  const empty = render(TextField, { props: { label: 'Identifier', value: '', suggestions } }).body;
  expect(empty).toContain('M-116');
  expect(empty).not.toContain('M-117');
  expect(render(TextField, { props: { label: 'Identifier', value: 'M', suggestions } }).body).not.toContain('M-114');
});

test('the top bar counts what is not sent, and says so when nothing is', () => {
  expect(words(render(TopBar, { props: { title: 'Hall 2', notSent: 3 } }).body)).toContain('3 not sent');
  expect(words(render(TopBar, { props: { title: 'Hall 2', notSent: 0 } }).body)).toContain('Everything sent');
  expect(words(render(TopBar, { props: { title: 'Hall 2', minutesLeft: -5 } }).body)).not.toContain('min');
  expect(words(render(TopBar, { props: { title: 'Hall 2', slotTime: '10:40', minutesLeft: -5 } }).body)).toContain(
    '5 min over',
  );
});
