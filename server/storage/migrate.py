"""Bring the database to the shape that this version needs. Several processes may start at once: one does it, the others wait."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from server.database import SERVER, db, unit_of_work
from server.storage.server_state import ensure_server_identity

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x41554449
"""Key of the advisory lock on PostgreSQL; on SQLite the writer's lock is enough."""


def migrate(to: str = "head") -> None:
    """Run what is missing, in one transaction, and give a new server its epoch. To be called with an app context, before serving."""
    with changing_shape() as session:
        command.upgrade(alembic_config(session.connection()), to)
        if to == "head":
            ensure_server_identity(session)


@contextlib.contextmanager
def changing_shape() -> Iterator[Session]:
    """
    One transaction in which tables may change.

    SQLite changes a table by building it anew and dropping the old one, which with foreign keys on would take the rows along
    that refer to it. They can be switched off outside of a transaction only, and are checked as a whole before the end.
    """
    try:
        with unit_of_work(SERVER) as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                yield session
                return
            connection = session.connection()
            for statement in ("ROLLBACK", "PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE"):
                connection.exec_driver_sql(statement)
            yield session
            session.flush()
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                raise RuntimeError(f"The migration leaves rows behind that refer to nothing: {broken[:5]}")
    finally:
        db.engine.dispose()  # Connections of after this have foreign keys on again.


def current_revision(session: Session) -> str | None:
    """Where the database stands; None for an empty one."""
    return MigrationContext.configure(session.connection()).get_current_revision()


def latest_revision() -> str | None:
    """Where this version wants it to stand."""
    return ScriptDirectory.from_config(alembic_config(None)).get_current_head()


def alembic_config(connection: sa.Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(rev)s_%%(slug)s"
    )
    config.attributes["connection"] = connection
    return config
