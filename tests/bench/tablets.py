"""The same workload with the code of the app: three tablets in Chromium with a real IndexedDB, and a fourth that pulls everything."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from server.storage.identifiers import new_id
from tests.bench.measuring import RUNS, Figure, Say
from tests.bench.node import BUILT
from tests.bench.sync import GROUP, PEOPLE, serving
from tests.e2e.browser import ARGUMENTS, chromium
from tests.e2e.serving import DEMO_PASSWORD, Server


def measure(say: Say, ops: Path, lean: dict[str, list[float]]) -> list[Figure]:
    """Beside the client that is nothing but the protocol (`lean`): what storing it on the tablet takes."""
    took: dict[str, list[float]] = {}
    for run in range(RUNS):
        say(f"sync: Auditbook, with the code of the app in Chromium, {run + 1} of {RUNS}")
        for name, value in asyncio.run(_session(ops)).items():
            took.setdefault(name, []).append(value)
    reduced = "protocol alone"
    return [
        Figure(GROUP, "a tap until it is kept, in Chromium (median)", took["tap_ms"], "ms"),
        Figure(GROUP, "push in Chromium, three at once", took["push_s"], "s", reduced, lean["push_s"]),
        Figure(GROUP, "pull in Chromium, three at once", took["pull_s"], "s", reduced, lean["pull_s"]),
        Figure(
            GROUP,
            "pull of everything in Chromium, by a new tablet",
            took["fresh_s"],
            "s",
            reduced,
            lean["fresh_pull_s"],
        ),
    ]


async def _session(ops: Path) -> dict[str, float]:
    steps = json.loads(ops.read_text(encoding="utf-8"))
    audit = new_id()
    with serving() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            tablets = [await _tablet(browser, server) for _ in range(4)]
            *team, newcomer = tablets
            people = [
                await tablet.evaluate("(given) => bench.arrive(...given)", [email, DEMO_PASSWORD])
                for tablet, email in zip(tablets, [*PEOPLE, list(PEOPLE)[1]], strict=True)
            ]
            await team[0].evaluate("(given) => bench.begin(...given)", [audit, people[0], people[1:3]])
            taps = await asyncio.gather(
                *(
                    tablet.evaluate("(given) => bench.record(...given)", [audit, steps, place])
                    for place, tablet in enumerate(team)
                )
            )
            push = await _seconds(lambda: _together(team, "push", audit))
            pull = await _seconds(lambda: _together(team, "pull", audit))
            fresh = await _seconds(lambda: _together([newcomer], "pull", audit))
            if len(set(await _together(tablets, "shown", audit))) != 1:
                raise SystemExit("The tablets do not agree, so nothing was measured.")
            await browser.close()
    return {
        "tap_ms": statistics.median([tap for of_one in taps for tap in of_one]),
        "push_s": push,
        "pull_s": pull,
        "fresh_s": fresh,
    }


async def _tablet(browser: Browser, server: Server) -> Page:
    context = await browser.new_context()
    page = await context.new_page()
    # Any answer of the server will do for a page: the app itself is not to sync beside what is measured.
    await page.goto(f"{server.address}/api/state")
    await page.evaluate((BUILT / "browser.js").read_text(encoding="utf-8"))
    return page


async def _together(pages: list[Page], name: str, audit: str) -> list[Any]:
    return list(await asyncio.gather(*(page.evaluate(f"(audit) => bench.{name}(audit)", audit) for page in pages)))


async def _seconds(work: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began
