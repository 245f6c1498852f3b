"""Taking content out of the log, and the register of what was taken out."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.domain.operation import erase_content
from server.storage.tables.audit import Audit
from server.storage.tables.operation import Erasure, LoggedOperation

_LOOKUP = 500


def erase(session: Session, row: LoggedOperation) -> None:
    """Take the content away and leave header, digest and place. Its hash stands for it in everything that is checked."""
    if row.content_sha256 is None:
        row.data, row.content_sha256 = erase_content(row.data)
        session.flush()


def register_erasure(session: Session, audit: Audit, digest: str, *, reason: str, decided_by: str, now: int) -> None:
    """Note the decision in the register, once."""
    if session.get(Erasure, (audit.id, digest)) is None:
        session.add(
            Erasure(
                audit_id=audit.id,
                digest=digest,
                workspace_id=audit.workspace_id,
                reason=reason,
                decided_by=decided_by,
                erased_at=now,
            )
        )
        session.flush()


def registered_erasures(session: Session, audit: Audit, digests: Iterable[str]) -> dict[str, Erasure]:
    """Of these digests those that were erased by decision, with the decision."""
    wanted = sorted(set(digests))
    found: dict[str, Erasure] = {}
    for start in range(0, len(wanted), _LOOKUP):
        some = wanted[start : start + _LOOKUP]
        rows = session.scalars(sa.select(Erasure).where(Erasure.audit_id == audit.id, Erasure.digest.in_(some)))
        found.update({row.digest: row for row in rows})
    return found
