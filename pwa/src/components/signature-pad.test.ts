import { render } from 'svelte/server';
import { expect, test } from 'vitest';
import { t } from '../i18n';
import SignaturePad from './SignaturePad.svelte';
import type { Stroke } from './signature-strokes';

const strokes = [
  {
    points: [
      [0, 0, 0],
      [400, 300, 80],
      [800, 100, 160],
    ],
  },
] as unknown as Stroke[];
const stateOf = (disabled: boolean): string =>
  render(SignaturePad, { props: { name: 'Lena', strokes, disabled, onchange: () => undefined } }).body;

test('what is drawn is not called signed before it is kept', () => {
  expect(stateOf(false)).toContain(t('signature.drawn'));
  expect(stateOf(false)).not.toContain(`>${t('signature.present')}<`);
  expect(stateOf(true)).toContain(`>${t('signature.present')}<`);
});
