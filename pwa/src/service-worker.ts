/**
 * Keeps the app shell on the device, so that Auditbook starts without a network.
 *
 * The shell only: never /api, never evidence, GET only. Each version lies in a cache of its own. If one file of a new one cannot be
 * fetched, or is not what the build made, its install fails and the old version goes on working whole. A new version waits until
 * the person says so (app-update.svelte.ts), and the one before it stays: tabs that still run it find its parts, and a person for
 * whom the new one does not start goes back to it (public/repair.js).
 * The address of this file never changes: tablets in the field look for it for ever.
 */
import { PrecacheController, PrecacheRoute, type PrecacheEntry } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

/** Which versions lie here. public/repair.js reads it, and writes `is_back`. */
interface Versions {
  current: string;
  previous: string | null;
  /** The person went back to the previous one. */
  is_back: boolean;
}

const NOTE = { cache: 'auditbook-versions', url: '/versions' } as const;

const files = self.__WB_MANIFEST as PrecacheEntry[];
// The page names its scripts, and these name theirs, by their content: its fingerprint is that of the version.
const version = `auditbook-shell-${files.find(({ url }) => url === 'index.html')?.revision}`;
const shell = new PrecacheController({ cacheName: version, plugins: [{ requestWillFetch: pastWhatIsBroken }] });
shell.addToCacheList(files);

self.addEventListener('install', (event) => void shell.install(event));

self.addEventListener('activate', (event) => {
  void shell.activate(event);
  event.waitUntil(keepTwo());
});

/** A file that came by half is kept by the browser for a year, as good ones are: where it is not what was built, it is asked for anew. */
async function pastWhatIsBroken({ request }: { request: Request }): Promise<Request> {
  if (request.cache !== 'default' || request.integrity === '') return request;
  const isSound = await fetch(request.clone())
    .then(async (answer) => answer.ok && (await answer.arrayBuffer()) !== null)
    .catch(() => false);
  return isSound ? request : new Request(request, { cache: 'reload' });
}

async function readVersions(): Promise<Versions | null> {
  const note = await caches.open(NOTE.cache).then((cache) => cache.match(NOTE.url));
  return note ? ((await note.json()) as Versions) : null;
}

/** This version and the one before it stay; what is older goes. */
async function keepTwo(): Promise<void> {
  const before = await readVersions();
  const previous = before?.current === version ? before.previous : (before?.current ?? null);
  const now: Versions = { current: version, previous, is_back: false };
  const notes = await caches.open(NOTE.cache);
  await notes.put(NOTE.url, Response.json(now));
  const names = await caches.keys();
  // One that is being fetched now is younger, and not noted yet.
  if (self.registration.installing || self.registration.waiting) return;
  const kept = [NOTE.cache, version, previous];
  await Promise.all(names.filter((name) => !kept.includes(name)).map((name) => caches.delete(name)));
}

// Addresses live in the hash, so the app has one page. What looks like a file, and all of /api, goes to the server.
const page = shell.createHandlerBoundToURL('/index.html');
registerRoute(
  new NavigationRoute(async (options) => (await pageBefore()) ?? page(options), {
    denylist: [/^\/api(\/|$)/, /\.[^/]+$/],
  }),
);

/** The page of the version before, where the person went back to it. */
async function pageBefore(): Promise<Response | null> {
  const versions = await readVersions().catch(() => null);
  if (!versions?.is_back || versions.previous === null) return null;
  const cache = await caches.open(versions.previous);
  return (await cache.match('/index.html', { ignoreSearch: true })) ?? null;
}

registerRoute(new PrecacheRoute(shell, { cleanURLs: false }));

// Parts of the version before, for a tab that still runs it.
registerRoute(
  ({ url }) => url.origin === location.origin && url.pathname.startsWith('/assets/'),
  async ({ request }) => (await caches.match(request)) ?? fetch(request),
);

self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
