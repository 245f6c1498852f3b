import { defineConfig } from 'vite';

/** The programs of `make bench`: those for Node, and with `--mode browser` the one that runs in a page. */
export default defineConfig(({ mode }) => ({
  publicDir: false,
  build:
    mode === 'browser'
      ? {
          target: 'es2022',
          outDir: 'node_modules/.cache/bench',
          emptyOutDir: false,
          lib: { entry: 'bench/app.ts', name: 'benchApp', formats: ['iife'], fileName: () => 'app.js' },
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
