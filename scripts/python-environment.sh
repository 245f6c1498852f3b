#!/usr/bin/env bash
# Usage: scripts/python-environment.sh run|test
# Make .venv hold what a lock file says: `run` for serving, `test` for the tests and checks, which includes the former.
# Each lock leaves a stamp in .venv, so that a second call takes a moment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  run) lock=requirements.lock ;;
  test) lock=requirements-dev.lock ;;
  *)
    echo "Usage: scripts/python-environment.sh run|test" >&2
    exit 2
    ;;
esac

# An environment does not survive a moved folder or a removed Python, nor an interrupted start of its own.
is_sound() {
  [ -x .venv/bin/python ] && grep -qF "$PWD/.venv" .venv/bin/activate && .venv/bin/python -c 'import pip'
} 2>/dev/null

if ! is_sound; then
  scripts/system-packages.sh venv
  python=$(scripts/find-python.sh)
  echo "Making a Python environment in .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
fi

fingerprint_of() {
  .venv/bin/python -I -S scripts/fingerprint.py pyproject.toml "$1"
}
is_installed() {
  [ "$(cat ".venv/installed-$1" 2>/dev/null)" = "$(fingerprint_of "$1")" ]
}
is_installed "$lock" && exit 0

pip_install=(.venv/bin/python -m pip --disable-pip-version-check -qq install)

echo "Installing the Python packages of $lock (the first time takes a minute)"
rm -f .venv/installed-requirements*
scripts/fetching.sh "the Python packages of $lock" "${pip_install[@]}" --require-hashes -r "$lock"
scripts/fetching.sh "what is needed to install Auditbook itself into .venv" "${pip_install[@]}" --no-deps -e .

fingerprint_of "$lock" >".venv/installed-$lock"
if [ "$lock" = requirements-dev.lock ]; then
  fingerprint_of requirements.lock >.venv/installed-requirements.lock
fi
