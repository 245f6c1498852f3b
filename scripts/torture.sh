#!/usr/bin/env bash
# The long hunt: seeded stories in which everything goes wrong (docs/testing.md). SEEDS says how many, START with which to begin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/python-environment.sh test
scripts/pwa.sh install
unset PYTHONDONTWRITEBYTECODE
exec nice -n 19 .venv/bin/python -m tests.torture.results
