"""Two model tablets in one audit before a served process that may be dead, over real HTTP; and what they were told that it is safe."""

import hashlib
import http.client
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from server.domain.operation import digest_of
from server.storage.identifiers import new_id
from tests.e2e.serving import Server
from tests.people import Person
from tests.torture.invariants import Broken, ServerSeen, Stored, Story, TabletLog, TabletSeen, check, plain
from tests.torture.machine import Chance, Machine
from tests.torture.network import Answer, Network, Request, Unreachable
from tests.torture.store import Change
from tests.torture.tablet import Tablet

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


class Field:
    def __init__(self, app: Flask, server: Server, place: Path, lena: Person, aron: Person, seed: int):
        self.server = server
        self.chance = random.Random(seed)
        self._machine = Machine(app, place, Chance(1))
        self._machine.clock.now = time.time_ns() // 1_000_000
        network = Network(OverHttp(server.address))
        self.tablets = [Tablet(name, network, new_id, self._machine.sign_in) for name in ("lena's", "aron's")]
        self.audit = new_id()
        self.made: dict[str, str] = {}
        self.saved: dict[str, set[tuple[str, str]]] = {tablet.name: set() for tablet in self.tablets}
        """By tablet what its screen has called saved. Noted here, where nothing that befalls a tablet's own rows can reach it."""
        self.safe: set[str] = set()
        """What a tablet has seen again in the log: that was promised."""
        self._pictures = 0
        for tablet, person in zip(self.tablets, (lena, aron), strict=True):
            tablet.give_to(person.account)
        member = f"team_member/{aron.account}"
        changes = [
            Change("add", f"audit/{self.audit}", "born", {"workspace": lena.workspace, "type": "stage_2"}),
            Change("add", member, "born", {"account": aron.account}),
            Change("set", member, "role", "auditor"),
        ]
        self.write(self.tablets[0], changes)

    def write(self, tablet: Tablet, changes: list[Change], file: bytes | None = None) -> None:
        for text in tablet.write(self.audit, changes, self._machine.clock.now, self.chance, file):
            digest = digest_of(text.encode())
            self.made[digest] = text
            self.saved[tablet.name].add((self.audit, digest))

    def raise_finding(self, tablet: Tablet, name: str, titles: int) -> None:
        ref = f"finding/{name}"
        changes = [Change("set", ref, "title", f"no. {number}") for number in range(titles)]
        self.write(tablet, [Change("add", ref, "born", BORN), *changes])

    def photograph(self, tablet: Tablet, name: str) -> None:
        picture = self.chance.randbytes(3000)
        sha256 = hashlib.sha256(picture).hexdigest()
        shot = {**SHOT, "sha256": sha256, "size": 3000, "captured_at": BORN["raised_at"]}
        self.write(tablet, [Change("add", f"evidence/{name}", "born", shot)], picture)

    def sync(self, tablet: Tablet) -> None:
        tablet.sync()
        self.safe |= {digest for digest, row in tablet.store.of_audit(self.audit).items() if row.seq is not None}

    def look(self) -> ServerSeen:
        """What the database has, by its own rows: of what was promised nothing may lack, whatever the server has been through."""
        seen = self._machine.seen()
        log = seen.logs.get(self.audit)
        assert self.safe <= {entry.digest for entry in log.entries} if log else not self.safe
        return seen

    def come_to_rest(self) -> None:
        """Everybody syncs, and then everything holds. The checker is shown to be no yes-man: by one entry that everybody forgot."""
        with self.server:
            for _ in range(3):
                for tablet in self.tablets:
                    self.sync(tablet)
        seen = self.look()
        assert self._check(seen) == []
        _, forgotten = min(self.saved[self.tablets[0].name])
        log = seen.logs[self.audit]
        without = replace(log, entries=[entry for entry in log.entries if entry.digest != forgotten])
        broken = self._check(replace(seen, logs={self.audit: without}), forgotten)
        assert {"I1", "I5"} <= {one.invariant for one in broken}

    def _check(self, seen: ServerSeen, forgotten: str | None = None) -> list[Broken]:
        tablets = [self._seen(tablet, forgotten) for tablet in self.tablets]
        return check(Story(self.made), tablets, seen)

    def _seen(self, tablet: Tablet, forgotten: str | None) -> TabletSeen:
        store, log = tablet.store, tablet.store.log(self.audit)
        rows: dict[str, Any] = {
            digest: Stored(row.data, row.content_sha256, row.origin, row.seq, row.received_at, row.waiting is not None)
            for digest, row in store.of_audit(self.audit).items()
            if digest != forgotten
        }
        seen = TabletLog(rows, log.epoch, log.seq, log.hash, "all", plain(store.view(self.audit)))
        return TabletSeen(
            tablet.name,
            tablet.account,
            frozenset(self.saved[tablet.name]),
            {self.audit: seen},
            dict(store.files),
            frozenset(store.uploads),
            sum(upload.state == "waiting" for upload in store.uploads.values()),
            problem=tablet.problem,
        )
