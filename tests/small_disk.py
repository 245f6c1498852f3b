"""
A disk that really gets full, without being root: a file system of a few megabytes in memory, which only the process that mounts it
sees.
"""

import ctypes
import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_BEGUN = multiprocessing.get_context("forkserver")


def on_a_small_disk(story: Callable[[Path], None], place: Path, size: int) -> None:
    """
    Run `story(place)` in a process of its own, in which `place` is an empty file system of `size` bytes. What the story raises fails
    the test here. Skips where this system does not let an ordinary user mount anything.
    """
    place.mkdir(parents=True, exist_ok=True)
    hears, tells = _BEGUN.Pipe(duplex=False)
    process = _BEGUN.Process(target=_run, args=(story, place, size, tells), daemon=True)
    process.start()
    tells.close()
    try:
        kind, said = hears.recv()
    except EOFError:
        kind, said = "failed", "the process ended before its story did"
    process.join()
    if kind == "no disk":
        pytest.skip(f"This system lets no ordinary user mount a small disk, so none was filled: {said}")
    assert kind == "ended", said


def _run(story: Callable[[Path], None], place: Path, size: int, tells: Connection) -> None:
    try:
        _mount(place, size)
    except OSError as problem:
        tells.send(("no disk", str(problem)))
        return
    try:
        story(place)
    except BaseException:
        tells.send(("failed", traceback.format_exc()))
    else:
        tells.send(("ended", ""))


def _mount(place: Path, size: int) -> None:
    """In namespaces of our own we may mount, and nobody else sees it. Raises OSError."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.unshare(_NEW_USER | _NEW_MOUNTS), "unshare")
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
    _must(libc.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, f"size={size}".encode()), "mount")


def _must(answer: int, what: str) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
