"""Reports: asked for, made, and where each stands."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned

_HAS_ITS_NUMBER = sa.text("state <> 'failed' OR made_at IS NOT NULL")


class Report(WorkspaceOwned, Base):
    """One sealed report record as a PDF. The file lies in the data folder under the row's id; `pdf_sha256` says which bytes."""

    __tablename__ = "report"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),
        sa.UniqueConstraint("audit_id", "report_record"),
        sa.CheckConstraint("state IN ('waiting', 'made', 'failed')", name="state"),
        # One that failed leaves its number free; one that was ever made keeps it.
        sa.Index(
            "ix_report_audit_id_revision",
            "audit_id",
            "revision",
            unique=True,
            sqlite_where=_HAS_ITS_NUMBER,
            postgresql_where=_HAS_ITS_NUMBER,
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    audit_id: Mapped[str] = mapped_column(Id)
    report_record: Mapped[str] = mapped_column(sa.String(200))
    revision: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str] = mapped_column(sa.String(10))
    is_provisional: Mapped[bool] = mapped_column(sa.Boolean)
    requested_by: Mapped[str] = mapped_column(Id)
    requested_at: Mapped[int] = mapped_column(sa.BigInteger)
    made_at: Mapped[int | None] = mapped_column(sa.BigInteger)
    pdf_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    file_name: Mapped[str | None] = mapped_column(sa.String(200))
    pages: Mapped[int | None] = mapped_column(sa.Integer)
    error: Mapped[str | None] = mapped_column(sa.Text)
    """JSON of the refusal, with its code and facts, when the state is `failed`."""
