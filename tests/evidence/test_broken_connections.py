"""Uploads over real connections that break as radio links do, to the real server process."""

import base64
import hashlib
import os
import socket
import struct
import time

import pytest

from server.web.body import CHUNK
from tests.devices import new_audit
from tests.e2e.serving import Server
from tests.evidence.conftest import Served

pytestmark = pytest.mark.slow

PICTURE = os.urandom(300_000)
HALF = 150_000


@pytest.fixture
def address(served: Served) -> str:
    lena = served.lena
    device = new_audit(lena)
    device.push()
    metadata = {"sha256": hashlib.sha256(PICTURE).hexdigest(), "audit": device.audit, "media_type": "image/jpeg"}
    encoded = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
    created = lena.post(
        "/api/evidence/uploads", headers={"Upload-Length": str(len(PICTURE)), "Upload-Metadata": encoded}
    )
    return str(created.headers["Location"])


class Connection:
    """One connection of a tablet, on which every byte is ours to send or not."""

    def __init__(self, server: Server, cookie: str):
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=40)
        self._cookie = cookie

    def ask(self, method: str, address: str, **headers: str | int) -> None:
        lines = [f"{method} {address} HTTP/1.1", "Host: localhost", f"Cookie: {self._cookie}", "Tus-Resumable: 1.0.0"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def patch(self, address: str, offset: int, data: bytes, promised: int) -> None:
        self.ask(
            "PATCH",
            address,
            Upload_Offset=offset,
            Content_Length=promised,
            Content_Type="application/offset+octet-stream",
        )
        self._socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str]]:
        received = b""
        while b"\r\n\r\n" not in received:
            part = self._socket.recv(65536)
            if not part:
                break
            received += part
        first, *lines = received.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]), {name.lower(): value for name, value in headers.items()}

    def close(self) -> None:
        self._socket.close()

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


def offset_of(server: Server, cookie: str, address: str) -> int:
    connection = Connection(server, cookie)
    connection.ask("HEAD", address)
    status, headers = connection.answer()
    connection.close()
    assert status == 204
    return int(headers["upload-offset"])


def test_what_came_before_the_connection_was_closed_is_kept(server, cookie, address):
    cut = Connection(server, cookie)
    cut.patch(address, 0, PICTURE[:HALF], promised=len(PICTURE))
    cut.close()
    finish(server, cookie, address, wait_for(server, cookie, address, HALF))


def test_what_came_before_the_connection_was_reset_is_kept_but_for_the_last_read(server, cookie, address):
    cut = Connection(server, cookie)
    cut.patch(address, 0, PICTURE[:HALF], promised=len(PICTURE))
    wait_for(server, cookie, address, HALF - CHUNK)
    cut.reset()
    finish(server, cookie, address, wait_for(server, cookie, address, HALF - CHUNK))


def wait_for(server: Server, cookie: str, address: str, least: int) -> int:
    deadline = time.monotonic() + 10
    while (offset := offset_of(server, cookie, address)) < least and time.monotonic() < deadline:
        time.sleep(0.05)
    assert least <= offset <= HALF
    return offset


def finish(server: Server, cookie: str, address: str, offset: int) -> None:
    again = Connection(server, cookie)
    again.patch(address, offset, PICTURE[offset:], promised=len(PICTURE) - offset)
    assert again.answer()[0] == 204
    again.close()


def test_a_phone_that_comes_back_is_not_kept_waiting_by_its_dead_connection(server, cookie, address):
    dead = Connection(server, cookie)
    dead.patch(address, 0, PICTURE[:HALF], promised=len(PICTURE))
    time.sleep(0.5)
    begun = time.monotonic()
    back = Connection(server, cookie)
    back.patch(address, HALF, PICTURE[HALF:], promised=len(PICTURE) - HALF)
    assert back.answer()[0] == 204
    assert time.monotonic() - begun < 5
    assert offset_of(server, cookie, address) == len(PICTURE)
    dead.close()
    back.close()


def test_dead_connections_do_not_stop_the_server(server, cookie, address):
    """Each holds a thread until the server loses patience, and there are more of them than threads."""
    dead = []
    for _ in range(12):
        connection = Connection(server, cookie)
        connection.ask("POST", "/api/session", Content_Length=1000, Content_Type="application/json")
        dead.append(connection)
    time.sleep(1)
    begun = time.monotonic()
    assert offset_of(server, cookie, address) == 0
    assert 10 < time.monotonic() - begun < 35
    for connection in dead:
        connection.close()


def test_an_answered_upload_survives_the_death_of_the_server(server, cookie, address):
    connection = Connection(server, cookie)
    connection.patch(address, 0, PICTURE[:HALF], promised=HALF)
    assert connection.answer()[0] == 204
    connection.close()
    server.dies()
    server.start()
    assert offset_of(server, cookie, address) == HALF
