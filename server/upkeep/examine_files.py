"""
Evidence and reports on the disk against their rows, both ways: every file hashed again, none without a row, no row without a file.

Evidence that has rotted is moved aside: it counts as missing from then on, so whoever has it is asked for it. Where what lies aside turns
out to be whole (it was being copied into its place by hand, or is readable again), it is put back. Nothing else is changed.
"""

import errno
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from server.config import Config
from server.database import SERVER, reading
from server.domain.refusals import Refused
from server.storage import erasures, inspection
from server.storage.blobs import BlobKey, BlobStore, is_intact
from server.storage.disk import has_hash, is_there, sha256_of_parts
from server.storage.evidence_store import EvidenceFiles
from server.storage.inspection import Log

_FAULTS_OF_A_DISK = {errno.EIO, errno.EBADMSG, errno.EUCLEAN}
"""Not of whoever looks: what one account may not read, or a busy machine not open, is no damage."""


def examine_files(config: Config) -> Iterator[str]:
    """Sentences about what is wrong, and with which audit. To be called with an app context."""
    with reading(SERVER) as session:
        every = inspection.logs(session)
    try:
        blobs = EvidenceFiles(config).blobs
        blobs.probe()
        yield from _evidence(blobs, every)
    except Refused as refused:
        yield f"evidence was not looked through to the end: {refused.refusal.sentence}"
    yield from _reports(config.data_folder / "reports", {log.id: log.name for log in every})


def _evidence(blobs: BlobStore, every: list[Log]) -> Iterator[str]:
    for log in every:
        # Files first: what arrives meanwhile is in the store before its row.
        found = set(blobs.held(log.workspace, log.id))
        with reading(SERVER) as session:
            rows = inspection.evidence_rows(session, log.id)
            withdrawn = erasures.withdrawn_files(session, log.id)
        for sha256, size in rows.items():
            if (wrong := _wrong_with(blobs, BlobKey(log.workspace, log.id, sha256), size)) is not None:
                yield f"{log.name}: {wrong}"
        of_log = partial(BlobKey, log.workspace, log.id)
        for sha256 in sorted(sha256 for sha256 in withdrawn if blobs.remains(of_log(sha256))):
            yield f"{log.name}: the file of withdrawn evidence {sha256} is still there. It goes when the server starts again"
        for sha256 in sorted(found - set(rows) - withdrawn):
            yield f"{log.name}: {blobs.place(of_log(sha256))} has no row. Where a tablet sends it again it gets one"
    known = {(log.workspace, log.id) for log in every}
    for workspace, audit, place in blobs.audits():
        if (workspace, audit) not in known:
            yield f"{place} belongs to no audit of this database"


def _wrong_with(blobs: BlobStore, key: BlobKey, size: int) -> str | None:
    try:
        if sha256_of_parts(blobs.chunks(key)) == key.sha256:
            found = blobs.size(key)
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
        is_back = blobs.put_back(key)
    except OSError as problem:
        return (
            f"the bytes of evidence {key.sha256} are gone; they lie aside, whole, and could not be put back ({problem})"
        )
    if is_back:
        return f"the file of evidence {key.sha256} lay aside as damaged and is whole. It was put back"
    return f"the bytes of evidence {key.sha256} are gone"


def _move_aside(blobs: BlobStore, key: BlobKey) -> str:
    """What became of a file that has rotted."""
    try:
        aside = blobs.set_aside(key)
    except OSError as problem:
        if is_intact(blobs, key):
            return "It was brought again while this looked"
        return f"It could not be moved aside ({problem}): do that by hand, so that it counts as missing"
    try:
        if blobs.put_back(key):
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
