"""Catalogues of standards that tablets were given."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class ServedCatalogue(Base):
    """One edition's clauses as they were handed out, in canonical JSON: records name it by the hash over these very bytes."""

    __tablename__ = "served_catalogue"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    standard: Mapped[str] = mapped_column(sa.String(60))
    tree: Mapped[str] = mapped_column(sa.Text)
    first_served_at: Mapped[int] = mapped_column(sa.BigInteger)
