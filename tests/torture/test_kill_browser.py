"""
`kill -9` of the browser, between a tap and its commit and right after it, again and again, with the app's own store.

What the screen has called saved is there when the tablet is switched on again, once, in its place, with its photo; what was being
written is there whole or not at all. KILLS says how often.
"""

import contextlib
import http.server
import itertools
import json
import os
import random
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Playwright, sync_playwright

from server.domain.operation import GENESIS, digest_of
from server.storage.identifiers import new_id
from tests.bench.node import BUILT, build
from tests.e2e.browser import kill, open_profile
from tests.torture.lived import lived_through

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "3"))
START = int(os.environ.get("START", "1"))
LONGEST = 900
"""Milliseconds from the first tap on until the battery is empty."""


class EmptyPage(http.server.BaseHTTPRequestHandler):
    """An address of its own is all that the storage needs."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Tablet</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def app() -> str:
    build("dying")
    return (BUILT / "dying.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


class Battery:
    """One tablet through all of its deaths. `told` is what the screen has called saved."""

    def __init__(self, playwright: Playwright, profile: Path, address: str, app: str):
        self._playwright, self._profile, self._address, self._app = playwright, profile, address, app
        self._who = [new_id(), new_id()]
        self._audit = new_id()
        self.told: list[str] = []
        self.kept = 0

    def lives(self, milliseconds: int | None = None, taps: int | None = None) -> None:
        """Looks at what is there, then works until it is killed: after a time, or as soon as the screen has said `taps` times that it is saved."""
        context = open_profile(self._playwright, self._profile)
        counted = itertools.count(1)
        dies = partial(kill, self._profile)

        def kept(_: Any, digests: list[str]) -> None:
            self.told += digests
            if next(counted) == taps:
                dies()

        page = context.pages[0]
        page.expose_binding("kept", kept)
        page.goto(self._address)
        page.evaluate(self._app)
        page.evaluate("(who) => dying.open(...who)", self._who)
        self._check(page.evaluate("(audit) => dying.read(audit)", self._audit))
        if milliseconds is not None:
            threading.Timer(milliseconds / 1000, dies).start()
        if milliseconds is not None or taps is not None:
            with contextlib.suppress(Error):
                page.evaluate("(audit) => dying.write(audit)", self._audit)
        with contextlib.suppress(Error):
            context.close()

    def _check(self, found: dict[str, Any]) -> None:
        assert found["wrong"] == []
        digests = [digest_of(text.encode()) for text in found["texts"]]
        headers = [json.loads(text.partition("\n")[0]) for text in found["texts"]]
        assert [header["dseq"] for header in headers] == list(range(1, len(headers) + 1))
        assert [header["prev"] for header in headers] == [GENESIS, *digests][: len(digests)]
        assert set(self.told) <= set(digests), "what was called saved is not there"
        self.kept = len(digests)


def test_a_browser_that_is_killed_again_and_again_keeps_what_it_called_saved(playwright, address, app, tmp_path):
    chance = random.Random(START)
    tablet = Battery(playwright, tmp_path / "profile", address, app)
    for death in range(KILLS):
        if death % 2:
            tablet.lives(taps=chance.randint(1, 6))
        else:
            tablet.lives(milliseconds=chance.randint(1, LONGEST))
        if death:
            lived_through()
    tablet.lives()
    lived_through()
    assert tablet.told
