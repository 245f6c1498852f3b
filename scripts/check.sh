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

# The same files have the same answer: what passed is not asked again until something that it reads has changed. mypy, tsc,
# ruff and prettier know that by themselves. svelte-check does not: with --incremental it lets a component pass that does not
# even parse. `unchanged NAME COMMAND... -- PATHS...`
unchanged() {
  local stamp=.venv/.passed-$1 command=() state
  shift
  while [ "$1" != -- ]; do command+=("$1"); shift; done
  shift
  state=$(state_of "$@")
  [ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && return
  "${command[@]}" && echo "$state" >"$stamp"
}

state_of() {
  .venv/bin/python -I -S scripts/fingerprint.py "$@" scripts/check.sh
}

npm_run() {
  scripts/node.sh npm --silent --prefix pwa run "$@"
}

bin=.venv/bin
# Four of the server's tests read what stands in pwa/ or docs/: they are made also where nothing of the server has changed.
both=(tests/test_docs.py tests/torture/test_catalogue.py tests/demo/test_finished_audits.py tests/reports/test_look.py)
quick_pytest() {
  local stamp=.venv/.passed-pytest state chosen=()
  state=$(state_of server schemas tests migrations scripts wsgi.py pyproject.toml requirements-dev.lock pwa/src/store/testdata)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then chosen=("${both[@]}"); fi
  $bin/python -m pytest -q -m "not slow" ${chosen[@]+"${chosen[@]}"} && echo "$state" >"$stamp"
}
check "pytest, the quick tests" quick_pytest
# What is dear is for `make test`: the simulator's stories, on this side as on the server's, and `testLong`.
quick_vitest() { VITE_QUICK=1 npm_run test -- --exclude "src/torture/**" --exclude "src/handover/**"; }
check "vitest" unchanged vitest quick_vitest -- pwa schemas
check "svelte-check" unchanged svelte-check npm_run check:components -- pwa
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
