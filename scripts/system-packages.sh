#!/usr/bin/env bash
# Usage: scripts/system-packages.sh [venv] [browser] [pdf]
# See that these are on the machine, and install from apt what is missing; where that is not allowed, name it and stop.
#   venv     python3 -m venv, which Debian and Ubuntu split off
#   browser  a Chromium for the end-to-end tests
#   pdf      pdftotext and pdftoppm, to read our own reports back
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=()
for need in "$@"; do
  case $need in
    venv)
      python=$(scripts/find-python.sh)
      "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        packages+=("$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
      ;;
    browser)
      scripts/browser.sh --present >/dev/null || packages+=(chromium)
      ;;
    pdf)
      { command -v pdftotext && command -v pdftoppm; } >/dev/null || packages+=(poppler-utils)
      ;;
    *)
      echo "scripts/system-packages.sh knows venv, browser and pdf, not: $need" >&2
      exit 2
      ;;
  esac
done
[ ${#packages[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Auditbook needs these on the machine and finds no apt-get to install them: ${packages[*]}. Install them, then run this again." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Auditbook needs these on the machine and only root may install them: run 'sudo apt-get install ${packages[*]}', then this again." >&2
  exit 1
fi

echo "Installing from apt: ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
# A source that we do not need may be out of reach; whether that matters is known only when installing.
apt-get update -qq -o DPkg::Lock::Timeout=300 || true

available=()
for package in "${packages[@]}"; do
  # Ubuntu has no chromium package; scripts/browser.sh then takes Playwright's own.
  if [ "$package" = chromium ] && ! apt-cache show chromium >/dev/null 2>&1; then
    continue
  fi
  available+=("$package")
done
[ ${#available[@]} -eq 0 ] && exit 0

scripts/fetching.sh "${available[*]} from apt" \
  apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "${available[@]}" >/dev/null
