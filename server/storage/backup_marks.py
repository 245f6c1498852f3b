"""
What a backup has to bring along besides the database, and what the server remembers of it afterwards.

Reading is done with the session of the snapshot, marking in the living database: only what the snapshot holds is ever marked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.storage.blobs import BlobKey
from server.storage.tables.audit import Audit
from server.storage.tables.evidence import Blob
from server.storage.tables.operation import LoggedOperation
from server.storage.tables.report import Report
from server.storage.tables.server import ServerState

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that a row of the database speaks of: where it lies in the data folder, and what it has to hash to."""

    name: str
    sha256: str


def evidence_name(key: BlobKey) -> str:
    return f"evidence/{key.workspace}/{key.audit}/{key.sha256}"


def evidence_key(name: str) -> BlobKey | None:
    """The other way round; None for what is no evidence."""
    match name.split("/"):
        case ["evidence", workspace, audit, sha256]:
            return BlobKey(workspace, audit, sha256)
    return None


def kept_files(session: Session) -> Iterator[KeptFile]:
    """Evidence, audit by audit, then the reports. Read in parts."""
    blobs = sa.select(Blob.workspace_id, Blob.audit_id, Blob.sha256)
    ordered = blobs.order_by(Blob.workspace_id, Blob.audit_id, Blob.sha256).execution_options(yield_per=_AT_ONCE)
    for row in session.execute(ordered):
        yield KeptFile(evidence_name(BlobKey(row.workspace_id, row.audit_id, row.sha256)), row.sha256)
    reports = sa.select(Report.id, Report.pdf_sha256).where(Report.pdf_sha256.is_not(None)).order_by(Report.id)
    for report, pdf_sha256 in session.execute(reports.execution_options(yield_per=_AT_ONCE)):
        yield KeptFile(f"reports/{report}.pdf", pdf_sha256 or "")


def heads(session: Session) -> dict[str, int]:
    """How far each log goes."""
    return {row.id: row.head_seq for row in session.execute(sa.select(Audit.id, Audit.head_seq))}


def count_entries(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(LoggedOperation)) or 0


def newest_entry_at(session: Session) -> int | None:
    """When the newest entry of all logs was received, in milliseconds."""
    return session.scalar(sa.select(sa.func.max(Audit.latest_receipt)).where(Audit.head_seq > 0))


def newest_entry_of_any_shape(session: Session) -> int | None:
    """The same of a database that may be of another version, or of no version at all."""
    try:
        return newest_entry_at(session)
    except sa.exc.DatabaseError:
        return None


def mark_logs(session: Session, held: Mapping[str, int], at: int) -> None:
    """A whole backup, whose snapshot was taken at `at`, holds these logs up to these numbers."""
    for audit, seq in sorted(held.items()):
        session.execute(
            sa.update(Audit)
            .where(Audit.id == audit, Audit.head_seq >= seq, Audit.backed_up_seq < seq)
            .values(backed_up_seq=seq)
        )
    session.execute(sa.update(ServerState).values(backed_up_at=at))


def mark_evidence(session: Session, keys: Iterable[BlobKey], *, is_held: bool) -> None:
    """The newest whole backup holds these files and their rows; or has looked for them, and lacks them."""
    for (workspace, audit), some in groupby(keys, key=lambda key: (key.workspace, key.audit)):
        session.execute(
            sa.update(Blob)
            .where(
                Blob.workspace_id == workspace,
                Blob.audit_id == audit,
                Blob.sha256.in_([key.sha256 for key in some]),
                Blob.is_backed_up.is_not(is_held),
            )
            .values(is_backed_up=is_held)
        )
