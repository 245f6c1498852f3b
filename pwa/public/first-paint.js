// Dresses the page before anything is painted, so that a night reader never sees a white flash.
// A file of its own because the content security policy allows no inline script.
(function () {
  var root = document.documentElement;
  var theme = null;
  var locale = null;
  try {
    theme = localStorage.getItem('auditbook.theme');
    locale = localStorage.getItem('auditbook.locale');
  } catch (_) {
    // Storage may be forbidden; the system's wish then decides.
  }
  if (theme !== 'paper' && theme !== 'night' && theme !== 'sunlight') {
    if (matchMedia('(prefers-contrast: more)').matches) theme = 'sunlight';
    else theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'night' : 'paper';
  }
  root.dataset.theme = theme;
  if (locale) root.lang = locale;
})();
