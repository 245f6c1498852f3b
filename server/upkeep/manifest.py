"""
What makes a folder a backup: `SHA256SUMS`, a line for every file as `sha256sum -c` reads it, and `manifest.json`, which is written last
and names the hash of that list. A folder without it was never finished.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from server.storage.disk import has_hash, is_there, keep_names
from server.upkeep.problem import CannotBeDone

FORMAT = "auditbook-backup-1"
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)\n")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`taken_at`: the instant of the snapshot. `log_key`: the name of the key that signed how far its logs go."""

    format: str
    taken_at: str
    epoch: str
    log_key: str
    database: str
    """`sqlite` or `postgresql`."""
    audits: int
    entries: int
    newest_entry_at: str | None
    files: int
    sums_sha256: str
    missing: tuple[str, ...]
    """Files that the database speaks of and that were gone, or others, when the backup was taken."""


def write_sums(folder: Path, files: Iterable[tuple[str, str]], name: str = SUMS) -> tuple[int, str]:
    """One line a file, hash and name. How many, and the hash of the list."""
    count, digest = 0, hashlib.sha256()
    with (folder / name).open("w", encoding="ascii", newline="\n") as sums:
        for sha256, file in files:
            line = f"{sha256}  {file}\n"
            sums.write(line)
            digest.update(line.encode())
            count += 1
        sums.flush()
        os.fsync(sums.fileno())
    return count, digest.hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    with (folder / MANIFEST).open("x", encoding="utf-8") as file:
        file.write(json.dumps(asdict(manifest), indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    keep_names(folder)


def read_manifest(folder: Path) -> Manifest:
    """Raises CannotBeDone for what is no whole backup."""
    try:
        written = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(**{**written, "missing": tuple(written["missing"])})
    except FileNotFoundError as problem:
        raise CannotBeDone(f"{folder} is not a whole backup: it has no {MANIFEST}. Take another one.") from problem
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise CannotBeDone(f"The {MANIFEST} of {folder} cannot be read: {problem}. Take another backup.") from problem
    if manifest.format != FORMAT:
        raise CannotBeDone(
            f"{folder} is in the format {manifest.format}, and this version reads {FORMAT}. Update Auditbook."
        )
    return manifest


def listed_files(folder: Path, name: str = SUMS) -> Iterator[tuple[str, str]]:
    """Hash and name of every file. Raises CannotBeDone for a line of another shape, or one that leads out of the folder."""
    with (folder / name).open(encoding="ascii", errors="replace", newline="") as sums:
        for line in sums:
            match = _LINE.fullmatch(line)
            if match is None or ".." in match[2].split("/") or match[2].startswith("/"):
                raise CannotBeDone(f"{folder / name} has a line that names no file of a backup: {line.strip()[:120]}")
            yield match[1], match[2]


def check_files(folder: Path, manifest: Manifest) -> None:
    """Hash every file of a backup. Raises CannotBeDone with the first ones that differ."""
    if not has_hash(folder / SUMS, manifest.sums_sha256):
        raise CannotBeDone(f"{folder / SUMS} is not the one that the manifest names. Take another backup.")
    wrong: list[str] = []
    for sha256, name in listed_files(folder):
        path = folder / name
        if not is_there(path):
            wrong.append(f"{name} is gone")
        elif not has_hash(path, sha256):
            wrong.append(f"{name} has changed or cannot be read")
    if wrong:
        more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise CannotBeDone(
            f"{folder} is damaged: {', '.join(wrong[:5])}{more}. Nothing was put back; take another backup."
        )
