#!/usr/bin/env bash
# Print the command of the first Python that is new enough.
# Each candidate is run, not only looked up: a version manager's stand-in may exist without a Python behind it.
set -euo pipefail

for candidate in python3.13 python3.12 python3.11 python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$candidate"
    exit 0
  fi
done

echo "Auditbook needs Python 3.11 or newer and finds none on the PATH: install one (on Debian and Ubuntu: apt-get install python3 python3-venv), then run this again." >&2
exit 1
