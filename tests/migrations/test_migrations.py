"""Migrations: from nothing to today on both databases, with data in between, and nothing that the tables say is missing."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from flask import Flask

import server.storage.tables
from server.app import create_app
from server.config import Config
from server.database import SERVER, Base, reading, unit_of_work
from server.storage.migrate import (
    MIGRATIONS,
    alembic_config,
    changing_shape,
    current_revision,
    latest_revision,
    migrate,
)
from server.storage.server_state import server_identity
from tests.conftest import close_database
from tests.devices import new_audit, states

assert server.storage.tables is not None


@pytest.fixture
def empty_app(database: str, tmp_path: Path, request: pytest.FixtureRequest):
    """The server over an empty database."""
    url = ""
    if database == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("empty_postgresql")
        url = make()
    app = create_app(Config(data=str(tmp_path), database_url=url, demo="0", worker="0"))
    with app.app_context():
        yield app
        close_database(app)


def revisions() -> list[str]:
    script = ScriptDirectory.from_config(alembic_config(None))
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


def test_an_empty_database_is_brought_to_today(empty_app: Flask):
    with reading(SERVER) as session:
        assert current_revision(session) is None
    migrate()
    with reading(SERVER) as session:
        assert current_revision(session) == latest_revision() == revisions()[-1]


@pytest.mark.slow
def test_the_migrations_lead_to_what_the_tables_say(empty_app: Flask):
    migrate()
    with reading(SERVER) as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_server_keeps_its_epoch_when_it_starts_again(empty_app: Flask):
    migrate()
    with reading(SERVER) as session:
        first = server_identity(session)
    migrate()
    with reading(SERVER) as session:
        assert server_identity(session) == first


def test_every_migration_runs_over_what_was_there_before(empty_app: Flask):
    """One row in every table that has room for one, at each step."""
    for revision in revisions():
        migrate(revision)
        with unit_of_work(SERVER) as session:
            _fill(session.connection())
    migrate()


def _fill(connection: sa.Connection) -> None:
    """A workspace, which everything hangs on, in the shape of that time."""
    shape = sa.MetaData()
    shape.reflect(connection, only=["workspace"])
    if connection.execute(sa.select(sa.func.count()).select_from(shape.tables["workspace"])).scalar() == 0:
        row = {
            "id": "01a208e04665" + "7b81b71d88b509788aa2",
            "kind": "certification_body",
            "name": "x",
            "created_at": 1,
        }
        connection.execute(
            sa.text("INSERT INTO workspace (id, kind, name, created_at) VALUES (:id, :kind, :name, :created_at)"), row
        )


@pytest.mark.slow
def test_a_table_that_others_refer_to_can_be_built_anew(app, database, lena):
    """As SQLite needs it for nearly every change of a table: no row of the log may go with it."""
    device = new_audit(lena)
    device.push()
    with changing_shape() as session:
        operations = Operations(MigrationContext.configure(session.connection()))
        with operations.batch_alter_table("audit", recreate="auto") as table:
            table.add_column(sa.Column("remark", sa.String(10), nullable=False, server_default="none"))
            table.alter_column("title", type_=sa.String(500))
    device.pull()
    assert device.is_safe()
    device.add_finding()
    assert states(device.push()) == ["stored"] * 2


def test_a_migration_that_loses_what_others_refer_to_is_refused(app, database, lena):
    new_audit(lena).push()

    def lose() -> None:
        with changing_shape() as session:
            session.execute(sa.text("DELETE FROM audit_team"))
            session.execute(sa.text("DELETE FROM audit"))

    with pytest.raises((RuntimeError, sa.exc.DBAPIError)):
        lose()


@pytest.mark.slow
def test_a_migration_that_fails_leaves_nothing_behind(empty_app: Flask, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("server.storage.migrate.ensure_server_identity", fail)
    with pytest.raises(RuntimeError):
        migrate()
    monkeypatch.undo()
    with reading(SERVER) as session:
        assert current_revision(session) is None
        assert sa.inspect(session.connection()).get_table_names() == []
    migrate()


def test_what_the_tests_run_on_is_what_the_migrations_make(app, lena):
    assert states(new_audit(lena).push()) == ["stored"] * 3


def test_there_is_one_line_of_migrations():
    script = ScriptDirectory.from_config(alembic_config(None))
    assert len(script.get_heads()) == 1
    assert len(list((MIGRATIONS / "versions").glob("*.py"))) == len(revisions())
