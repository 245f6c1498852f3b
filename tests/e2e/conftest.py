"""
A server, a mailbox and tablets for the tests that drive a browser. Of a test that fails, `var/e2e/` keeps what was on the
screens and what the server said.
"""

import contextlib
import os
import re
import shutil
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Playwright, ViewportSize, sync_playwright

from tests.e2e.browser import TABLET, chromium
from tests.e2e.serving import Mailbox, Server, free_port
from tests.e2e.tablet import Tablet

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var" / "e2e"
WITH_A_TABLET = ("lena", "aron")


@dataclass(frozen=True)
class Prepared:
    """
    What is dear and the same for most tests: a server's data folder with the demonstration in it, its three reports made and
    mailed, and the tablets that belong to it. Never used itself, but copied.
    """

    folder: Path
    port: int
    """What a browser keeps belongs to an address, so the server of a prepared tablet is at this port again."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def profiles(self) -> Path:
        return self.folder / "tablets"

    def profile_of(self, person: str, address: str) -> Path | None:
        """Of a tablet that was made ready for this person at this address."""
        profile = self.profiles / person
        return profile if profile.is_dir() and address == f"http://localhost:{self.port}" else None


class Tablets:
    """Hands out tablets to people. Each has a profile of its own, so what one stores no other can see."""

    def __init__(self, playwright: Playwright, profiles: Path, address: str, prepared: Prepared | None = None):
        self._playwright = playwright
        self._profiles = profiles
        self._prepared = prepared
        self.address = address
        self.given: dict[str, Tablet] = {}

    def __call__(self, person: str, viewport: ViewportSize | None = None) -> Tablet:
        """A new one, on which nobody has signed in."""
        tablet = Tablet(self._playwright, self._profiles / person, self.address, viewport=viewport or TABLET)
        self.given[person] = tablet
        return tablet

    def ready(self, person: str, viewport: ViewportSize | None = None) -> Tablet:
        """One on which this person is signed in and has everything that is needed offline."""
        assert person not in self.given, "two copies of one tablet would be a clone"
        if profile := self._prepared and self._prepared.profile_of(person, self.address):
            shutil.copytree(profile, self._profiles / person)
            tablet = self(person, viewport)
            tablet.page.goto(tablet.address)
        else:
            tablet = self(person, viewport)
            tablet.sign_in(f"{person}@nordlicht.example")
        tablet.waits_until_ready_offline()
        return tablet

    def in_the_audit(self, person: str, viewport: ViewportSize | None = None) -> Tablet:
        """One that is ready, and has opened the audit of today."""
        tablet = self.ready(person, viewport)
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
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Made by a server from nothing, and by people who sign in."""
    made = Prepared(tmp_path_factory.mktemp("prepared"), free_port())

    def prepare() -> None:
        with Mailbox() as box, Server(made.data, smtp_port=box.port, port=made.port) as server:
            with sync_playwright() as playwright:
                tablets = Tablets(playwright, made.profiles, server.address)
                for person in WITH_A_TABLET:
                    tablets.ready(person)
                # Only now is what they keep on the disk whole, the sign-in as well.
                tablets.close()
            box.wait_for(3)
            server.stop()

    # The test's own Playwright may be running in this thread already, and there can be one in each.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(prepare).result()
    return made


@contextlib.contextmanager
def serving(prepared: Prepared, data: Path, **settings: Any) -> Iterator[Server]:
    """A server with the demonstration in it, and nothing to do, for the tablets that are prepared; beside `hands` for new ones."""
    shutil.copytree(prepared.data, data)
    with socket.socket() as probe:
        is_taken = probe.connect_ex(("127.0.0.1", prepared.port)) == 0
    with Server(data, port=None if is_taken else prepared.port, **settings) as server:
        yield server


@pytest.fixture
def served(mailbox: Mailbox, prepared: Prepared, tmp_path: Path) -> Iterator[Server]:
    """A server for this test. A test that kills it starts it again."""
    with serving(prepared, tmp_path / "data", smtp_port=mailbox.port) as server:
        yield server


@pytest.fixture
def tablet(playwright: Playwright, served: Server, prepared: Prepared, tmp_path: Path) -> Iterator[Tablets]:
    """`tablet("lena")` is a new tablet for Lena, `tablet.ready("lena")` one that is ready. At the end none may have complained."""
    tablets = Tablets(playwright, tmp_path / "tablets", served.address, prepared)
    yield tablets
    tablets.close()
    for one in tablets.given.values():
        one.must_not_have_complained()


@pytest.fixture(scope="module")
def hands(playwright: Playwright, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tablets]:
    """Tablets that the tests of a module share, with a server of their own."""
    folder = tmp_path_factory.mktemp("hands")
    with serving(prepared, folder / "data") as server:
        tablets = Tablets(playwright, folder / "tablets", server.address, prepared)
        yield tablets
        tablets.close()


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
