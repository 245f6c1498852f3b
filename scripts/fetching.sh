#!/usr/bin/env bash
# Usage: scripts/fetching.sh WHAT COMMAND...
# Run a command that downloads; if it fails, say in one sentence what is missing and that trying again is safe.
set -uo pipefail

what=$1
shift

"$@"
status=$?
if [ "$status" -ne 0 ]; then
  echo "Auditbook could not get $what (the reason stands above); nothing is half done, so the same command can be run again." >&2
fi
exit "$status"
