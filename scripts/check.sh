#!/usr/bin/env bash
# Style, types, import rules and the quick tests of both sides. Every check is made; only those that fail show what
# they had to say. As many run side by side as there are processors, the longest first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Containers like to set it; then every run would compile all tests and the server anew.
unset PYTHONDONTWRITEBYTECODE

failures=$(mktemp)
trap 'rm -f "$failures"' EXIT
processors=$(getconf _NPROCESSORS_ONLN)

# Process groups of their own, so that Ctrl-C reaches them through here: a shell lets what runs beside it ignore it.
set -m
trap 'for job in $(jobs -p); do kill -INT -- "-$job"; done; exit 130' INT

check() {
  while [ "$(jobs -pr | wc -l)" -ge "$processors" ]; do wait -n || true; done
  made "$@" &
}

made() {
  local name=$1 began=$SECONDS output
  shift
  if output=$("$@" 2>&1); then
    printf 'ok      %-32s %3d s\n' "$name" $((SECONDS - began))
  else
    printf 'FAILED  %-32s %3d s\n%s\n\n' "$name" $((SECONDS - began)) "$output"
    echo "$name" >>"$failures"
  fi
}

# The others keep what they found on disk and look again only at what has changed. svelte-check cannot: with --incremental
# it lets a component pass that does not even parse. So it looks at everything, unless nothing in pwa/ has changed.
components() {
  local stamp=pwa/node_modules/.checked-components sources
  sources=$(.venv/bin/python -I -S scripts/fingerprint.py pwa)
  [ "$(cat $stamp 2>/dev/null)" = "$sources" ] && return
  npm_run check:components && echo "$sources" >$stamp
}

npm_run() {
  scripts/node.sh npm --silent --prefix pwa run "$@"
}

bin=.venv/bin
check "pytest, the quick tests" $bin/python -m pytest -q -m "not slow"
# What takes seconds by itself is for `make test`: the simulator's stories, on this side as on the server's, and `testLong`.
check "vitest" env VITE_QUICK=1 scripts/node.sh npm --silent --prefix pwa run test -- --exclude "src/torture/**"
check "svelte-check" components
check "tsc" npm_run check:types
check "mypy" $bin/mypy
check "prettier" npm_run format:check -- --cache --cache-strategy content
check "spelling" $bin/codespell
check "import rules" $bin/lint-imports
check "ruff" $bin/ruff check .
check "ruff format" $bin/ruff format --check .
wait

if [ -s "$failures" ]; then
  echo "Not ready to commit: $(paste -sd, "$failures" | sed 's/,/, /g')."
  exit 1
fi
echo "Ready to commit, after $SECONDS s."
