"""
The register of erasures as a file: one line of JSON a decision, only ever added to.

It stands beside the backups and not in them. A backup from before brings back what was erased since; by this file the server erases
it again before it serves. It holds no content, only which entry, by whose decision, when and why.
"""

import fcntl
import json
import os
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST_REASON = 2000
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Decision:
    """`audit` is the log's id, `erased_at` in milliseconds since 1970."""

    audit: str
    digest: str
    workspace: str
    reason: str
    decided_by: str
    erased_at: int


def append(path: Path, decisions: Iterable[Decision]) -> None:
    """Add them for good: when this returns they are on the disk. Raises OSError where they are not."""
    text = "".join(_line(decision) for decision in decisions).encode()
    if not text:
        return
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Where the power went in the middle of a line, the next one begins on a line of its own.
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            text = b"\n" + text
        while text:
            text = text[os.write(handle, text) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read(path: Path) -> tuple[list[Decision], tuple[int, ...]]:
    """Every decision, and the numbers of the lines that cannot be read. No file is an empty register."""
    if not path.exists():
        return [], ()
    decisions: list[Decision] = []
    unreadable: list[int] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line:
            continue
        decision = _read(line)
        if decision is None:
            unreadable.append(number)
        else:
            decisions.append(decision)
    return decisions, tuple(unreadable)


def _line(decision: Decision) -> str:
    written = {
        "audit": decision.audit,
        "digest": decision.digest,
        "workspace": decision.workspace,
        "reason": decision.reason,
        "by": decision.decided_by,
        "at": decision.erased_at,
    }
    return json.dumps(written) + "\n"


def _read(line: bytes) -> Decision | None:
    try:
        written: Any = json.loads(line)
        decision = Decision(
            str(uuid.UUID(written["audit"])),
            written["digest"],
            str(uuid.UUID(written["workspace"])),
            written["reason"],
            str(uuid.UUID(written["by"])),
            written["at"],
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    is_whole = (
        isinstance(decision.digest, str)
        and _DIGEST.fullmatch(decision.digest) is not None
        and isinstance(decision.reason, str)
        and len(decision.reason) <= _LONGEST_REASON
        and "\x00" not in decision.reason
        and type(decision.erased_at) is int
        and 0 <= decision.erased_at < 2**53
    )
    return decision if is_whole else None
