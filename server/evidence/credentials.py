"""
Content credentials (C2PA) of evidence: read once by a program apart, kept beside the file, which stays as it came. See docs/adr/0012.

They say what a camera or a program claims about a file and whether that claim still fits it. They prove nothing that the log does not
prove, and no rule of the audit asks for them.
"""

import json
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, ValidationError

from schemas.chain import CredentialsSchema
from server.evidence.apart import run_apart
from server.evidence.beside import keep_beside, read_beside
from server.evidence.read_credentials import MOST_WRITTEN, RECIPE
from server.storage import Session
from server.storage.blobs import BlobKey
from server.storage.clock import MINUTE, now_ms
from server.storage.disk import has_hash
from server.storage.evidence_store import EvidenceFiles
from server.storage.job_queue import enqueue

JOB = "read_credentials"
PATIENCE = 5 * MINUTE
"""After so long it is asked again: a backup that was put back knows the job as done, and not what it found."""
_KEPT = "credentials.json"
_WAITING = {"state": "waiting"}
_NOT_READ = {"state": "not_read"}
"""The program died or hit a limit: said of the file as it is, by this version of the program."""


def kept_credentials(files: EvidenceFiles, key: BlobKey) -> dict[str, Any]:
    """What is known of them, as `CredentialsSchema` has it; `waiting` while nobody has looked."""
    kept = _kept(files, key)
    return _WAITING if kept is None else kept["found"]


def is_to_be_asked(files: EvidenceFiles, key: BlobKey) -> bool:
    """Whether a job has to be asked for: nobody has looked with this version, and nobody was asked just now."""
    kept = _kept(files, key)
    return kept is None or (kept["found"] == _WAITING and kept["at"] + PATIENCE < now_ms())


def ask_for_credentials(session: Session, files: EvidenceFiles, key: BlobKey) -> None:
    """Have them read by the worker. Two may ask at once: then they are read twice, and the same is found."""
    enqueue(session, JOB, {"workspace": key.workspace, "audit": key.audit, "sha256": key.sha256})
    _keep(files, key, _WAITING)


def read_credentials(files: EvidenceFiles, key: BlobKey) -> None:
    """Read them and keep what was found; nothing where the file has gone, or is not what its name says."""
    with suppress(FileNotFoundError), files.uploads.passing() as folder, files.blobs.local_copy(key) as original:
        if not has_hash(original, key.sha256):
            return
        target = folder / "found.json"
        ended = run_apart("read_credentials.py", [str(original), str(target)])
        if ended is not None and ended.code == 0:
            _keep(files, key, _checked(target))
        elif ended is not None and files.blobs.exists(key):
            _keep(files, key, _NOT_READ)


def _checked(written: Path) -> dict[str, Any]:
    """What a program wrote that hostile bytes may have taken over: of the shape that it should have, or not read."""
    try:
        with written.open("rb") as file:
            said = json.loads(file.read(MOST_WRITTEN + 1))
        found: dict[str, Any] = CredentialsSchema(unknown=EXCLUDE).load(said)
    except (OSError, ValueError, RecursionError, ValidationError):
        return _NOT_READ
    return found


def _kept(files: EvidenceFiles, key: BlobKey) -> dict[str, Any] | None:
    try:
        kept: dict[str, Any] = json.loads(read_beside(files, key, _KEPT) or "null")
        return kept if kept is not None and kept["by"] == _by() else None
    except (ValueError, KeyError, TypeError):
        return None


def _keep(files: EvidenceFiles, key: BlobKey, found: dict[str, Any]) -> None:
    keep_beside(files, key, _KEPT, json.dumps({"found": found, "by": _by(), "at": now_ms()}))


@cache
def _by() -> str:
    try:
        return f"recipe {RECIPE}, c2pa-python {version('c2pa-python')}"
    except PackageNotFoundError:
        return f"recipe {RECIPE}, none"
