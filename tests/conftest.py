"""
Nets that are always on, the two databases, and a standing cast of people.

No test reaches anything but this machine. `database` runs a test on SQLite and again on PostgreSQL; the latter are marked `slow`.
"""

import gc
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives import serialization
from flask import Flask
from hypothesis import HealthCheck, settings

from server.config import Config
from server.identity import passwords
from tests.objects import Objects, own_objects
from tests.people import Cast, Person
from tests.postgresql import Databases, own_server
from tests.stage import Stage

# No test is timed, neither one by one nor together: the machine may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SERVED_HASHER, SERVED_NOBODY = passwords._HASHER, passwords._NOBODY

# Files of tests lie in memory where there is room, so that no commit waits for a disk. A process that is killed loses nothing
# there that it would not lose on a disk; the server's own settings stay as they are.
_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: that nobody looks through them for garbage again and again saves a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


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


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """A hash is meant to take long, and most tests only want a password that is right."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", hasher)
        patch.setattr(passwords, "_NOBODY", hasher.hash("nobody has this password"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _keys_proven_once() -> Iterator[None]:
    """
    OpenSSL proves an RSA key whenever it is loaded, in a tenth of a second or more, and pyHanko loads it three times for a
    signature. Here the same bytes are the same key: one that was read, and cannot be changed.
    """
    with pytest.MonkeyPatch.context() as patch:
        for load in (serialization.load_der_private_key, serialization.load_pem_private_key):
            patch.setattr(serialization, load.__name__, cache(load))
        yield


@pytest.fixture
def passwords_as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test of what a password costs whoever guesses it: hashes as a server makes them."""
    monkeypatch.setattr(passwords, "_HASHER", SERVED_HASHER)
    monkeypatch.setattr(passwords, "_NOBODY", SERVED_NOBODY)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A server of our own, or the one that AUDITBOOK_TEST_DATABASE_URL names (a role that may create roles and databases)."""
    if given := os.environ.get("AUDITBOOK_TEST_DATABASE_URL"):
        yield given
        return
    with own_server(parent=os.environ.get("PYTEST_DEBUG_TEMPROOT")) as address:
        yield address


@pytest.fixture(scope="session")
def postgresql(postgresql_url: str) -> Iterator[Databases]:
    databases = Databases(postgresql_url)
    yield databases
    databases.drop_all()


@pytest.fixture(scope="session")
def empty_postgresql(postgresql: Databases) -> Callable[[], str]:
    """Makes a database with nothing in it."""
    return postgresql.make


@pytest.fixture(scope="session")
def sqlite_stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    def make_database(data: Path, template: Config | None) -> Config:
        data.mkdir()
        if template:
            shutil.copyfile(template.data_folder / "auditbook.sqlite3", data / "auditbook.sqlite3")
        return Config(data=str(data), demo="0", worker="0")

    return Stage(tmp_path_factory.mktemp("sqlite"), make_database)


@pytest.fixture(scope="session")
def postgresql_stage(postgresql: Databases, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    def make_database(data: Path, template: Config | None) -> Config:
        data.mkdir()
        url = postgresql.make(template.database_url if template else "")
        return Config(data=str(data), database_url=url, demo="0", worker="0")

    return Stage(tmp_path_factory.mktemp("postgresql"), make_database)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> str:
    """The database under test. Ask for it in a test that must hold on both."""
    return str(request.param)


@pytest.fixture
def stage(request: pytest.FixtureRequest, sqlite_stage: Stage) -> Stage:
    """On SQLite, unless the test asks for `database`."""
    chosen = request.getfixturevalue("database") if "database" in request.fixturenames else "sqlite"
    return sqlite_stage if chosen == "sqlite" else request.getfixturevalue("postgresql_stage")


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    """A server for S3, one for all tests that want it."""
    with own_objects(tmp_path_factory.mktemp("objects")) as objects:
        yield objects


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest) -> str:
    """Where evidence lies. Ask for it in a test that must hold on both."""
    return str(request.param)


@pytest.fixture
def config(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[Config]:
    """Settings over a fresh database in today's shape, and over an empty store."""
    config = stage.set(tmp_path / "data", peopled="cast" in request.fixturenames)
    if "store" in request.fixturenames and request.getfixturevalue("store") == "s3":
        config = request.getfixturevalue("objects").settings(config)
    yield config
    if config.database_url:
        request.getfixturevalue("postgresql").drop(config.database_url)


@pytest.fixture
def app(stage: Stage, config: Config) -> Iterator[Flask]:
    """The server over a fresh database, with nobody in it but the cast. Its context stays open for the length of the test."""
    with stage.serving(config) as app:
        yield app


def close_database(app: Flask) -> None:
    from server.database import db

    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def cast(stage: Stage, app: Flask) -> Cast:
    """Two certification bodies with their people. Everybody is signed in on a tablet of their own."""
    return stage.cast(app)


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
