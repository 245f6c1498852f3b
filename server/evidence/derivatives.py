"""
A picture at the size in which a report shows it, made from the original, which stays as it is.

Files come from outside and decoders have holes: a file is decoded in a process of its own, with limits on memory, time and pixels,
by the decoders of three formats and no other.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from server.storage.evidence_store import BlobKey, EvidenceFiles

LONG_EDGE = 1600
"""Pixels: 190 mm at 210 dpi."""
TIMEOUT = 60
_SUFFIX = ".report.jpg"


@dataclass(frozen=True, slots=True)
class Derivative:
    """A JPEG file, or the reason why there is none."""

    path: Path | None
    reason: str | None = None


def report_picture(files: EvidenceFiles, key: BlobKey) -> Derivative:
    """The evidence as a report prints it: upright, at most 1600 pixels long, without metadata. Made once and kept."""
    if not files.blobs.exists(key):
        return Derivative(None, "its bytes have not arrived")
    original = files.blobs.local_path(key)
    target = original.with_name(key.sha256 + _SUFFIX)
    if target.is_file():
        return Derivative(target)
    descriptor, made = tempfile.mkstemp(prefix=f"{key.sha256}.", suffix=".part", dir=original.parent)
    os.close(descriptor)
    unfinished = Path(made)
    try:
        reason = _decode(original, unfinished)
        if reason is not None:
            return Derivative(None, reason)
        unfinished.replace(target)
        if not original.exists():
            # Withdrawn meanwhile; nothing of it stays.
            target.unlink(missing_ok=True)
            return Derivative(None, "it was withdrawn")
        return Derivative(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _decode(original: Path, target: Path) -> str | None:
    """None when it worked, else why not."""
    program = str(Path(__file__).with_name("picture.py"))
    command = [sys.executable, "-I", program, str(original), str(target), str(LONG_EDGE)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False, text=True
        )
    except subprocess.TimeoutExpired:
        return "it takes too long to decode"
    if done.returncode == 0:
        return None
    if done.returncode == 2:
        return done.stdout.strip()[:200]
    return "it cannot be decoded within the limits"
