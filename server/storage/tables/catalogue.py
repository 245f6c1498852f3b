"""Catalogues of standards by their hash: those that this server hands out, and those that a tablet had to bring."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, Id


class Catalogue(Base):
    """One edition's clauses in canonical JSON: records name it by the hash over these very bytes."""

    __tablename__ = "catalogue"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    standard: Mapped[str] = mapped_column(sa.String(60))
    tree: Mapped[str] = mapped_column(sa.Text)
    kept_at: Mapped[int] = mapped_column(sa.BigInteger)
    brought_by: Mapped[str | None] = mapped_column(Id)
    """The account that brought it; None where this server hands it out itself."""
