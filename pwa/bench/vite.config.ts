import { defineConfig } from 'vite';

/** What runs in a page, by the mode that builds it: the bench's tablet, and the one whose battery dies. */
const PAGES: Readonly<Record<string, string>> = { browser: 'bench/app.ts', dying: 'src/torture/dying.ts' };

/** The programs of `make bench`: those for Node, and with a mode of `PAGES` one that runs in a page. */
export default defineConfig(({ mode }) => ({
  publicDir: false,
  build:
    mode in PAGES
      ? {
          target: 'es2022',
          outDir: 'node_modules/.cache/bench',
          emptyOutDir: false,
          lib: { entry: PAGES[mode], name: mode, formats: ['iife'], fileName: () => `${mode}.js` },
        }
      : {
          ssr: true,
          target: 'node20',
          outDir: 'node_modules/.cache/bench',
          rollupOptions: {
            input: { lean: 'bench/lean.ts', fold: 'bench/fold.ts' },
            output: { entryFileNames: '[name].mjs' },
          },
        },
}));
