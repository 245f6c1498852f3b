"""Catalogues of standards, by hash. Nothing is ever taken out: a record may name one years later."""

import json
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.storage.tables.catalogue import Catalogue


def keep_catalogue(
    session: Session, sha256: str, standard: str, tree: bytes, now: int, *, brought_by: str | None = None
) -> None:
    """Once. What a tablet had brought and the server hands out later is the server's own from then on, and not the other way."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "sha256": sha256,
        "standard": standard,
        "tree": tree.decode(),
        "kept_at": now,
        "brought_by": brought_by,
    }
    statement = insert(Catalogue).values(values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["sha256"], set_={"brought_by": None})
        if brought_by is None
        else statement.on_conflict_do_nothing()
    )


def catalogue_of_hash(session: Session, sha256: str) -> tuple[dict[str, Any], bool] | None:
    """The tree, and whether a tablet had to bring it."""
    row = session.get(Catalogue, sha256)
    return None if row is None else (json.loads(row.tree), row.brought_by is not None)
