/**
 * Keeps the app shell on the device, so that Auditbook starts without a network.
 *
 * The shell only: never /api, never evidence, GET only. If one file of the shell cannot be fetched, the install fails
 * and the old version goes on working whole. A new version waits until the person says so (app-update.svelte.ts).
 * The address of this file never changes: tablets in the field look for it for ever.
 */
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precacheAndRoute,
  type PrecacheEntry,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

precacheAndRoute(self.__WB_MANIFEST, { cleanURLs: false });
cleanupOutdatedCaches();

// Addresses live in the hash, so the app has one page. What looks like a file, and all of /api, goes to the server.
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('/index.html'), {
    denylist: [/^\/api(\/|$)/, /\.[^/]+$/],
  }),
);

self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
