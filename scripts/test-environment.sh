#!/usr/bin/env bash
# Set up everything that the tests and the tour need, from a fresh clone on; a second call takes a moment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/system-packages.sh venv browser pdf
scripts/python-environment.sh test
scripts/pwa.sh build
