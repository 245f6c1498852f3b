"""
Evidence and reports on the disk against their rows, both ways: every file hashed again, none without a row, no row without a file.

Evidence that has rotted is moved aside: it counts as missing from then on, so whoever has it is asked for it. Where what lies aside turns
out to be whole (it was being copied into its place by hand, or is readable again), it is put back. Nothing else is changed.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from server.config import Config
from server.database import SERVER, reading
from server.storage import erasures, inspection
from server.storage.disk import has_hash, is_there, sha256_of
from server.storage.evidence_store import BlobKey, BlobStore, EvidenceFiles
from server.storage.inspection import Log

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FAULTS_OF_A_DISK = {errno.EIO, errno.EBADMSG, errno.EUCLEAN}
"""Not of whoever looks: what one account may not read, or a busy machine not open, is no damage."""


def examine_files(config: Config) -> Iterator[str]:
    """Sentences about what is wrong, and with which audit. To be called with an app context."""
    with reading(SERVER) as session:
        every = inspection.logs(session)
    yield from _evidence(config.data_folder / "evidence", EvidenceFiles(config.data_folder).blobs, every)
    yield from _reports(config.data_folder / "reports", {log.id: log.name for log in every})


def _evidence(folder: Path, blobs: BlobStore, every: list[Log]) -> Iterator[str]:
    places = {folder / log.workspace / log.id: log for log in every}
    for place, log in places.items():
        # Files first: what arrives meanwhile is on the disk before its row.
        found = {path.name for path in place.glob("*") if _SHA256.fullmatch(path.name)} if place.is_dir() else set()
        with reading(SERVER) as session:
            rows = inspection.evidence_rows(session, log.id)
            withdrawn = erasures.withdrawn_files(session, log.id)
        for sha256, size in rows.items():
            if (wrong := _wrong_with(blobs, BlobKey(log.workspace, log.id, sha256), size)) is not None:
                yield f"{log.name}: {wrong}"
        for sha256 in sorted(sha256 for sha256 in withdrawn if any(place.rglob(f"{sha256}*"))):
            yield f"{log.name}: the file of withdrawn evidence {sha256} is still there. It goes when the server starts again"
        for sha256 in sorted(found - set(rows) - withdrawn):
            yield f"{log.name}: {place / sha256} has no row. Where a tablet sends it again it gets one"
    for place in sorted(folder.glob("*/*")):
        if place not in places and any(place.iterdir()):
            yield f"{place} belongs to no audit of this database"


def _wrong_with(blobs: BlobStore, key: BlobKey, size: int) -> str | None:
    path = blobs.local_path(key)
    try:
        if sha256_of(path) == key.sha256:
            found = path.stat().st_size
            return None if found == size else f"evidence {key.sha256} has {found} bytes, and its row says {size}"
    except FileNotFoundError:
        return _where_gone(blobs, key)
    except OSError as problem:
        wrong = f"the file of evidence {key.sha256} cannot be read ({problem.strerror})"
        if problem.errno not in _FAULTS_OF_A_DISK:
            return f"{wrong}: let this account read it, and look again"
        return f"{wrong}. {_move_aside(blobs, key)}"
    return f"the file of evidence {key.sha256} is not what it was: it has another hash. {_move_aside(blobs, key)}"


def _where_gone(blobs: BlobStore, key: BlobKey) -> str:
    try:
        is_back = _put_back(blobs, key)
    except OSError as problem:
        return (
            f"the bytes of evidence {key.sha256} are gone; they lie aside, whole, and could not be put back ({problem})"
        )
    if is_back:
        return f"the file of evidence {key.sha256} lay aside as damaged and is whole. It was put back"
    return f"the bytes of evidence {key.sha256} are gone"


def _put_back(blobs: BlobStore, key: BlobKey) -> bool:
    """Whether one of the files that were moved aside is whole after all, and in its place again. Raises OSError where it cannot be."""
    for aside in blobs.aside(key):
        if has_hash(aside, key.sha256):
            # Somebody else may have just put it back, or cleared it up behind the right one.
            with suppress(FileNotFoundError):
                blobs.put(key, aside)
            if has_hash(blobs.local_path(key), key.sha256):
                return True
    return False


def _move_aside(blobs: BlobStore, key: BlobKey) -> str:
    """What became of a file that has rotted."""
    try:
        aside = blobs.set_aside(key)
    except OSError as problem:
        if has_hash(blobs.local_path(key), key.sha256):
            return "It was brought again while this looked"
        return f"It could not be moved aside ({problem}): do that by hand, so that it counts as missing"
    try:
        if _put_back(blobs, key):
            return "It was brought again while this looked"
    except OSError as problem:
        return f"It was moved aside to {aside}, and a whole one that lies there could not be put back ({problem})"
    return (
        f"It was moved aside to {aside} and counts as missing: a tablet that still has it sends it again when it next asks, and a backup"
        " that is put back or `auditbook import` of a file with it brings it"
    )


def _reports(folder: Path, names: dict[str, str]) -> Iterator[str]:
    found = {path.stem for path in folder.glob("*.pdf")}
    with reading(SERVER) as session:
        rows = inspection.report_rows(session)
    for report, audit, sha256 in rows:
        path = folder / f"{report}.pdf"
        if sha256 is None:
            continue
        if not is_there(path):
            yield f"{names[audit]}: the PDF of report {report} is gone"
        elif not has_hash(path, sha256) and not _was_made_anew(report, sha256):
            yield f"{names[audit]}: the PDF of report {report} is not the one that was made: it has another hash, or cannot be read"
    for report in sorted(found - {report for report, _, _ in rows}):
        yield f"{folder / report}.pdf has no row: no report of this database is called so"


def _was_made_anew(report: str, sha256: str) -> bool:
    """While this looked: the row names other bytes by now."""
    with reading(SERVER) as session:
        return any(row[0] == report and row[2] != sha256 for row in inspection.report_rows(session))
