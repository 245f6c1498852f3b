#!/usr/bin/env bash
# The long hunt: seeded stories in which everything goes wrong (docs/testing.md). SEEDS says how many, START with which to begin.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/test-environment.sh
CHROMIUM=$(scripts/browser.sh)
export CHROMIUM
unset PYTHONDONTWRITEBYTECODE
exec nice -n 19 .venv/bin/python -m tests.torture.results
