"""
`kill -9` of the server and of its worker, each at every point that `points.py` names: between a file and its row, between a row and
its commit, between a commit and its answer. A few in each run, all of them with KILLS and in `make torture`.
"""

import os
import time
from pathlib import Path

import pytest
from flask import Flask

from server.config import Config
from tests.e2e.serving import Server
from tests.torture.field import Field
from tests.torture.lived import lived_through
from tests.torture.points import OF_SERVER, OF_WORKER
from tests.torture.test_kill_worker import check_reports, pass_the_lease, wait_until_done

KILLS = int(os.environ.get("KILLS", "0"))

pytestmark = pytest.mark.slow
START = int(os.environ.get("START", "1"))
SYNCS = 4
FEW_OF_SERVER = [
    "entries stand in a transaction that is not committed",
    "a batch is committed, and nobody was told",
    "a photo stands in its place without a row",
]
FEW_OF_WORKER = [
    "a job is claimed, and not begun",
    "a report stands in its place, in a transaction that is not committed",
    "a mail is out, and nothing says so",
]


def rounds(points: dict[str, str]) -> list[str]:
    """Half of the kills that are asked for, for each of the two: the points one after the other."""
    return [list(points)[number % len(points)] for number in range(START - 1, START - 1 + KILLS // 2)]


def test_a_server_that_is_killed_at_each_named_point_loses_nothing_and_doubles_nothing(
    app: Flask, config: Config, lena, aron, tmp_path: Path
):
    server = Server(config.data_folder, AUDITBOOK_DEMO="0", AUDITBOOK_WORKER="0")
    field = Field(app, server, tmp_path, lena, aron, START)
    for kill, point in enumerate(rounds(OF_SERVER) if KILLS else FEW_OF_SERVER):
        nth = 1 + kill // len(OF_SERVER) % 2
        server.start(dies_at=f"{OF_SERVER[point]} {nth}")
        for number in range(SYNCS):
            tablet = field.tablets[(kill + number) % 2]
            field.raise_finding(tablet, f"{kill}-{number}", field.chance.randrange(4))
            field.photograph(tablet, f"{kill}-{number}")
            field.sync(tablet)
            if tablet.problem == "sync.unreachable":
                break
        _wait_until_dead(server, point)
        field.look()
        if kill:
            lived_through()
    field.come_to_rest()
    lived_through()


def test_a_worker_that_is_killed_at_each_named_point_issues_each_report_once(tmp_path: Path):
    chosen = rounds(OF_WORKER) if KILLS else FEW_OF_WORKER
    for first in range(0, len(chosen), len(OF_WORKER)):
        server = Server(tmp_path / f"data-{first}", AUDITBOOK_WORKER="0")
        server.start().dies()
        working = Server(server.data)
        # A report's points before those of its mail, wherever the round begins.
        points = sorted(chosen[first : first + len(OF_WORKER)], key=list(OF_WORKER).index)
        for point in points:
            working.start(dies_at=OF_WORKER[point])
            _wait_until_dead(working, point)
            pass_the_lease(server.data)
        with working:
            wait_until_done(server.data)
        check_reports(server)
        lived_through(len(points))


def _wait_until_dead(server: Server, point: str) -> None:
    """That it has ended is heard a moment after nobody is answered any more."""
    deadline = time.monotonic() + 120
    while server.is_running:
        assert time.monotonic() < deadline, f"it never came to the point: {point}"
        time.sleep(0.05)
