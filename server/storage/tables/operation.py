"""The operation log and the chains in it."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned

REVOKED = "verdict_code = 'account.installation_revoked'"
"""What a blocked tablet sent: it is counted, because there is a limit to it."""


class LoggedOperation(WorkspaceOwned, Base):
    """
    One entry of an audit's log. `data` is the truth, byte for byte; every other column was read from it or added by the server.

    Rows are only ever inserted. The verdict columns repeat the server's last verdict entry, and `dseq` of an entry
    that cannot be read may be learnt from its successor.
    """

    __tablename__ = "operation"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),
        sa.UniqueConstraint("audit_id", "digest"),
        sa.Index(None, "audit_id", "op_id"),
        sa.Index(None, "audit_id", "entity"),
        sa.Index(None, "audit_id", "entity_kind"),
        sa.Index(None, "audit_id", "verdict"),
        sa.Index(
            "ix_operation_revoked",
            "sent_by_installation",
            "sent_by_account",
            sqlite_where=sa.text(REVOKED),
            postgresql_where=sa.text(REVOKED),
        ),
    )

    audit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    seq: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    workspace_id: Mapped[str] = mapped_column(Id)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)
    digest: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))
    """The running hash up to and with this entry."""
    origin: Mapped[str] = mapped_column(sa.String(8))
    received_at: Mapped[int] = mapped_column(sa.BigInteger)
    sent_by_account: Mapped[str] = mapped_column(sa.String(36))
    """Who was signed in, which is not always who the bytes say."""
    sent_by_installation: Mapped[str] = mapped_column(sa.String(36))
    op_id: Mapped[str | None] = mapped_column(Id)
    """None: the envelope cannot be read. So are the next columns."""
    chain_account: Mapped[str | None] = mapped_column(sa.String(36))
    chain_installation: Mapped[str | None] = mapped_column(sa.String(36))
    dseq: Mapped[int | None] = mapped_column(sa.BigInteger)
    is_branch: Mapped[bool] = mapped_column(sa.Boolean)
    """A second entry for a number of its chain, or one that follows on such an entry."""
    kind: Mapped[str | None] = mapped_column(sa.String(10))
    entity_kind: Mapped[str | None] = mapped_column(sa.String(40))
    entity: Mapped[str | None] = mapped_column(sa.String(241))
    field: Mapped[str | None] = mapped_column(sa.String(60))
    verdict: Mapped[str | None] = mapped_column(sa.String(12))
    """None: applied without a word. Else the state in the server's last verdict on it."""
    verdict_code: Mapped[str | None] = mapped_column(sa.String(60))
    verdict_facts: Mapped[str | None] = mapped_column(sa.Text)


class Chain(WorkspaceOwned, Base):
    """How far the server has one chain, how far the device said that it goes, and the device's signature under it."""

    __tablename__ = "chain"
    __table_args__ = (sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),)

    audit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    installation: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    tip_dseq: Mapped[int] = mapped_column(sa.BigInteger)
    tip_digest: Mapped[str] = mapped_column(sa.String(64))
    announced_dseq: Mapped[int] = mapped_column(sa.BigInteger)
    announced_digest: Mapped[str] = mapped_column(sa.String(64))
    head_signature: Mapped[str | None] = mapped_column(sa.String(120))
    """The last one that verifies, or that nobody can verify because no key was enrolled."""
    head_dseq: Mapped[int | None] = mapped_column(sa.BigInteger)
    head_digest: Mapped[str | None] = mapped_column(sa.String(64))
    is_head_verified: Mapped[bool] = mapped_column(sa.Boolean)
    wrong_signature_at: Mapped[int | None] = mapped_column(sa.BigInteger)
    """When a signature last came that does not verify. It refuses nothing, and must not go unseen."""
