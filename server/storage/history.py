"""Who changed which of the office's records: one row for each saved change, never altered."""

from sqlalchemy.orm import Session

from server.storage.identifiers import new_id
from server.storage.tables.history import Change


def record_change(
    session: Session,
    *,
    workspace: str,
    noun: str,
    row_id: str,
    version: int,
    changed_by: str | None,
    before: str | None,
    after: str | None,
    now: int,
) -> None:
    """In the transaction of the change itself. `before` and `after` are JSON as text."""
    session.add(
        Change(
            id=new_id(),
            workspace_id=workspace,
            noun=noun,
            row_id=row_id,
            version=version,
            changed_at=now,
            changed_by=changed_by,
            before=before,
            after=after,
        )
    )
    session.flush()
