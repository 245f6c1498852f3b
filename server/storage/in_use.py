"""
Who is at the data folder: servers and workers hold a lock as long as they run, and a restore wants it alone.

A restore that was put back but in which no new epoch has begun yet leaves a mark: whoever served now would give numbers a second time.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from server.storage.disk import keep_names

_LOCK = "in-use.lock"
_MARK = "restore-unfinished"


def serve_from(data: Path) -> int | None:
    """Hold the folder for as long as this process runs, with all that it forks. None while a restore holds it."""
    data.mkdir(parents=True, exist_ok=True)
    handle = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextlib.contextmanager
def alone_in(data: Path) -> Iterator[bool]:
    """Whether nobody serves from this folder; then nobody begins to, either, until the end of this."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / _LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def note_unfinished_restore(data: Path) -> None:
    (data / _MARK).touch()
    keep_names(data)


def end_restore(data: Path) -> None:
    """A new epoch has begun."""
    (data / _MARK).unlink(missing_ok=True)
    keep_names(data)


def is_restore_unfinished(data: Path) -> bool:
    return (data / _MARK).exists()
