#!/usr/bin/env bash
# Usage: scripts/pwa.sh install|build
# Install the packages of pwa/package-lock.json; with `build`, also build the PWA into pwa/dist. Each is done only when
# something changed. Call scripts/python-environment.sh first: Node may have to live in .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The stamps lie in node_modules, so that removing it removes them, too.
packages_stamp=pwa/node_modules/.installed-packages
build_stamp=pwa/node_modules/.built-sources

fingerprint_of() {
  .venv/bin/python -I -S scripts/fingerprint.py "$@"
}

packages=$(fingerprint_of pwa/package.json pwa/package-lock.json)
if [ "$(cat $packages_stamp 2>/dev/null)" != "$packages" ]; then
  echo "Installing the PWA's packages of pwa/package-lock.json (the first time takes a minute)"
  rm -f $packages_stamp
  scripts/fetching.sh "the PWA's packages of pwa/package-lock.json" \
    scripts/node.sh npm --prefix pwa ci --no-audit --no-fund --no-progress --loglevel=error >/dev/null
  echo "$packages" >$packages_stamp
fi
[ "${1:-}" = build ] || exit 0

sources=$(fingerprint_of pwa)
if [ ! -f pwa/dist/index.html ] || [ "$(cat $build_stamp 2>/dev/null)" != "$sources" ]; then
  echo "Building the PWA into pwa/dist"
  rm -f $build_stamp
  # A build says much when it goes well; all of it is shown only when it does not.
  if ! output=$(scripts/node.sh npm --prefix pwa run build 2>&1); then
    echo "$output" >&2
    echo "The PWA could not be built; the reason stands above." >&2
    exit 1
  fi
  echo "$sources" >$build_stamp
fi
