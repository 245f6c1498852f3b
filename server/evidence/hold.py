"""What it takes that a file counts as held: its bytes are those of its name, and its row stands, unless it was withdrawn meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from server.database import Scope, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.storage import Session, audits, erasures
from server.storage.blobs import BlobKey, is_intact
from server.storage.evidence_store import EvidenceFiles


def is_whole(files: EvidenceFiles, key: BlobKey) -> bool:
    """Whether the file is there and what its name says: the power may have gone before its row, and disks rot."""
    return is_intact(files.blobs, key)


def refuse_withdrawn(session: Session, key: BlobKey) -> None:
    if erasures.is_withdrawn(session, key.audit, key.sha256):
        raise Refused(Refusal("evidence.withdrawn"))


@contextmanager
def entering(files: EvidenceFiles, key: BlobKey) -> Iterator[Session]:
    """
    The transaction in which a file gets its row. The audit is locked, so that a withdrawal is either seen here or finds the row.

    Raises `Refused` for what was withdrawn meanwhile; its file is gone then.
    """
    try:
        with unit_of_work(Scope(frozenset({key.workspace}))) as session:
            audits.lock_audit(session, key.audit)
            refuse_withdrawn(session, key)
            yield session
    except Refused as refused:
        if refused.refusal.code == "evidence.withdrawn":
            files.blobs.delete(key)
        raise
