"""What this server is: one row."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id


class ServerState(Base):
    """
    `epoch` changes when a backup is restored; `installation` is the server's own name in the chains that it writes;
    `backed_up_at` is when the snapshot of the last whole backup was taken.
    """

    __tablename__ = "server_state"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    epoch: Mapped[str] = mapped_column(Id)
    installation: Mapped[str] = mapped_column(Id)
    asked_version: Mapped[str | None] = mapped_column(sa.String(40))
    """The version of the server that last asked again what an older one could not read."""
    former: Mapped[str] = mapped_column(sa.Text, default="[]")
    """By which names it has written before restores, as JSON: the words under them may be lost."""
    backed_up_at: Mapped[int | None] = mapped_column(sa.BigInteger)
    log_key: Mapped[str | None] = mapped_column(sa.String(64))
    """The name of the key with which it signs in this epoch; None where it has not been served in it yet."""
