"""
`kill -9` of the server while its worker makes reports and mails them, again and again.

Afterwards each sealed report was issued once, its file is what its row says, and its mail lies in the mailbox once. What a mail server
has taken in the moment in which the worker died may be sent again, as the same mail (RFC 5322, Message-ID). KILLS says how often.
"""

import os
import random
import time
from collections import Counter
from contextlib import closing
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pysqlite3
import pytest

from tests.e2e.serving import Server
from tests.torture.lived import lived_through

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "3"))
START = int(os.environ.get("START", "1"))
IN_A_ROUND = 6
"""Deaths before the worker is let finish: each is an attempt at some job, and there are twelve."""
REPORTS = 3
"""The demonstration's finished audits have so many, one of them a revision."""
LONGEST = 2.5
"""Seconds from the start on until it dies: it makes all three in some five."""


def test_a_worker_that_is_killed_again_and_again_issues_each_report_once(tmp_path: Path):
    chance = random.Random(START)
    for start in range(0, KILLS, IN_A_ROUND):
        server = Server(tmp_path / f"data-{start}", AUDITBOOK_WORKER="0")
        server.start().dies()
        working = Server(server.data)
        deaths = min(IN_A_ROUND, KILLS - start)
        for _ in range(deaths):
            working.start()
            time.sleep(chance.random() * LONGEST)
            working.dies()
            pass_the_lease(server.data)
        with working:
            wait_until_done(server.data)
        check_reports(server)
        lived_through(deaths)


def _ask(data: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(pysqlite3.connect(str(data / "auditbook.sqlite3"), timeout=20)) as connection, connection:
        return list(connection.execute(question))


def pass_the_lease(data: Path) -> None:
    """A minute later: the job of the dead worker is anybody's, and what was put off is due."""
    _ask(data, "UPDATE job SET lease_until = 0, run_at = min(run_at, 0) WHERE state = 'waiting'")


def wait_until_done(data: Path) -> None:
    deadline = time.monotonic() + 90
    while waiting := _ask(data, "SELECT name, attempt, error FROM job WHERE state = 'waiting' AND name != 'prune'"):
        assert time.monotonic() < deadline, waiting
        time.sleep(0.2)


def check_reports(server: Server) -> None:
    assert _ask(server.data, "SELECT name, error FROM job WHERE state = 'failed'") == []
    made = _ask(server.data, "SELECT state FROM report")
    assert made == [("made",)] * REPORTS
    said = Counter(entity for (entity,) in _ask(server.data, "SELECT entity FROM operation WHERE kind = 'issuance'"))
    assert sorted(said.values()) == [1] * REPORTS
    assert {state for (state,) in _ask(server.data, "SELECT state FROM mail")} == {"written"}
    mails = [message_from_bytes(file.read_bytes()) for file in (server.data / "mail").glob("*.eml")]
    assert sorted(str(mail["Message-ID"]) for mail in mails) == sorted(
        name for (name,) in _ask(server.data, "SELECT message_id FROM mail")
    )
    # Every log, photo and report, by its bytes.
    server.runs("doctor")
