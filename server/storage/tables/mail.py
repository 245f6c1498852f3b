"""Every mail that was ever to be sent, and what became of it."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id


class Mail(Base):
    """
    One mail. `queued_at` is its date, and `message_id` is fixed before the first attempt: a repeated delivery is the same mail.

    Mails of accounts (a new password) belong to no workspace, so this table cannot be `WorkspaceOwned`:
    storage/mailbox.py names the workspace in every list.
    """

    __tablename__ = "mail"
    __table_args__ = (sa.CheckConstraint("state IN ('waiting', 'sent', 'written', 'failed')", name="state"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    workspace_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("workspace.id"), index=True)
    message_id: Mapped[str | None] = mapped_column(sa.String(400), unique=True)
    recipient: Mapped[str] = mapped_column(sa.String(320))
    subject: Mapped[str] = mapped_column(sa.String(998))
    body: Mapped[str] = mapped_column(sa.Text)
    holds_code: Mapped[bool] = mapped_column(sa.Boolean)
    """The body carries a code that opens something: it is emptied as soon as the mail is out of the house."""
    report_id: Mapped[str | None] = mapped_column(Id, index=True)
    """The report that goes along."""
    state: Mapped[str] = mapped_column(sa.String(10))
    attempts: Mapped[int] = mapped_column(sa.Integer)
    queued_at: Mapped[int] = mapped_column(sa.BigInteger)
    attempted_at: Mapped[int | None] = mapped_column(sa.BigInteger)
    """When the last attempt began."""
    next_attempt_at: Mapped[int | None] = mapped_column(sa.BigInteger)
    last_error: Mapped[str | None] = mapped_column(sa.String(2000))
    sent_at: Mapped[int | None] = mapped_column(sa.BigInteger)
