#!/usr/bin/env bash
# Run every test of both sides, also when the first side fails; the last line says how it went.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/test-environment.sh
CHROMIUM=$(scripts/browser.sh)
export CHROMIUM

failed=()
started=$SECONDS

echo "== PWA (vitest)"
scripts/node.sh npm --silent --prefix pwa test || failed+=("the PWA (vitest)")

# pytest also fails when it finds no test at all (exit code 5), and so does this.
echo "== Server (pytest)"
.venv/bin/python -m pytest || failed+=("the server (pytest, exit code $?)")

took="$((SECONDS - started)) s"
if [ ${#failed[@]} -gt 0 ]; then
  printf 'TESTS FAILED after %s: %s\n' "$took" "$(printf '%s; ' "${failed[@]}" | sed 's/; $//')"
  exit 1
fi
echo "All tests passed on the PWA and on the server, in $took."
