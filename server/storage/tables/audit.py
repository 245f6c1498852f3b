"""One row an audit: where its log ends, and what a list shows of it. Everything but the head is derived from the log."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned


class Audit(WorkspaceOwned, Base):
    """
    The row that every write to an audit's log locks.

    `is_held`: a log for operations of an audit that this workspace does not know (yet). It is kept, and shown to nobody.
    Its id is made from the workspace and `audit_id`, so that it never stands in the way of the audit itself.
    """

    __tablename__ = "audit"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("workspace.id"))
    is_held: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    audit_id: Mapped[str] = mapped_column(Id, index=True)
    """The audit's id in its operations. The same as `id`, except for a held log."""
    head_seq: Mapped[int] = mapped_column(sa.Integer, default=0)
    head_hash: Mapped[str] = mapped_column(sa.String(64))
    latest_receipt: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    """The greatest time of receipt in this log, in milliseconds. The next entry's is not below it."""
    backed_up_seq: Mapped[int] = mapped_column(sa.Integer, default=0)
    """Up to which number the last whole backup holds this log; when it was taken stands in `server_state`."""
    restored_seq: Mapped[int | None] = mapped_column(sa.Integer)
    """Where this log ended when a backup was put back the last time; None where that never happened."""
    first_restored_seq: Mapped[int | None] = mapped_column(sa.Integer)
    """Where it ended when one was put back for the first time: what came since may have been judged in a life that is lost."""
    created_at: Mapped[int] = mapped_column(sa.BigInteger)
    created_by: Mapped[str] = mapped_column(Id)
    """Who began this log, and therefore sees the audit in lists. Who leads it follows from the log alone (domain/team.py)."""
    reference: Mapped[str | None] = mapped_column(sa.String(60))
    title: Mapped[str | None] = mapped_column(sa.String(300))
    type: Mapped[str | None] = mapped_column(sa.String(40))
    client_name: Mapped[str | None] = mapped_column(sa.String(300))
    starts_on: Mapped[str | None] = mapped_column(sa.String(10))


class AuditTeam(WorkspaceOwned, Base):
    """Who is in the team of an audit, as the log says. Derived, so that lists need not fold."""

    __tablename__ = "audit_team"
    __table_args__ = (sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),)

    audit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, primary_key=True, index=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    team_role: Mapped[str | None] = mapped_column(sa.String(40))
