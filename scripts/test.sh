#!/usr/bin/env bash
# Run every test of both sides, also when one fails; the last line says how it went. Two lanes run side by side: the
# server's tests in one; in the other the PWA's and those in a real browser, which is shown when both are through.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/test-environment.sh
CHROMIUM=$(scripts/browser.sh)
export CHROMIUM
# Containers like to set it; then every run, and every server that a test starts, would compile all of it anew.
unset PYTHONDONTWRITEBYTECODE

failures=$(mktemp)
shown=$(mktemp)
trap 'rm -f "$failures" "$shown"' EXIT
started=$SECONDS

# pytest also fails when it finds no test at all (exit code 5), and so does this.
run_pytest() {
  local name=$1
  shift
  echo "== $name (pytest)"
  .venv/bin/python -m pytest "$@" || echo "$name (pytest, exit code $?)" >>"$failures"
}

run_beside() {
  echo "== PWA (vitest)"
  scripts/node.sh npm --silent --prefix pwa test || echo "PWA (vitest)" >>"$failures"
  run_pytest "Browser" tests/e2e
}

# A process group of its own, so that Ctrl-C reaches it through here, and it can end its servers and browsers.
set -m
run_beside >"$shown" 2>&1 &
beside=$!
set +m
trap 'kill -INT -- "-$beside"; wait "$beside"; cat "$shown"; exit 130' INT

run_pytest "Server" --ignore tests/e2e
wait "$beside"
cat "$shown"

took="$((SECONDS - started)) s"
if [ -s "$failures" ]; then
  echo "TESTS FAILED after $took: $(paste -sd';' "$failures" | sed 's/;/; /g')"
  exit 1
fi
echo "All tests passed on the PWA and on the server, in $took."
