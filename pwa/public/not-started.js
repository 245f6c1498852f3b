// Says so where the app does not start, and where to go then: without this there would be an empty page. An own file, as the app's
// own code may be what is missing.
(function () {
  const PATIENCE_MS = 15000;
  const hasStarted = () => document.querySelector('#main > *') !== null;
  let hasFailed = false;

  function show() {
    const said = document.getElementById('not-started');
    if (!said || hasStarted()) return;
    const german = (document.documentElement.lang || navigator.language).startsWith('de');
    for (const part of said.querySelectorAll('div[lang]')) part.hidden = (part.lang === 'de') !== german;
    if (!document.getElementById('main')) said.setAttribute('role', 'main');
    said.hidden = false;
    // A slow tablet may have been slow only.
    const watch = setInterval(() => {
      if (!hasStarted()) return;
      said.hidden = true;
      clearInterval(watch);
    }, 500);
  }

  // A script that did not arrive, or that broke before anything was shown.
  addEventListener(
    'error',
    () => {
      if (hasFailed || hasStarted()) return;
      hasFailed = true;
      setTimeout(show, 1000);
    },
    true,
  );
  setTimeout(show, PATIENCE_MS);
})();
