import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** Accessibility warnings are errors in `npm run check`: no warning is switched off here. */
export default {
  preprocess: vitePreprocess({ script: false }),
  compilerOptions: { runes: true },
};
