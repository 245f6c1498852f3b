"""A real server, for what only real connections show."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from server.app import create_app
from tests.conftest import close_database
from tests.e2e.serving import Server
from tests.people import Person
from tests.stage import Stage


@dataclass(frozen=True)
class Served:
    """One server for all tests here: starting one takes seconds. Each test has an audit of its own."""

    server: Server
    lena: Person


@pytest.fixture(scope="session")
def served(sqlite_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A data folder, served by gunicorn in a process of its own, and by ourselves."""
    config = sqlite_stage.set(tmp_path_factory.mktemp("served") / "data", peopled=True)
    app = create_app(config)
    lena = sqlite_stage.cast(app).lena
    with Server(config.data_folder, AUDITBOOK_DEMO="0", AUDITBOOK_WORKER="0") as server:
        yield Served(server, lena)
    close_database(app)


@pytest.fixture
def server(served: Served) -> Server:
    if not served.server.is_running:
        # The test before killed it, and failed before it started it again.
        served.server.start()
    return served.server


@pytest.fixture
def cookie(served: Served) -> str:
    cookie = served.lena.api.get_cookie("auditbook")
    assert cookie is not None
    return f"auditbook={cookie.value}"
