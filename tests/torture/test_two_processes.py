"""Two server processes before one database take in one audit, over real HTTP."""

import http.client
import json
import threading
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask

from server.cli import _is_signed
from server.config import Config
from server.upkeep.examine import examine_logs
from tests.devices import Device, new_audit, states
from tests.e2e.serving import Server
from tests.people import Person

pytestmark = pytest.mark.slow

PUSHES = 6


@dataclass
class AtProcess:
    """What a tablet asks of one of the two, in the shape of Flask's own client."""

    address: str
    token: str

    def post(self, path: str, *, data: bytes, headers: dict[str, str]) -> Any:
        return self._ask("POST", path, data, headers)

    def get(self, path: str, *, query_string: dict[str, Any]) -> Any:
        return self._ask("GET", f"{path}?{urlencode(query_string)}", None, {})

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(self.address).port, timeout=60)
        try:
            connection.request(method, path, body, {**headers, "Cookie": f"auditbook={self.token}"})
            answer = connection.getresponse()
            return SimpleNamespace(status_code=answer.status, json=json.loads(answer.read()))
        finally:
            connection.close()


def test_two_processes_that_take_in_one_audit_give_it_one_order(
    database, app: Flask, config: Config, lena: Person, aron: Person
):
    """Lena's and Aron's tablets push at each of the two, while another one pulls from the first and then the second."""
    leading = new_audit(lena)
    leading.add_member(aron)
    leading.push()
    settings: dict[str, Any] = {
        "AUDITBOOK_DEMO": "0",
        "AUDITBOOK_WORKER": "0",
        "AUDITBOOK_DATABASE_URL": config.database_url,
    }
    with Server(config.data_folder, **settings) as one, Server(config.data_folder, **settings) as other:

        def tablet(person: Person, server: Server) -> Device:
            """A new one, whose server is that process."""
            person = person.enrol_another()
            cookie = person.api.get_cookie("auditbook")
            assert cookie is not None
            return Device(replace(person, api=AtProcess(server.address, cookie.value)), leading.audit)  # type: ignore[arg-type]

        devices = [tablet(person, server) for person in (lena, aron) for server in (one, other)]
        readers = [tablet(lena, server) for server in (one, other)]
        failed: list[BaseException] = []
        done = threading.Event()

        def work(device: Device) -> None:
            try:
                for number in range(PUSHES):
                    device.add_finding(f"Finding {number}")
                    assert states(device.push()) == ["stored"] * 2
            except BaseException as problem:
                failed.append(problem)

        def watch() -> None:
            try:
                while not done.is_set():
                    for reader in readers:
                        reader.pull(limit=5)
            except BaseException as problem:
                failed.append(problem)

        workers = [threading.Thread(target=work, args=(device,)) for device in devices]
        watcher = threading.Thread(target=watch)
        for thread in (watcher, *workers):
            thread.start()
        for thread in workers:
            thread.join()
        done.set()
        watcher.join()
        assert failed == []
        for device in (*devices, *readers):
            device.pull()
            assert device.is_safe()
        assert {(device.cursor, device.hash) for device in (*devices, *readers)} == {
            (readers[0].cursor, readers[0].hash)
        }
        assert readers[0].cursor == len(leading.made) + len(devices) * 2 * PUSHES
    assert [log.complaints for log in examine_logs(_is_signed) if log.complaints] == []
