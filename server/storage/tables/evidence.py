"""Evidence: bytes that are held and verified, and bytes that are still on their way."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned


class Blob(WorkspaceOwned, Base):
    """
    A file whose whole content was checked against its hash. The row is written last: where it stands, the bytes are.

    One row an audit: a hash that is known from another audit finds nothing here.
    """

    __tablename__ = "blob"
    __table_args__ = (sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),)

    workspace_id: Mapped[str] = mapped_column(Id, primary_key=True)
    audit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    media_type: Mapped[str] = mapped_column(sa.String(100))
    stored_at: Mapped[int] = mapped_column(sa.BigInteger)
    is_backed_up: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    """A whole backup holds row and bytes."""


class OpenedOriginal(WorkspaceOwned, Base):
    """That the server handed out the original of a photo of which something was covered: to whom, and when. Never changed."""

    __tablename__ = "opened_original"
    __table_args__ = (sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    audit_id: Mapped[str] = mapped_column(Id, index=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    account_id: Mapped[str] = mapped_column(Id)
    opened_at: Mapped[int] = mapped_column(sa.BigInteger)
    """Milliseconds since 1970, by the server's clock."""


class Upload(WorkspaceOwned, Base):
    """A file on its way. How far it has come is the size of the file on disk, and is written nowhere else."""

    __tablename__ = "upload"
    __table_args__ = (sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    audit_id: Mapped[str] = mapped_column(Id)
    account_id: Mapped[str] = mapped_column(Id)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    length: Mapped[int] = mapped_column(sa.BigInteger)
    media_type: Mapped[str] = mapped_column(sa.String(100))
    created_at: Mapped[int] = mapped_column(sa.BigInteger)
    completed_at: Mapped[int | None] = mapped_column(sa.BigInteger)
