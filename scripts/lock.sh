#!/usr/bin/env bash
# Write the three Python lock files anew from pyproject.toml. The compiler (uv) lives in a scratch environment: it is
# no dependency of ours. The locks name no registry, so that every machine uses the one it is set up for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/system-packages.sh venv
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python=$(scripts/find-python.sh)
"$python" -m venv "$scratch"
scripts/fetching.sh "uv, which writes the locks" \
  "$scratch/bin/python" -m pip --disable-pip-version-check -qq install uv

options=(--quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header)
[ -n "${UPGRADE:-}" ] && options+=(--upgrade)
compile() {
  scripts/fetching.sh "the list of releases" "$scratch/bin/uv" pip compile "${options[@]}" "$@"
}

compile pyproject.toml --output-file requirements.lock
compile pyproject.toml --extra dev --output-file requirements-dev.lock
compile --group node --output-file requirements-node.lock
