"""The catalogues that tablets were given, by hash. Nothing is ever taken out: a record may name it years later."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.storage.tables.catalogue import ServedCatalogue


def keep_catalogue(session: Session, sha256: str, standard: str, tree: bytes, now: int) -> None:
    """Once; who comes second finds it there."""
    if session.get(ServedCatalogue, sha256) is not None:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"sha256": sha256, "standard": standard, "tree": tree.decode(), "first_served_at": now}
    session.execute(insert(ServedCatalogue).values(values).on_conflict_do_nothing())


def catalogue_of_hash(session: Session, sha256: str) -> dict[str, Any] | None:
    tree = session.scalar(sa.select(ServedCatalogue.tree).where(ServedCatalogue.sha256 == sha256))
    return None if tree is None else json.loads(tree)
