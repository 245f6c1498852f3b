/**
 * Fetches the app itself anew: its caches and its service worker are removed, and the page is loaded again.
 *
 * Never data: IndexedDB is not touched, and without a network nothing is removed, since the app could not come back.
 */
export async function repairApp(): Promise<void> {
  // The shell is asked for past every cache: only if it can be had, the old one may go.
  const shell = await fetch(`/index.html?repair=${Date.now()}`, { cache: 'no-store' })
    .then((answer) => (answer.ok ? answer.text() : ''))
    .catch(() => '');
  // A hotel's sign-in page answers everything with a 200 as well.
  if (shell.includes('id="app"')) {
    for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
    for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? [])
      await registration.unregister();
  }
  location.reload();
}
