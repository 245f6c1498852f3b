"""A figure and what stands beside it, the processes of a server, and a proxy that counts bytes."""

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.serving import free_port

RUNS = 3

Say = Callable[[str], None]
"""Tells whoever waits what is being measured."""


@dataclass(frozen=True)
class Figure:
    """
    One line of the table: what each run gave, and beside it the same of a peer or a floor. `ratio` says how many times as much
    ours is, by the medians.
    """

    group: str
    what: str
    runs: Sequence[float]
    unit: str
    beside: str = ""
    beside_runs: Sequence[float] = ()

    @property
    def value(self) -> float:
        return statistics.median(self.runs)

    @property
    def beside_value(self) -> float | None:
        return statistics.median(self.beside_runs) if self.beside_runs else None

    @property
    def ratio(self) -> float | None:
        return self.value / self.beside_value if self.beside_value else None


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def timed(work: Callable[[], Any], runs: int = RUNS) -> list[float]:
    """Once to warm up, then the seconds of each of `runs`."""
    work()
    return [seconds(work) for _ in range(runs)]


def milliseconds(runs: Sequence[float]) -> list[float]:
    return [1000 * each for each in runs]


def processes_of(pid: int) -> list[int]:
    """A process and its children: a server often is one that watches and one that serves."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def peak_memory(pid: int) -> float:
    """Megabytes that the process had in memory at most. Pages that it shares with others are counted in each."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def size_of(folder: Path) -> int:
    """Bytes of all files below it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


class CountingProxy:
    """Stands between a client and a server and counts what goes up and down, headers included. `report` is where it says so."""

    def __init__(self, target: int):
        self._target = target
        self.port, self._report_port = free_port(), free_port()
        self.report = f"http://127.0.0.1:{self._report_port}/"
        self._up = self._down = 0

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target)

        async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, is_up: bool) -> None:
            while data := await source.read(65_536):
                self._up += len(data) if is_up else 0
                self._down += 0 if is_up else len(data)
                sink.write(data)
                await sink.drain()
            sink.close()

        await asyncio.gather(
            carry(reader, upstream_writer, True), carry(upstream_reader, writer, False), return_exceptions=True
        )

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"up": self._up, "down": self._down}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with (
            await asyncio.start_server(self._client, "127.0.0.1", self.port),
            await asyncio.start_server(self._say, "127.0.0.1", self._report_port),
        ):
            ready.set()
            await self._stop.wait()

    @contextmanager
    def running(self) -> Iterator["CountingProxy"]:
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(timeout=5)
