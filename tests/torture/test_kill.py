"""
`kill -9` in the middle of whatever the server is doing, again and again, while tablets push, pull and send photos over real HTTP.

A process that is killed loses nothing that the system had taken over for the disk; what a power cut takes is another matter
(docs/testing.md says which test stands for that).
"""

import hashlib
import http.client
import os
import random
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from server.config import Config
from server.domain.operation import digest_of
from server.storage.identifiers import new_id
from tests.e2e.serving import Server
from tests.torture.invariants import Stored, Story, TabletLog, TabletSeen, check, plain
from tests.torture.machine import Chance, Machine
from tests.torture.network import Answer, Network, Request, Unreachable
from tests.torture.store import Change
from tests.torture.tablet import Tablet

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "5"))
START = int(os.environ.get("START", "1"))
BORN = {"raised_at": "2026-11-24T09:41:07.250Z", "raised_by": "m1"}
SHOT = {"kind": "photo", "media_type": "image/jpeg", "source": "system_camera", "file_name": None}


class OverHttp:
    """The other end, in a process that may be dead."""

    def __init__(self, address: str):
        self._address = urlsplit(address)

    def deliver(self, request: Request, cut: int | None = None, fault: tuple[str, int] | None = None) -> Answer:
        assert cut is None
        assert fault is None
        connection = http.client.HTTPConnection("127.0.0.1", self._address.port, timeout=30)
        try:
            headers = {**request.headers, "Cookie": f"auditbook={request.token}"}
            connection.request(request.method, request.path, body=request.body or None, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())
        except (OSError, http.client.HTTPException) as problem:
            raise Unreachable from problem
        finally:
            connection.close()


def test_a_server_that_is_killed_again_and_again_loses_nothing_that_it_has_answered(
    app: Flask, config: Config, lena, aron, tmp_path: Path
):
    chance = random.Random(START)
    machine = Machine(app, tmp_path, Chance(1))
    machine.clock.now = time.time_ns() // 1_000_000
    server = Server(config.data_folder, AUDITBOOK_DEMO="0", AUDITBOOK_WORKER="0")
    network = Network(OverHttp(server.address))
    tablets = []
    for name, person in (("lena's", lena), ("aron's", aron)):
        tablet = Tablet(name, network, new_id, machine.sign_in)
        tablet.give_to(person.account)
        tablets.append(tablet)
    made: dict[str, str] = {}
    audit, safe = new_id(), set[str]()

    def write(tablet: Tablet, changes: list[Change], file: bytes | None = None) -> None:

        for text in tablet.write(audit, changes, machine.clock.now, chance, file):
            made[digest_of(text.encode())] = text

    ref = f"audit/{audit}"
    member = f"team_member/{aron.account}"
    write(
        tablets[0],
        [
            Change("add", ref, "born", {"workspace": lena.workspace, "type": "stage_2"}),
            Change("add", member, "born", {"account": aron.account}),
            Change("set", member, "role", "auditor"),
        ],
    )
    for kill in range(KILLS):
        server.start()
        killer = threading.Timer(chance.random() * 1.5, server.dies)
        killer.start()
        for number in range(40):
            tablet = chance.choice(tablets)
            finding = f"finding/{kill}-{number}"
            changes = [Change("add", finding, "born", BORN)]
            changes += [Change("set", finding, "title", f"no. {n}") for n in range(chance.randrange(12))]
            write(tablet, changes)
            if number % 5 == 0:
                picture = chance.randbytes(3000)
                name = hashlib.sha256(picture).hexdigest()
                shot = {**SHOT, "sha256": name, "size": 3000, "captured_at": BORN["raised_at"]}
                write(tablet, [Change("add", f"evidence/{kill}-{number}", "born", shot)], picture)
            tablet.sync()
            # What a tablet has seen again in the log was promised.
            safe |= {digest for digest, row in tablet.store.of_audit(audit).items() if row.seq is not None}
            if not server.is_running:
                break
        killer.join()
    with server:
        for _ in range(3):
            for tablet in tablets:
                tablet.sync()
    seen = machine.seen()
    assert safe <= {entry.digest for entry in seen.logs[audit].entries}
    assert check(Story(made), [_seen(tablet, audit) for tablet in tablets], seen) == []


def _seen(tablet: Tablet, audit: str) -> TabletSeen:
    store, log = tablet.store, tablet.store.log(audit)
    rows = {
        digest: Stored(row.data, row.content_sha256, row.origin, row.seq, row.received_at, row.waiting is not None)
        for digest, row in store.of_audit(audit).items()
    }
    seen = TabletLog(rows, log.epoch, log.seq, log.hash, "all", plain(store.view(audit)))
    waiting = sum(upload.state == "waiting" for upload in store.uploads.values())
    saved = frozenset((audit, digest) for digest in rows)
    files, uploads = dict(store.files), frozenset(store.uploads)
    return TabletSeen(
        tablet.name,
        tablet.account,
        saved,
        {audit: seen},
        files,
        uploads,
        waiting,
        problem=tablet.problem,
    )
