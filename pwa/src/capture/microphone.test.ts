import { expect, test } from 'vitest';
import { loudness, microphoneProblem, recordedType, Stopwatch } from './microphone';

test('what the browser records is asked of it, WebM first, and nothing is offered where it records nothing', () => {
  expect(recordedType(() => true)).toBe('audio/webm;codecs=opus');
  expect(recordedType((type) => type === 'audio/mp4')).toBe('audio/mp4');
  expect(recordedType((type) => type.startsWith('audio/ogg'))).toBe('audio/ogg;codecs=opus');
  expect(recordedType(() => false)).toBeNull();
});

test('pauses are no part of its length', () => {
  const watch = new Stopwatch();
  expect(watch.elapsed(5_000)).toBe(0);
  watch.go(10_000);
  expect(watch.elapsed(12_500)).toBe(2_500);
  watch.pause(13_000);
  expect(watch.elapsed(60_000)).toBe(3_000);
  watch.go(70_000);
  watch.go(71_000);
  expect(watch.elapsed(72_000)).toBe(5_000);
  watch.pause(72_000);
  watch.pause(99_000);
  expect(watch.elapsed(99_000)).toBe(5_000);
});

test('why there is no microphone has a word of its own', () => {
  const named = (name: string) => microphoneProblem(Object.assign(new Error(), { name }));
  expect(['NotAllowedError', 'NotFoundError', 'NotReadableError', 'Odd'].map(named)).toEqual([
    'denied',
    'none',
    'busy',
    'failed',
  ]);
  expect(microphoneProblem(null)).toBe('failed');
});

test('silence is nothing, and speech is within the scale', () => {
  expect(loudness(new Uint8Array(512).fill(128))).toBe(0);
  expect(loudness(Uint8Array.from({ length: 512 }, (_, at) => (at % 2 ? 148 : 108)))).toBeCloseTo(0.5);
  expect(loudness(new Uint8Array(512).fill(255))).toBe(1);
  expect(loudness(new Uint8Array())).toBe(0);
});
