"""
From SQLite to PostgreSQL: every row of a copy of the one, as it is, into an empty database of the other.

The tables are made by the migrations, so that walls and indexes are those of PostgreSQL; both must be of one shape.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from sqlalchemy.orm import Session

import server.storage.tables  # noqa: F401  registers every table
from server.config import Config
from server.database import SERVER, Base
from server.storage.migrate import alembic_config, current_revision, latest_revision
from server.storage.snapshot import SnapshotFailed, open_postgresql, open_sqlite

_AT_ONCE = 500
"""Rows in one statement."""


def move_into_postgresql(config: Config, source: Path) -> None:
    """`source`: a file of SQLite that nobody writes to. All of it in one transaction, or nothing. Raises SnapshotFailed."""
    with open_sqlite(source) as old:
        if current_revision(old) != latest_revision():
            raise SnapshotFailed(
                "The backup has the tables of another version of Auditbook. Start this version over SQLite once, take another backup, and"
                " put that one into PostgreSQL."
            )
        try:
            with open_postgresql(config) as new, new.begin():
                # Past the walls between workspaces, for this transaction.
                new.execute(sa.select(sa.func.set_config("auditbook.workspaces", SERVER.setting, True)))
                command.upgrade(alembic_config(new.connection()), "head")
                for table in Base.metadata.sorted_tables:
                    _copy(table, old, new)
        except sa.exc.DBAPIError as problem:
            raise SnapshotFailed(f"PostgreSQL did not take the rows: {problem.orig}") from problem


def _copy(table: sa.Table, old: Session, new: Session) -> None:
    rows = old.execute(sa.select(table).execution_options(yield_per=_AT_ONCE))
    for some in rows.mappings().partitions(_AT_ONCE):
        new.execute(sa.insert(table), [dict(row) for row in some])
