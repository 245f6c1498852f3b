"""
Write THIRD-PARTY-NOTICES.md from what is installed: packages of both lock files, fonts and data, each with its licence.

Run by `make notices`; tests/test_docs.py fails when a locked package is missing from the file.
"""

import json
import re
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED_IN_THE_APP = (
    "svelte",
    "dexie",
    "tus-js-client",
    "signature_pad",
    "canonicalize",
    "@noble/hashes",
    "workbox-window",
)

BROUGHT_ALONG = {
    "c2pa-python": "its wheel brings libraries in Rust, ring (Apache-2.0 AND ISC) and rustls-webpki (ISC) among them",
    "pillow-heif": "its wheel brings libheif and libde265 (LGPL-3.0) and x265 (GPL-2.0)",
    "zxing-wasm": "its decoder is ZXing-C++ (Apache-2.0)",
    "barcode-detector": "holds parts of zxing-wasm (MIT)",
}
"""Works inside a package that its metadata does not name."""

OWN_DATA = """
## Fonts and data

| what | licence |
|---|---|
| Atkinson Hyperlegible Next and Mono, Braille Institute of America | SIL Open Font License 1.1 |
| Noto Sans, Noto Sans Math, Noto Sans Symbols 2, The Noto Project Authors | SIL Open Font License 1.1 |
| Clause numbers and titles in `server/standards` | facts; the questions are our own words |
"""


def main() -> None:
    lines = [
        "# Third-party notices",
        "",
        "Auditbook is under the Apache License 2.0 (LICENSE). It stands on the following works, each under its own licence.",
        "",
        "## Python packages (requirements.lock)",
        "",
        "| package | version | licence |",
        "|---|---|---|",
        *[_python_row(name) for name in _locked("requirements.lock")],
        "",
        "## JavaScript packages in the tablet app (pwa/package-lock.json)",
        "",
        "| package | version | licence |",
        "|---|---|---|",
        *_javascript_rows(),
        OWN_DATA.rstrip(),
        "",
    ]
    (ROOT / "THIRD-PARTY-NOTICES.md").write_text("\n".join(lines), encoding="utf-8")


def _locked(file: str) -> list[str]:
    return re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def _python_row(name: str) -> str:
    try:
        found = metadata(name)
    except ModuleNotFoundError:
        return f"| {name} | not on this platform | see its page |"
    licence = "; ".join(filter(None, (_licence(found), BROUGHT_ALONG.get(name))))
    return f"| {name} | {found['Version']} | {licence} |"


def _licence(found: PackageMetadata) -> str:
    if expression := found.get("License-Expression"):
        return str(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[-1] for line in found.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    if classifiers:
        return ", ".join(classifiers)
    return (str(found.get("License") or "see its page")).splitlines()[0][:60]


def _javascript_rows() -> list[str]:
    packages = json.loads((ROOT / "pwa/package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = [path for path in packages if path.startswith("node_modules/") and _is_shipped(path, packages[path])]
    return [_javascript_row(path.removeprefix("node_modules/"), packages[path]) for path in sorted(wanted)]


def _javascript_row(name: str, package: dict[str, str]) -> str:
    licence = "; ".join(filter(None, (package.get("license", "see its page"), BROUGHT_ALONG.get(name))))
    return f"| {name} | {package['version']} | {licence} |"


def _is_shipped(path: str, package: dict[str, object]) -> bool:
    name = path.rpartition("node_modules/")[2]
    return not package.get("dev") or name in SHIPPED_IN_THE_APP or name.startswith(("workbox-", "@fontsource"))


if __name__ == "__main__":
    main()
