import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

/** The worker takes in a file only where it is what was built: half of one, or a hotel's sign-in page, is none. */
function integrityOf(file: string): string {
  const bytes = readFileSync(new URL(`dist/${file}`, import.meta.url));
  return `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
}

export default defineConfig({
  plugins: [
    svelte(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'service-worker.ts',
      // src/app-update.svelte.ts registers: the person decides when the new version starts.
      injectRegister: false,
      injectManifest: {
        globPatterns: ['**/*.{js,css,html,svg,png,wasm,woff2,webmanifest}'],
        // Hashed names never change their content, so they need no second fingerprint.
        dontCacheBustURLsMatching: /^assets\//,
        maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
        manifestTransforms: [
          (files) => ({ manifest: files.map((file) => ({ ...file, integrity: integrityOf(file.url) })), warnings: [] }),
        ],
      },
      manifest: {
        id: '/',
        name: 'Auditbook',
        short_name: 'Auditbook',
        description: 'Audits in the field, offline: findings, evidence, signatures, sealed reports.',
        start_url: '/',
        scope: '/',
        display: 'standalone',
        orientation: 'any',
        background_color: '#fbf9f4',
        theme_color: '#fbf9f4',
        icons: [
          { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
          { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
    }),
  ],
  build: {
    target: 'es2022',
    // Fonts and images stay files: the content security policy allows no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // All of the app is fetched before it is offered offline, each file by itself: what two screens need is one file, not a hundred.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] } } },
  },
  worker: { format: 'es' },
  // Where `make dev` starts the server.
  server: { proxy: { '/api': `http://127.0.0.1:${process.env['AUDITBOOK_PORT'] ?? 8000}` } },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
    // Every file still has a world of its own, but no process of its own to be started: a quarter of the time less.
    pool: 'vmThreads',
    // A busy machine is no fault of a test.
    testTimeout: 60_000,
    // Read as text by tokens.test.ts; every other style sheet is left out.
    css: { include: /tokens\.css/ },
  },
});
