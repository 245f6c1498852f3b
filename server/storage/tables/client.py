"""The office's records: audit clients with their sites, and what a workspace has decided for itself."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned


class AuditClient(WorkspaceOwned, Base):
    """An organization that is audited. What it is lies in `content`, as the wire shows it."""

    __tablename__ = "audit_client"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("workspace.id"), index=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    name: Mapped[str] = mapped_column(sa.String(300))
    content: Mapped[str] = mapped_column(sa.Text)
    """JSON as text: no database may rewrite it."""
    changed_at: Mapped[int] = mapped_column(sa.BigInteger)


class WorkspaceSettings(WorkspaceOwned, Base):
    """What a workspace has decided for itself. A workspace without a row has decided nothing yet: version 0."""

    __tablename__ = "workspace_settings"

    workspace_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("workspace.id"), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    content: Mapped[str] = mapped_column(sa.Text)
    changed_at: Mapped[int] = mapped_column(sa.BigInteger)
