"""Work that is done after the answer: asked for in the same transaction as what it is about."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id


class Job(Base):
    """One job. Jobs stand outside the walls: the worker serves every workspace, and `args` says which."""

    __tablename__ = "job"
    __table_args__ = (
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state"),
        sa.Index(None, "queue", "state", "run_at"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    queue: Mapped[str] = mapped_column(sa.String(30))
    name: Mapped[str] = mapped_column(sa.String(80))
    args: Mapped[str] = mapped_column(sa.Text)
    dedup: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    """What makes it the same job. Asked for twice, it is done once; asked for after it failed, it is tried again."""
    state: Mapped[str] = mapped_column(sa.String(10))
    run_at: Mapped[int] = mapped_column(sa.BigInteger)
    lease_until: Mapped[int] = mapped_column(sa.BigInteger)
    """A worker that dies leaves its job to the next one, once this has passed."""
    attempt: Mapped[int] = mapped_column(sa.Integer)
    max_attempts: Mapped[int] = mapped_column(sa.Integer)
    error: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[int] = mapped_column(sa.BigInteger)
    ended_at: Mapped[int | None] = mapped_column(sa.BigInteger)
