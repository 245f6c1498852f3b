#!/usr/bin/env bash
# Style, types, import rules and the quick tests of both sides. Every check is made; only those that fail show what
# they had to say. Two lanes run side by side: the server's tests in one, everything else in the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failures=$(mktemp)
trap 'rm -f "$failures"' EXIT

check() {
  local name=$1 began=$SECONDS output
  shift
  if output=$("$@" 2>&1); then
    printf 'ok      %-32s %3d s\n' "$name" $((SECONDS - began))
  else
    printf 'FAILED  %-32s %3d s\n%s\n\n' "$name" $((SECONDS - began)) "$output"
    echo "$name" >>"$failures"
  fi
}

bin=.venv/bin
check "pytest, the quick tests" $bin/python -m pytest -q -m "not slow" &
pytest=$!
check "ruff" $bin/ruff check .
check "ruff format" $bin/ruff format --check .
check "mypy" $bin/mypy
check "import rules" $bin/lint-imports
check "spelling" $bin/codespell
check "svelte-check and tsc" scripts/node.sh npm --silent --prefix pwa run check
check "prettier" scripts/node.sh npm --silent --prefix pwa run format:check
check "vitest" scripts/node.sh npm --silent --prefix pwa test
wait "$pytest"

if [ -s "$failures" ]; then
  echo "Not ready to commit: $(paste -sd, "$failures" | sed 's/,/, /g')."
  exit 1
fi
echo "Ready to commit, after $SECONDS s."
