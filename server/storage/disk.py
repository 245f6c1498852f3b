"""What makes a file outlive a power cut: its bytes on the disk, and its name in a folder that is on the disk."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
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


def make_folder(folder: Path) -> None:
    """With every folder above it on disk: a name in a folder that is not, is lost with it."""
    missing = [folder, *folder.parents]
    new = [each for each in missing if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        keep_names(each.parent)


def copy_parts(parts: Iterable[bytes], target: Path) -> None:
    """What comes, as a new file whose bytes are on the disk. Raises FileExistsError."""
    with target.open("xb") as copy:
        for part in parts:
            copy.write(part)
        copy.flush()
        os.fsync(copy.fileno())


def copy_checked(source: Iterator[bytes], target: Path, sha256: str) -> bool:
    """
    Copy the parts of a file and hash what is copied; it gets its name only when it is whole, on the disk, and what its hash says. False
    where it is not, where it is gone and where the disk cannot read it: then there is no copy. Raises OSError where none can be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Found by the name that it will have: what a death leaves goes with it, when that is deleted.
    unfinished = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with unfinished.open("xb") as copy:
            if _copy(source, copy) != sha256:
                return False
            copy.flush()
            os.fsync(copy.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def _copy(parts: Iterator[bytes], copy: BinaryIO) -> str | None:
    """The SHA-256 of what was copied; None where the source cannot be read to its end."""
    digest = hashlib.sha256()
    while True:
        try:
            part = next(parts, b"")
        except OSError:
            return None
        if not part:
            return digest.hexdigest()
        digest.update(part)
        copy.write(part)


def is_there(path: Path) -> bool:
    """Whether a file is there, as far as the disk can say. `Path.is_file` raises where it cannot."""
    try:
        return path.is_file()
    except OSError:
        return False


def has_hash(path: Path, sha256: str) -> bool:
    """Whether a file is there and what this hash says. What the disk cannot read is as good as gone."""
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False


def sha256_of(path: Path) -> str:
    """SHA-256 over a whole file, read in parts."""
    return sha256_of_parts(read_parts(path))


def sha256_of_parts(parts: Iterable[bytes]) -> str:
    """SHA-256 over all of them, one after another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def read_parts(path: Path, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """`length` bytes of a file from `start` on, or all to the end, in parts of at most one MiB. Raises OSError."""
    with path.open("rb") as file:
        file.seek(start)
        while part := file.read(_READ if length is None else min(_READ, length)):
            length = None if length is None else length - len(part)
            yield part
