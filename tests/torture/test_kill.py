"""
`kill -9` in the middle of whatever the server is doing, again and again, while tablets push, pull and send photos over real HTTP.

A process that is killed loses nothing that the system had taken over for the disk; what a power cut takes is another matter
(docs/testing.md says which test stands for that).
"""

import os
import threading
from pathlib import Path

import pytest
from flask import Flask

from server.config import Config
from tests.e2e.serving import Server
from tests.torture.field import Field
from tests.torture.lived import lived_through

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "5"))
START = int(os.environ.get("START", "1"))


def test_a_server_that_is_killed_again_and_again_loses_nothing_that_it_has_answered(
    app: Flask, config: Config, lena, aron, tmp_path: Path
):
    server = Server(config.data_folder, AUDITBOOK_DEMO="0", AUDITBOOK_WORKER="0")
    field = Field(app, server, tmp_path, lena, aron, START)
    for kill in range(KILLS):
        server.start()
        killer = threading.Timer(field.chance.random() * 1.5, server.dies)
        killer.start()
        for number in range(40):
            tablet = field.chance.choice(field.tablets)
            field.raise_finding(tablet, f"{kill}-{number}", field.chance.randrange(12))
            if number % 5 == 0:
                field.photograph(tablet, f"{kill}-{number}")
            field.sync(tablet)
            if not server.is_running:
                break
        killer.join()
        field.look()
        if kill:
            lived_through()
    field.come_to_rest()
    lived_through()
