"""Who changed which row of the office's records, when, and from what to what."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned


class Change(WorkspaceOwned, Base):
    """One saved change. `before` is None for the first; both are JSON as text."""

    __tablename__ = "history"
    __table_args__ = (sa.Index(None, "workspace_id", "noun", "row_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("workspace.id"))
    noun: Mapped[str] = mapped_column(sa.String(40))
    row_id: Mapped[str] = mapped_column(Id)
    version: Mapped[int] = mapped_column(sa.Integer)
    changed_at: Mapped[int] = mapped_column(sa.BigInteger)
    changed_by: Mapped[str | None] = mapped_column(Id)
    """The account; None for the server itself."""
    before: Mapped[str | None] = mapped_column(sa.Text)
    after: Mapped[str | None] = mapped_column(sa.Text)
