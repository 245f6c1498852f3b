"""
A server, a mailbox and tablets for the tests that drive a browser. Of a test that fails, `var/e2e/` keeps what was on the
screens and what the server said.
"""

import os
import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error, Playwright, ViewportSize, sync_playwright

from tests.e2e.browser import TABLET, chromium
from tests.e2e.serving import Mailbox, Server
from tests.e2e.tablet import Tablet

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var" / "e2e"


class Tablets:
    """Hands out tablets to people. Each has a profile of its own, so what one stores no other can see."""

    def __init__(self, playwright: Playwright, profiles: Path, address: str):
        self._playwright = playwright
        self._profiles = profiles
        self.address = address
        self.given: dict[str, Tablet] = {}

    def __call__(self, person: str, viewport: ViewportSize | None = None) -> Tablet:
        profile = self._profiles / person
        tablet = Tablet(self._playwright, profile, self.address, viewport=viewport or TABLET)
        self.given[person] = tablet
        return tablet

    def in_the_audit(self, person: str) -> Tablet:
        """One on which this person is signed in, has everything that is needed offline, and has opened the audit of today."""
        tablet = self(person)
        tablet.sign_in(f"{person}@nordlicht.example")
        tablet.waits_until_ready_offline()
        tablet.open_audit()
        return tablet

    def close(self) -> None:
        for tablet in self.given.values():
            try:
                tablet.close()
            except Error:
                # The test ended it, or its browser died.
                continue


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One per module, not per session: while it runs, this thread has an event loop, and pyHanko's tests need it for theirs."""
    if not Path(chromium()).is_file():
        pytest.fail(
            f"There is no Chromium at {chromium()}. `make test` installs one; CHROMIUM=/path/to/one names another."
        )
    if not (ROOT / "pwa" / "dist" / "index.html").is_file():
        pytest.fail("The tablet app is not built. `make test` builds it, and so does `scripts/pwa.sh build`.")
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as box:
        yield box


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which a server has made the demonstration, and mailed its three reports: to be copied, it takes long."""
    data = tmp_path_factory.mktemp("demonstration") / "data"
    with Mailbox() as box, Server(data, smtp_port=box.port):
        box.wait_for(3)
    return data


@pytest.fixture(scope="module")
def served(mailbox: Mailbox, demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demonstration in it, and nothing to do. A test that kills it starts it again."""
    data = shutil.copytree(demonstration, tmp_path_factory.mktemp("served") / "data")
    with Server(data, smtp_port=mailbox.port) as server:
        yield server


@pytest.fixture(scope="module")
def hands(playwright: Playwright, served: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tablets]:
    """Tablets that several tests of a module share: they are made ready once."""
    tablets = Tablets(playwright, tmp_path_factory.mktemp("hands"), served.address)
    yield tablets
    tablets.close()


@pytest.fixture
def tablet(playwright: Playwright, served: Server, tmp_path: Path) -> Iterator[Tablets]:
    """`tablet("lena")` is a new tablet for Lena. At the end none may have complained."""
    if not served.is_running:
        # The test before killed it, and failed before it started it again.
        served.start()
    tablets = Tablets(playwright, tmp_path, served.address)
    yield tablets
    tablets.close()
    for one in tablets.given.values():
        one.must_not_have_complained()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and call.when == "call":
        _keep_what_is_left(item)
    return report


def _keep_what_is_left(item: pytest.Item) -> None:
    folder = KEPT / re.sub(r"[^\w.-]+", "-", f"{item.path.stem}-{item.name}")[:120]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, value in getattr(item, "funcargs", {}).items():
        server = value if isinstance(value, Server) else getattr(value, "server", None)
        if isinstance(server, Server):
            (folder / f"{name}.log").write_text(server.log(), encoding="utf-8")
        if isinstance(value, Tablets):
            for person, tablet in value.given.items():
                _photograph(tablet, folder / f"{person}.png")
        elif isinstance(value, Tablet):
            _photograph(value, folder / f"{name}.png")


def _photograph(tablet: Tablet, path: Path) -> None:
    try:
        tablet.page.screenshot(path=path, scale="css", timeout=5_000)
    except Error as problem:
        path.with_suffix(".txt").write_text(f"No screenshot: {problem}{os.linesep}", encoding="utf-8")
