#!/usr/bin/env bash
# Usage: scripts/browser.sh [--present]
# Print the path of a Chromium that Playwright can drive. Where the machine has none, fetch Playwright's own, unless
# asked only for what is present. CHROMIUM=/path/to/one overrides the search.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -n "${CHROMIUM:-}" ]; then
  echo "$CHROMIUM"
  exit 0
fi
for name in chromium google-chrome google-chrome-stable; do
  if command -v "$name"; then
    exit 0
  fi
done

# Playwright knows where its own browser lies; the file is there only after it was fetched.
playwrights_own() {
  .venv/bin/python -c 'from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)' 2>/dev/null
}
own=$(playwrights_own || true)
if [ -n "$own" ] && [ -x "$own" ]; then
  echo "$own"
  exit 0
fi
[ "${1:-}" = --present ] && exit 1

install=(.venv/bin/playwright install chromium)
[ "$(id -u)" -eq 0 ] && install+=(--with-deps)
scripts/fetching.sh "a Chromium (installing one by hand, or CHROMIUM=/path/to/one, helps as well)" "${install[@]}" >&2
playwrights_own
