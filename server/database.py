"""
Engines and transactions: one way in to write, one way in to read, both inside the wall of workspaces.

SQLite is the bundled current one (pysqlite3): versions before 3.51.3 can corrupt a write-ahead log that several processes reset.
Its single writer queues at a lock of ours, because SQLite's own busy handler is unfair by up to seconds.
"""

import contextlib
import fcntl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysqlite3
import sqlalchemy as sa
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria

from server.config import Config
from server.domain.refusals import Refusal, Refused

LEAST_SQLITE = (3, 51, 3)


class Base(DeclarativeBase):
    """Every table. Names of constraints are fixed, so that migrations can name them on both databases."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Id = sa.Uuid(as_uuid=False)
"""An id as its canonical text in Python; a native uuid on PostgreSQL."""


class WorkspaceOwned:
    """A row behind the wall. Reads through the ORM are narrowed to the scope; PostgreSQL refuses the rest as well."""

    workspace_id: Mapped[str] = mapped_column(Id, index=True, nullable=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """The workspaces that a transaction may see and write. `None` is the server itself: worker, sign-in, command line."""

    workspaces: frozenset[str] | None

    @property
    def setting(self) -> str:
        return "*" if self.workspaces is None else ",".join(sorted(self.workspaces))


SERVER = Scope(None)

db = SQLAlchemy(model_class=Base)
_thread_lock = threading.Lock()


def init_database(app: Flask, config: Config) -> None:
    """Bind the engine to the app. Raises RuntimeError when the bundled SQLite is too old to be safe."""
    app.config["SQLALCHEMY_DATABASE_URI"] = config.sqlalchemy_url
    if config.is_sqlite:
        if pysqlite3.sqlite_version_info < LEAST_SQLITE:
            raise RuntimeError(f"SQLite {pysqlite3.sqlite_version} is older than 3.51.3 and can corrupt its log.")
        Path(config.sqlalchemy_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
            "module": pysqlite3.dbapi2,
            "connect_args": {"timeout": 30, "check_same_thread": False},
        }
    else:
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}
    db.init_app(app)
    with app.app_context():
        if config.is_sqlite:
            event.listen(db.engine, "connect", _prepare_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)
    app.extensions["auditbook_writer_lock"] = config.data_folder / "writer.lock" if config.is_sqlite else None


def decision_register_path() -> Path:
    """Where the register of decisions stands: outside the database, so that a backup that is put back does not shorten it."""
    return current_config().decision_register_path


def current_config() -> Config:
    """The settings of the server whose context this is."""
    config: Config = current_app.config["AUDITBOOK"]
    return config


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A deferred BEGIN that turns into a write fails at once when another one wrote meanwhile; IMMEDIATE waits instead.
    is_reader = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")


@contextlib.contextmanager
def unit_of_work(scope: Scope) -> Iterator[Session]:
    """One transaction that may write. Committed at the end, rolled back by any exception. Only then is anything answered."""
    with _writer_lock(), Session(db.engine, expire_on_commit=False, info={"scope": scope}) as session:
        try:
            with session.begin():
                _set_scope(session, scope)
                yield session
        except sa.exc.OperationalError as problem:
            # A lock that was not given in time, a deadlock, a full disk: nothing was written, and the sender tries again.
            raise Refused(Refusal("server.full" if _is_for_want_of_room(problem) else "server.busy")) from problem


def _is_for_want_of_room(problem: sa.exc.OperationalError) -> bool:
    """Whether SQLite or PostgreSQL (SQLSTATE 53100, disk_full) found no room to write."""
    return getattr(problem.orig, "sqlstate", None) == "53100" or str(problem.orig) == "database or disk is full"


@contextlib.contextmanager
def reading(scope: Scope, *, is_steady: bool = False) -> Iterator[Session]:
    """
    One transaction that only reads; it never waits for a writer. A steady one sees the same instant in every statement, as SQLite's
    always do.
    """
    with Session(db.engine, expire_on_commit=False, info={"scope": scope}) as session, session.begin():
        options: dict[str, Any] = {"readonly": True}
        if is_steady and db.engine.dialect.name == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"
        session.connection(execution_options=options)
        _set_scope(session, scope)
        yield session
        session.rollback()


@contextlib.contextmanager
def _writer_lock() -> Iterator[None]:
    """SQLite has one writer: threads queue here, and so do other processes (the command line) by a lock on a file."""
    path: Path | None = current_app.extensions["auditbook_writer_lock"]
    if path is None:
        yield
        return
    with _thread_lock, path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _set_scope(session: Session, scope: Scope) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.set_config("auditbook.workspaces", scope.setting, True)))


@event.listens_for(Session, "do_orm_execute")
def _narrow_to_scope(state: ORMExecuteState) -> None:
    scope: Scope | None = state.session.info.get("scope")
    if scope is None or scope.workspaces is None or state.is_column_load or state.is_relationship_load:
        return
    visible = sorted(scope.workspaces)
    state.statement = state.statement.options(
        with_loader_criteria(
            WorkspaceOwned,
            lambda table: table.workspace_id.in_(visible),
            include_aliases=True,
            track_closure_variables=True,
        )
    )
