// What the repair page does. Caches and the service worker alone: IndexedDB, where everything recorded lies, is never opened here.
(function () {
  const VERSIONS = ['auditbook-versions', '/versions']; // src/service-worker.ts keeps it
  const german = (document.documentElement.lang || navigator.language).startsWith('de');
  for (const part of document.querySelectorAll('div[lang]')) part.hidden = (part.lang === 'de') !== german;
  document.documentElement.lang = german ? 'de' : 'en';
  if (german) document.title = 'Auditbook: App reparieren';

  async function readVersions() {
    const note = window.caches && (await caches.open(VERSIONS[0]).then((cache) => cache.match(VERSIONS[1])));
    return note ? note.json() : null;
  }

  function say(what) {
    for (const part of document.querySelectorAll('[data-said]')) part.hidden = part.dataset.said !== what;
    for (const button of document.querySelectorAll('button')) button.disabled = what === 'busy';
  }

  async function repair() {
    say('busy');
    // Past every cache: only if the app can be had, the old one may go. A hotel's sign-in page answers with a 200 as well.
    const page = await fetch(`/index.html?repair=${Date.now()}`, { cache: 'no-store' })
      .then((answer) => (answer.ok ? answer.text() : ''))
      .catch(() => '');
    if (!page.includes('id="app"')) return say('no-server');
    if (navigator.serviceWorker)
      for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    if (window.caches) for (const name of await caches.keys()) await caches.delete(name);
    location.replace('/');
  }

  async function choose(isBack) {
    const versions = await readVersions();
    const cache = await caches.open(VERSIONS[0]);
    await cache.put(VERSIONS[1], Response.json({ ...versions, is_back: isBack }));
    location.replace('/');
  }

  document.addEventListener('click', (event) => {
    const what = event.target.closest('button')?.dataset.do;
    if (what === 'repair') void repair();
    if (what === 'back' || what === 'forth') void choose(what === 'back');
  });

  void readVersions().then((versions) => {
    const offered = versions?.is_back ? 'back' : versions?.previous ? 'previous' : '';
    for (const part of document.querySelectorAll('[data-when]')) part.hidden = part.dataset.when !== offered;
  });
})();
