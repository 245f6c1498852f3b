"""
The server under torture as a process that listens on loopback, for the simulator that drives the app's own code (pwa/src/torture/).

Beside the real routes it has a desk at /torture/: a fresh world for a seed, people who sign in, a backup that is put back, and the raw
log. Every other request goes to the real application. For tests alone; it ends when its standard input does.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from server.database import SERVER, reading, unit_of_work
from server.domain.refusals import Refused
from server.domain.vocabulary import Role, WorkspaceKind
from server.storage import accounts
from server.storage.identifiers import new_id
from server.storage.workspaces import add_workspace
from server.sync.erase import withdraw_evidence
from tests.stage import Stage
from tests.torture.hunt import MEMORY, be_quiet, on_sqlite
from tests.torture.machine import Fault, Machine, PowerCut, ruled

Start = Callable[[str, list[tuple[str, str]]], Any]
TOKEN = "HTTP_X_TORTURE_SESSION"
FAULT = "HTTP_X_TORTURE_FAULT"


class Desk:
    """One world at a time; requests wait for each other, as the story of a seed is told in one order."""

    def __init__(self, folder: Path):
        self._folder = folder
        (folder / "stage").mkdir()
        self._stage = Stage(folder / "stage", on_sqlite)
        be_quiet()
        self._lock = threading.Lock()
        self._world = ExitStack()
        self._machine: Machine | None = None
        self._worlds = 0
        self._paula = ""

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        path = environ["PATH_INFO"]
        with self._lock:
            if path.startswith("/torture/"):
                given = json.loads(body or b"{}")
                told = getattr(self, "do_" + path.removeprefix("/torture/").replace("-", "_"))(**given)
                start("200 OK", [("Content-Type", "application/json")])
                return [json.dumps(told).encode()]
            return self._pass_on(environ, path, body, start)

    def _pass_on(self, environ: dict[str, Any], path: str, body: bytes, start: Start) -> Iterable[bytes]:
        machine = self._machine
        assert machine is not None, "no world yet: POST /torture/world"
        names = ("CONTENT_TYPE", "CONTENT_DIGEST", "CONTENT_ENCODING")
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").title(): value
            for name, value in environ.items()
            if (name.startswith("HTTP_") or name in names) and name not in ("HTTP_HOST", "HTTP_COOKIE", TOKEN, FAULT)
            if value
        }
        if fault := environ.get(FAULT):
            kind, n = fault.split(" ")
            machine.fault = Fault(kind, int(n))
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        try:
            answer = machine.request(environ["REQUEST_METHOD"], path + query, headers, body, environ.get(TOKEN), None)
        except PowerCut:
            # No answer at all: the connection breaks in the middle of the first line.
            raise ConnectionAbortedError from None
        told = [(name, value) for name, value in answer.headers if name.lower() not in ("content-length", "connection")]
        start(answer.status, [*told, ("Content-Length", str(len(answer.data)))])
        return [answer.data]

    # --- The desk

    def do_world(self, seed: int) -> Any:
        """A fresh database with Lena, who leads, Aron, and Ruth, who reads along."""
        self._world.close()
        self._world = ExitStack()
        self._worlds += 1
        place = self._folder / f"world-{self._worlds}"
        place.mkdir()
        self._world.callback(shutil.rmtree, place, ignore_errors=True)
        app = self._world.enter_context(self._stage.serving(self._stage.set(place / "data", peopled=False)))
        self._machine = machine = self._world.enter_context(ruled(app, place, seed))
        people = {}
        with unit_of_work(SERVER) as session:
            kind = WorkspaceKind.CERTIFICATION_BODY
            workspace = add_workspace(session, kind=kind, name="Nordcert", now=machine.clock.now)
            cast = {
                "lena": Role.LEAD_AUDITOR,
                "aron": Role.AUDITOR,
                "ruth": Role.AUDITOR,
                "paula": Role.PROGRAMME_MANAGER,
            }
            for name, role in cast.items():
                people[name] = accounts.add_account(
                    session,
                    email=f"{name}@example.org",
                    name=name.title(),
                    language="en",
                    password_hash="!",
                    now=machine.clock.now,
                )
                accounts.add_roles(session, workspace, people[name], [role])
        self._paula = people["paula"]
        return {"workspace": workspace, "people": people, "audit": new_id()}

    def do_sign_in(self, account: str) -> Any:
        assert self._machine is not None
        return {"token": self._machine.sign_in(account)}

    def do_back_up(self) -> Any:
        assert self._machine is not None
        self._machine.back_up()
        return {}

    def do_restore(self) -> Any:
        """The last backup, if there is one."""
        assert self._machine is not None
        if self._machine.backups:
            self._machine.restore(len(self._machine.backups) - 1)
        return {}

    def do_put_back(self) -> Any:
        """The same, and nobody tells the server."""
        assert self._machine is not None
        if self._machine.backups:
            self._machine.restore(len(self._machine.backups) - 1, is_told=False)
        return {}

    def do_withdraw(self, audit: str, evidence: str) -> Any:
        """By Paula, as programme manager. By SHA-256 what went."""
        with reading(SERVER) as session:
            roles = accounts.roles_of(session, self._paula)
        try:
            return {"evidence": withdraw_evidence(self._paula, roles, audit, evidence, "Withdrawn.").evidence}
        except Refused:
            return {"evidence": []}

    def do_seen(self) -> Any:
        assert self._machine is not None
        seen = self._machine.seen()
        return {
            "epoch": seen.epoch,
            "logs": {
                audit: [
                    {
                        "data": entry.data.decode(),
                        "contentSha256": entry.content_sha256,
                        "origin": entry.origin.value,
                        "receivedAt": entry.received_at,
                    }
                    for entry in log.entries
                ]
                for audit, log in seen.logs.items()
            },
            "files": [f"{audit}/{name}" for audit, name in seen.files],
            "disk": [f"{lying.audit}/{lying.name}" for lying in seen.disk],
        }


class Silent(WSGIRequestHandler):
    """No line for each request."""

    def log(self, _kind: str, _message: str, *_more: Any) -> None:
        return


def main() -> None:
    parent = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="auditbook-torture-", dir=parent, ignore_cleanup_errors=True) as folder:
        # One thread: the world is an application context, which belongs to one.
        served = make_server("127.0.0.1", 0, Desk(Path(folder)), threaded=False, request_handler=Silent)
        sys.stdout.write(f"http://127.0.0.1:{served.server_port}\n")
        sys.stdout.flush()
        threading.Thread(target=served.serve_forever, daemon=True).start()
        sys.stdin.read()
        served.shutdown()


if __name__ == "__main__":
    main()
