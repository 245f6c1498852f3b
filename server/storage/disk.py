"""What makes a file outlive a power cut: its bytes on the disk, and its name in a folder that is on the disk."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

_READ = 1024 * 1024


def keep_file(path: Path) -> None:
    """Its bytes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def keep_names(folder: Path) -> None:
    """What stands in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_checked(source: Path, target: Path, sha256: str) -> bool:
    """
    Copy a file and hash what is copied; it gets its name only when it is whole, on the disk, and what its hash says. False where
    it is not: then there is no copy. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with source.open("rb") as given, unfinished.open("xb") as copy:
            if _copy(given, copy) != sha256:
                return False
            copy.flush()
            os.fsync(copy.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def _copy(given: BinaryIO, copy: BinaryIO) -> str:
    digest = hashlib.sha256()
    while part := given.read(_READ):
        digest.update(part)
        copy.write(part)
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 over a whole file, read in parts."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ):
            digest.update(chunk)
    return digest.hexdigest()
