"""
The real server in a process of its own, and a real mail server on loopback, for tests that drive a browser.

To import all of the server takes seconds. Here it is done once: `auditbook serve`, and the commands beside it, begin as copies of a
process that has imported everything and done nothing. That the command starts by itself, and ends well, is in `tests/test_cli.py`.
"""

import contextlib
import email
import email.policy
import http.client
import io
import json
import multiprocessing
import os
import random
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from email.message import EmailMessage
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

DEMO_PASSWORD = "hall three torque wrench"
START_SECONDS = 60
DIES_AT = "TORTURE_DIES_AT"
"""Where a server of tests is to kill itself (`tests/torture/points.py`). The server knows nothing of it."""

_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["server.cli", "pytest", __name__])


def free_port() -> int:
    """Not one that the system gives to a connection: a server that is down for a moment comes back under the same port."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _run(command: Sequence[str], environment: dict[str, str], said: Path, typed: str) -> None:
    """`auditbook <command>`, in the process in which this is called, which does nothing else."""
    from server.cli import main

    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.stdin = io.StringIO(typed)
    log = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    if point := environment.get(DIES_AT):
        from tests.torture.points import die_at

        die_at(point)
    sys.exit(main(command))


def _begin(command: Sequence[str], environment: dict[str, str], said: Path, typed: str = "") -> ForkServerProcess:
    # A daemon: what a test leaves behind ends with the tests.
    process = _READY.Process(target=_run, args=(command, environment, said, typed), daemon=True)
    process.start()
    return process


class Mailbox:
    """The certification body's mailbox: an SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        content = envelope.content or b""
        self.mails.append(content.encode() if isinstance(content, str) else content)
        return "250 Kept"

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def messages(self) -> list[EmailMessage]:
        return [email.message_from_bytes(mail, policy=email.policy.default) for mail in self.mails]

    def wait_for(self, count: int = 1, seconds: float = 60) -> bytes:
        """The mail that arrived as number `count`. Fails with what is there when it does not come in time."""
        deadline = time.monotonic() + seconds
        while len(self.mails) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self.mails)} of {count} mails arrived within {seconds} seconds")
            time.sleep(0.1)
        return self.mails[count - 1]

    def wait_for_report(self, reference: str, seconds: float = 60) -> bytes:
        """The mail with the report of this number. The demonstration sends those of its finished audits meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            for raw, message in zip(list(self.mails), self.messages(), strict=False):
                if f"{reference}, revision" in message["Subject"]:
                    return raw
            if time.monotonic() > deadline:
                subjects = [message["Subject"] for message in self.messages()]
                raise AssertionError(f"No report {reference} within {seconds} seconds among {subjects}")
            time.sleep(0.1)

    def __enter__(self) -> "Mailbox":
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()


class Server:
    """`auditbook serve` with a data folder of its own. It can be killed and started again like a real one."""

    def __init__(self, data: Path, smtp_port: int | None = None, port: int | None = None, **settings: str):
        self.data = data
        self.port = port or free_port()
        self.address = f"http://localhost:{self.port}"
        self._settings = {
            # Where the browser is: what begins today begins on the same day for both.
            "TZ": "Europe/Berlin",
            "AUDITBOOK_DATA": str(data),
            "AUDITBOOK_PORT": str(self.port),
            "AUDITBOOK_HOST": "127.0.0.1",
            **({"AUDITBOOK_SMTP_HOST": "127.0.0.1", "AUDITBOOK_SMTP_PORT": str(smtp_port)} if smtp_port else {}),
            **({"AUDITBOOK_SMTP_TLS": "none"} if smtp_port else {}),
            **settings,
        }
        self._process: ForkServerProcess | None = None

    def start(self, dies_at: str | None = None) -> "Server":
        """`dies_at`: a point at which it kills itself, as `die_at` in `tests/torture/points.py` takes it."""
        self.data.mkdir(parents=True, exist_ok=True)
        settings = self._environment() | ({DIES_AT: dies_at} if dies_at else {})
        self._process = _begin(["serve"], settings, self.data / "server.log")
        self._wait_until_it_answers(may_die=dies_at is not None)
        return self

    def dies(self) -> None:
        """As by a power cut: no goodbye."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int:
        assert self._process is not None and self._process.pid is not None
        return self._process.pid

    def runs(self, *command: str, typed: str = "") -> str:
        """Another command of `auditbook` beside it, with the same settings; what it said."""
        with tempfile.TemporaryDirectory() as folder:
            said = Path(folder) / "said"
            process = _begin(command, self._environment(), said, typed)
            process.join(60)
            words = said.read_text(encoding="utf-8")
        assert process.exitcode == 0, words
        return words

    def log(self) -> str:
        return (self.data / "server.log").read_text(encoding="utf-8", errors="replace")

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUDITBOOK_")}
        inherited.pop("DATABASE_URL", None)
        return inherited | self._settings

    def _end(self, by: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, by)
        self._process.join(20)
        if self._process.exitcode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.join(10)
        self._process = None

    def _wait_until_it_answers(self, *, may_die: bool) -> None:
        """`may_die`: a worker may come to the point at which it shall die before anybody has been answered."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.is_running and may_die:
                return
            if not self.is_running:
                raise AssertionError(f"The server ended at once:\n{self.log()[-4000:]}")
            try:
                with urllib.request.urlopen(f"{self.address}/api/state", timeout=2) as answer:
                    json.load(answer)
                    return
            except (OSError, http.client.HTTPException, ValueError):  # It may die in the middle of its answer.
                time.sleep(0.1)
        raise AssertionError(f"The server did not answer within {START_SECONDS} seconds:\n{self.log()[-4000:]}")

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nobody looks at what it would still put in order.
        self.dies()
