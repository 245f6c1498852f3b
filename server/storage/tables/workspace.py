"""Workspaces: the wall of data."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id


class Workspace(Base):
    """A certification body's or an audit client's. Nothing crosses from one to another."""

    __tablename__ = "workspace"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(300))
    created_at: Mapped[int] = mapped_column(sa.BigInteger)
