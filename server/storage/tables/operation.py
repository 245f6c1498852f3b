"""The operation log and the chains in it."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id, WorkspaceOwned

REVOKED = "verdict_code = 'account.installation_revoked'"
"""What a blocked tablet sent: it is counted, because there is a limit to it."""

ISSUED = "kind = 'issuance'"
"""Which reports went out: looked for at every start, in every log."""


class LoggedOperation(WorkspaceOwned, Base):
    """
    One entry of an audit's log. `data` is the truth, byte for byte; every other column was read from it or added by the server.

    Rows are only ever inserted. The verdict columns and `since` repeat the server's last verdict entry, `dseq` of an entry that cannot be
    read may be learnt from its successor, `sent_by` becomes the author once the author has sent it too, and of an entry whose
    content is erased the header stays (`content_sha256` is then the hash of what stood there).
    """

    __tablename__ = "operation"
    __table_args__ = (
        sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),
        sa.UniqueConstraint("audit_id", "digest"),
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
        sa.Index("ix_operation_issued", "audit_id", sqlite_where=sa.text(ISSUED), postgresql_where=sa.text(ISSUED)),
    )

    audit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    seq: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    workspace_id: Mapped[str] = mapped_column(Id)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)
    content_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    digest: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))
    """The running hash up to and with this entry."""
    origin: Mapped[str] = mapped_column(sa.String(8))
    received_at: Mapped[int] = mapped_column(sa.BigInteger)
    sent_by_account: Mapped[str] = mapped_column(sa.String(36))
    """Who was signed in, which is not always who the bytes say."""
    sent_by_installation: Mapped[str] = mapped_column(sa.String(36))
    chain_account: Mapped[str | None] = mapped_column(sa.String(36))
    """None: the envelope cannot be read. So are the next columns."""
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
    since: Mapped[int | None] = mapped_column(sa.BigInteger)
    """From when on it counts, where the last verdict says that it does. Without a word it counts from when it was received."""
    is_of_old_log: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    """It stands in the log from before the last restore, as that was handed back. What came since, and does not, is younger."""


class Chain(WorkspaceOwned, Base):
    """How far the server has one chain, and how far the device said that it goes."""

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
    wrong_signature_at: Mapped[int | None] = mapped_column(sa.BigInteger)
    """When a signature last came that does not verify. It refuses nothing, and must not go unseen."""


class ChainHead(WorkspaceOwned, Base):
    """
    What a device signed about its chain, once a batch. Every one is kept: a seal is covered by the first that reaches as far.
    """

    __tablename__ = "chain_head"
    __table_args__ = (sa.ForeignKeyConstraint(["workspace_id", "audit_id"], ["audit.workspace_id", "audit.id"]),)

    audit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    installation: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    account: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    dseq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id)
    signature: Mapped[str] = mapped_column(sa.String(120))
    key_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    """The enrolled key that verified it; None where no key was enrolled, so that nobody can say."""
    received_at: Mapped[int] = mapped_column(sa.BigInteger)


class Erasure(WorkspaceOwned, Base):
    """
    The register of erasures: what was taken out of the log, by whose decision, when and why. A server that is restored from a
    backup erases it again before it serves, and content that comes back from a tablet is not taken in.

    No foreign key: the register must stand beside a backup that is older than the audit.
    """

    __tablename__ = "erasure"

    audit_id: Mapped[str] = mapped_column(Id, primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("workspace.id"))
    reason: Mapped[str] = mapped_column(sa.String(2000))
    decided_by: Mapped[str] = mapped_column(Id)
    erased_at: Mapped[int] = mapped_column(sa.BigInteger)
    record: Mapped[str | None] = mapped_column(sa.Text)
    """Of a sealed record, as JSON, its hash and the number that it gave to each finding."""
    evidence_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    """Of the birth of evidence the hash of its file, which goes too, and which the audit never takes in again."""
    member: Mapped[str | None] = mapped_column(sa.String(36))
    """Of the birth of an entry in the team whose account it named: that person's tablet still has to hear what goes (server/sync/left.py)."""
