"""A bad link to a server on this machine: a proxy that closes, resets or stalls connections after so many bytes, or changes one."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

PATIENCE = 0.5
"""Seconds without an answer after which a client gives a connection up."""


How = Literal["closed", "reset", "stalled"]


@dataclass(frozen=True)
class Fault:
    """What befalls a connection when `after` bytes have gone from the client to the server on it."""

    how: How
    after: int


class Link:
    """Each fault befalls one connection, one after another; when all have happened the link is a good one."""

    def __init__(
        self, port: int, faults: Sequence[Fault] = (), change: Callable[[bytes], bytes] | None = None, at: int = 0
    ):
        self._target = port
        self._faults = list(faults)
        self._change = change
        self._listener = socket.create_server(("127.0.0.1", at))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self.sent = 0
        """Bytes that clients have sent."""
        self.happened: list[str] = []

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut_everything(self) -> None:
        """As when the other side loses its power."""
        with self._lock:
            for one in self._open:
                _reset(one)

    def __enter__(self) -> "Link":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_everything()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    _reset(client)
                    continue
                with self._lock:
                    self._open += [client, server]
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()
                threading.Thread(target=_down, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := client.recv(16 * 1024):
                passed += len(data)
                with self._lock:
                    self.sent += len(data)
                    is_due = bool(self._faults) and passed >= self._faults[0].after
                    fault = self._faults.pop(0) if is_due else None
                    if fault is not None:
                        self.happened.append(fault.how)
                if fault is not None and fault.how == "stalled":
                    # Silence. The client loses patience and comes back from somewhere else; the server never hears of it.
                    time.sleep(PATIENCE)
                    _reset(client)
                    return
                server.sendall(data if self._change is None else self._change(data))
                if fault is not None:
                    for side in (client, server):
                        if fault.how == "reset":
                            _reset(side)
                        else:
                            side.shutdown(socket.SHUT_RDWR)
                    return
            server.shutdown(socket.SHUT_WR)


def _down(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := server.recv(64 * 1024):
            client.sendall(data)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        # Closing alone leaves it open where another thread is reading from it.
        one.shutdown(socket.SHUT_RD)
    one.close()
