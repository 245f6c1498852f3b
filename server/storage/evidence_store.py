"""
Where evidence lies: files on their way by the id of their upload, whole ones by their audit and their hash.

A name on disk is made of ids and hashes, never of a person's text. The database says what is evidence: a file that it does not
name yet (the power went between the two) is found again by its audit and its hash.

Each audit has its own copy. Two audits may hold the same photo, but a hash is no proof that somebody has it: whoever copied it from
a report would be handed the picture. It also keeps erasure simple: what one audit loses, no other one misses.
"""

import contextlib
import fcntl
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from server.storage.disk import is_there, keep_file, keep_names

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PREEMPTION = 2.0
"""Seconds that a request waits for the one that holds an upload: a phone that comes back is faster than its old connection."""


@dataclass(frozen=True, slots=True)
class BlobKey:
    """One audit's copy of a file. There is no way to ask for a hash alone."""

    workspace: str
    audit: str
    sha256: str


class BlobStore(Protocol):
    """Whole, verified files. On a local disk here; an object store has the same verbs."""

    def put(self, key: BlobKey, source: Path) -> None:
        """Take a file over. Its content was checked; afterwards it survives a power cut."""

    def open(self, key: BlobKey) -> BinaryIO: ...

    def exists(self, key: BlobKey) -> bool: ...

    def set_aside(self, key: BlobKey) -> Path:
        """Move a file that has rotted away from its place, where the right one is put again; to where. It is kept until then."""

    def aside(self, key: BlobKey) -> list[Path]:
        """What was moved away from there."""

    def delete(self, key: BlobKey) -> None:
        """Lawful erasure. What is not there is as good as deleted."""

    def local_path(self, key: BlobKey) -> Path:
        """A file to read from, for what can only read files. What is derived may be kept beside it."""


class LocalBlobStore:
    """`<folder>/<workspace>/<audit>/<sha256>`: an audit's evidence is one folder."""

    def __init__(self, folder: Path):
        self._folder = folder

    def put(self, key: BlobKey, source: Path) -> None:
        target = self.local_path(key)
        _make_folder(target.parent)
        keep_file(source)
        # Only what lay aside before: should this very file be moved there, it goes under a name of its own.
        superseded = self.aside(key)
        source.replace(target)
        for path in superseded:
            path.unlink(missing_ok=True)
        keep_names(target.parent)

    def open(self, key: BlobKey) -> BinaryIO:
        return self.local_path(key).open("rb")

    def exists(self, key: BlobKey) -> bool:
        return is_there(self.local_path(key))

    def set_aside(self, key: BlobKey) -> Path:
        path = self.local_path(key)
        aside = _damaged(path.parent) / f"{key.sha256}.{secrets.token_hex(4)}"
        _make_folder(aside.parent)
        path.replace(aside)
        keep_names(aside.parent)
        return aside

    def aside(self, key: BlobKey) -> list[Path]:
        # In a folder of its own: in the audit's own one there may be tens of thousands of files to look through.
        return sorted(_damaged(self.local_path(key).parent).glob(f"{key.sha256}.*"))

    def delete(self, key: BlobKey) -> None:
        path = self.local_path(key)
        path.unlink(missing_ok=True)
        for other in [*path.parent.glob(f"{key.sha256}.*"), *self.aside(key)]:
            other.unlink(missing_ok=True)
        # The doctor may have put it back in between.
        path.unlink(missing_ok=True)
        for folder in (path.parent, _damaged(path.parent)):
            if folder.exists():
                keep_names(folder)

    def local_path(self, key: BlobKey) -> Path:
        if not (_UUID.fullmatch(key.workspace) and _UUID.fullmatch(key.audit) and _SHA256.fullmatch(key.sha256)):
            raise ValueError("A name in the store is made of the ids of a workspace and an audit, and a SHA-256.")
        return self._folder / key.workspace / key.audit / key.sha256


def _damaged(folder: Path) -> Path:
    return folder / "damaged"


class UploadFiles:
    """Files on their way. How far one has come is its size on disk: that is true after a crash as well."""

    def __init__(self, folder: Path):
        self._folder = folder

    def path(self, upload: str) -> Path:
        if not _UUID.fullmatch(upload):
            raise ValueError("The name of an upload is its id.")
        return self._folder / upload

    def size(self, upload: str) -> int:
        try:
            return self.path(upload).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, upload: str, chunks: Iterable[bytes]) -> int:
        """Write what comes, durably; every byte that came is kept, however it ends. The new size."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.path(upload).open("ab") as file:
            try:
                for chunk in chunks:
                    file.write(chunk)
            finally:
                file.flush()
                os.fsync(file.fileno())
            return file.tell()

    def ids(self) -> set[str]:
        """Of which something lies here."""
        names = {path.stem for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        return {name for name in names if _UUID.fullmatch(name)}

    def remove(self, upload: str) -> None:
        self.path(upload).unlink(missing_ok=True)
        self._lock_path(upload).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self, upload: str, interrupt: Callable[[], None] | None) -> Iterator[bool]:
        """
        Hold an upload; False when somebody else still does. `interrupt` ends this request's reading, should another one come
        for the same upload: behind a radio link the old connection may be dead without knowing.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock_path(upload).open("ab") as file:
            if not _lock_within(file, upload):
                yield False
                return
            if interrupt is not None:
                _holders[upload] = interrupt
            try:
                yield True
            finally:
                _holders.pop(upload, None)

    def _lock_path(self, upload: str) -> Path:
        return self.path(upload).with_suffix(".lock")


_holders: dict[str, Callable[[], None]] = {}
"""How to end the request that is appending to an upload, in this process."""


def _lock_within(file: BinaryIO, upload: str) -> bool:
    until = time.monotonic() + _PREEMPTION
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            interrupt = _holders.get(upload)
            if interrupt is not None:
                interrupt()
            time.sleep(0.05)


class EvidenceFiles:
    """Both folders of a server's data."""

    def __init__(self, data: Path):
        self.blobs: BlobStore = LocalBlobStore(data / "evidence")
        self.uploads = UploadFiles(data / "uploads")


def _make_folder(folder: Path) -> None:
    """With every folder above it on disk: a name in a folder that is not, is lost with it."""
    missing = [folder, *folder.parents]
    new = [each for each in missing if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        keep_names(each.parent)
