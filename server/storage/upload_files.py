"""Files of evidence on their way, by the id of their upload. They lie on the server's own disk, wherever whole ones are kept."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from server.storage.blobs import UUID
from server.storage.disk import read_parts
from server.storage.identifiers import new_id

_PREEMPTION = 2.0
"""Seconds that a request waits for the one that holds an upload: a phone that comes back is faster than its old connection."""


class UploadFiles:
    """Files on their way. How far one has come is its size on disk: that is true after a crash as well."""

    def __init__(self, folder: Path):
        self._folder = folder

    def path(self, upload: str) -> Path:
        if not UUID.fullmatch(upload):
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

    def append_checked(self, upload: str, chunks: Iterable[bytes], algorithm: str, digest: bytes) -> int | None:
        """
        Write what comes if it is what its checksum says, all or nothing. The new size, or None. It lies aside until it was compared,
        so that nobody who asks meanwhile, or after a crash, is told that bytes are here which nobody has checked.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        aside, found = self._aside_path(upload), hashlib.new(algorithm, usedforsecurity=False)
        try:
            with aside.open("wb") as file:
                for chunk in chunks:
                    found.update(chunk)
                    file.write(chunk)
            return self.append(upload, read_parts(aside)) if found.digest() == digest else None
        finally:
            aside.unlink(missing_ok=True)

    def touched_at(self, upload: str) -> float:
        """When bytes last came, in seconds since 1970; 0 where none are here."""
        try:
            return self.path(upload).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def ids(self) -> set[str]:
        """Of which something lies here."""
        names = {path.name.partition(".")[0] for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        return {name for name in names if UUID.fullmatch(name)}

    def remove(self, upload: str) -> None:
        path = self.path(upload)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
        self._aside_path(upload).unlink(missing_ok=True)
        self._lock_path(upload).unlink(missing_ok=True)

    @contextlib.contextmanager
    def passing(self) -> Iterator[Path]:
        """
        A folder for what only passes through. It is held like an upload, and no row names it: what a death leaves in it goes at the
        next start, as what came of an upload does that is not known any more.
        """
        name = new_id()
        with self.locked(name, None):
            try:
                self.path(name).mkdir()
                yield self.path(name)
            finally:
                self.remove(name)

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

    def _aside_path(self, upload: str) -> Path:
        return self.path(upload).with_suffix(".unchecked")

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
