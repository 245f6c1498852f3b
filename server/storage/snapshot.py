"""
The whole database as one file, as it stood at one instant, while others go on writing; and back again.

SQLite makes the copy itself (`VACUUM INTO`, one read transaction). PostgreSQL's own programs do it there: `pg_dump` in the very
transaction in which we read what belongs to the copy, and `pg_restore`.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pysqlite3
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.config import Config
from server.database import db
from server.storage.disk import keep_file
from server.storage.health import complaint_about_pages

SQLITE_FILE = "database.sqlite3"
POSTGRESQL_FILE = "database.pgdump"
MOMENT_S = 2
"""For so long a connection that was closed may still be listed."""


class SnapshotFailed(Exception):
    """The database could not be copied or put back. The text is a sentence that says what to do."""


@contextlib.contextmanager
def snapshot(config: Config, target: Path) -> Iterator[Session]:
    """
    Copy the database to `target`, whole and on the disk when this gives its session: one that reads what the copy holds, and nothing
    newer. Raises SnapshotFailed.
    """
    target.unlink(missing_ok=True)
    with _of_sqlite(target) if config.is_sqlite else _of_postgresql(config, target) as session:
        keep_file(target)
        yield session


@contextlib.contextmanager
def _of_sqlite(target: Path) -> Iterator[Session]:
    connection = db.engine.raw_connection()
    try:
        # Not through SQLAlchemy: it would begin a transaction first, and in one SQLite does not copy.
        connection.cursor().execute("VACUUM INTO ?", (str(target),))
    except pysqlite3.Error as problem:
        raise SnapshotFailed(f"The database cannot be copied: {problem}. `auditbook doctor` looks at it.") from problem
    finally:
        connection.close()
    with open_sqlite(target) as session:
        complaint = complaint_about_pages(session)
        if complaint is not None:
            raise SnapshotFailed(f"The database is damaged: {complaint}. Put the last good backup back.")
        yield session


@contextlib.contextmanager
def open_sqlite(path: Path) -> Iterator[Session]:
    """A file of SQLite that no server has open, to read."""
    engine = sa.create_engine(f"sqlite:///{path}", module=pysqlite3.dbapi2, poolclass=sa.NullPool)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


@contextlib.contextmanager
def _of_postgresql(config: Config, target: Path) -> Iterator[Session]:
    program = _program("pg_dump", "a backup of a database on PostgreSQL")
    with Session(db.engine) as session:
        # One transaction that sees what was committed before it, and lends its eyes to pg_dump.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.execute(sa.text("SET TRANSACTION READ ONLY"))
        session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        session.execute(sa.select(sa.func.set_config("auditbook.workspaces", "*", True)))
        name = session.scalar(sa.text("SELECT pg_export_snapshot()"))
        _run(
            config,
            program,
            "--format=custom",
            f"--snapshot={name}",
            "--enable-row-security",
            "--no-owner",
            "--no-privileges",
            f"--file={target}",
        )
        yield session
        session.rollback()


@contextlib.contextmanager
def open_postgresql(config: Config) -> Iterator[Session]:
    """The database that is set, before there is a server. Raises SnapshotFailed."""
    engine = sa.create_engine(config.sqlalchemy_url, poolclass=sa.NullPool)
    try:
        with Session(engine) as session:
            try:
                session.connection()
            except sa.exc.OperationalError as problem:
                raise SnapshotFailed(f"The database cannot be reached: {str(problem.orig).strip()}.") from problem
            session.rollback()
            yield session
    finally:
        engine.dispose()


def is_in_use_elsewhere(session: Session) -> bool:
    """
    Whether anybody else is connected to this database on PostgreSQL: a server or a worker, on whichever machine. Whoever has just gone is
    listed for a moment longer, and within one transaction the list does not change.
    """
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    until = time.monotonic() + MOMENT_S
    while session.scalar(others):
        session.rollback()
        if time.monotonic() > until:
            return True
        time.sleep(0.05)
    return False


def is_empty(session: Session) -> bool:
    """Whether no table stands in the database on PostgreSQL."""
    tables = sa.text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
    return not session.scalar(tables)


def put_back_postgresql(config: Config, source: Path) -> None:
    """Into an empty database, in one transaction. Raises SnapshotFailed."""
    program = _program("pg_restore", "putting back a database on PostgreSQL")
    _run(
        config,
        program,
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        str(source),
    )


def _program(name: str, what_for: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SnapshotFailed(
            f"{name} is needed for {what_for} and is not installed. Install the client programs of PostgreSQL"
            " (Debian: postgresql-client), at least as new as the server."
        )
    return found


def _run(config: Config, program: str, *arguments: str) -> None:
    url = sa.make_url(config.sqlalchemy_url)
    # As PostgreSQL's own programs understand it. The password is for no list of processes.
    address = url.set(drivername="postgresql")._replace(password=None).render_as_string()
    # As a setting of the session, so that row-level security lets all of it through.
    environment = {**os.environ, "PGOPTIONS": "-c auditbook.workspaces=*"}
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    command = [program, f"--dbname={address}", *arguments]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = "; ".join(done.stderr.strip().splitlines()[:4]) or f"it ended with {done.returncode}"
        raise SnapshotFailed(f"{Path(program).name} did not work: {said}")
