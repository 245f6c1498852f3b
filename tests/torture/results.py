"""
`make torture`: hunt on SQLite, a few seeds on PostgreSQL, the app's own code against the real server, on every processor; then
docs/torture-results.md.

    SEEDS=1000 make torture
"""

import itertools
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml

from tests.torture.lanes import Part, attempt, cut_everywhere, drive, hand_back_old_logs, hunt, kill
from tests.torture.page import KILLED, RESULTS, Began, found_so_far, head, page
from tests.torture.points import OF_SERVER, OF_WORKER

LONG = 50
"""Seeds from which on every request to the storage is let fail, one after the other."""
PIECE = 50
"""Seeds of a part of the hunt on SQLite: small enough that no processor is idle for long at the end."""
KILLS = {
    "test_kill_browser": (4, 10_000),
    "test_kill": (10, 25),
    "test_kill_worker": (10, 30),
    "test_kill_points": (10, 10_000),
}
"""What is killed, once for so many seeds; and how often in one piece."""
NAMED = 2 * max(len(OF_SERVER), len(OF_WORKER))
"""Kills after which each named point was passed once: half of them are the server's, half the worker's."""
FINDS = Path(__file__).with_name("finds.yaml")

Work = Callable[[Part, Path], None]


def main() -> int:
    seeds = int(os.environ.get("SEEDS", "50"))
    start = int(os.environ.get("START", "1"))
    began = Began.now()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count() or 1) as lanes:
        # One after the other from a queue, as many at once as there are processors; first what takes longest in one piece.
        running = [
            lanes.submit(attempt, work, lane, part, Path(folder))
            for lane, work, how_many, pieces in plan(seeds, os.cpu_count() or 1)
            for part in parts_of(how_many, start, pieces)
        ]
        parts = [one.result() for one in running]
    finds = yaml.safe_load(FINDS.read_text(encoding="utf-8"))
    RESULTS.write_text(page(parts, began, datetime.now(UTC), head()) + found_so_far(finds), encoding="utf-8")
    failed = [part for part in parts if not part.is_whole]
    sys.stdout.write(f"docs/torture-results.md: {len(failed)} of {len(parts)} parts failed\n")
    return 1 if failed else 0


def plan(seeds: int, workers: int) -> list[tuple[str, Work, int, int]]:
    """By lane what is run, how many seeds or kills, in how many pieces."""
    every = "1" if seeds >= LONG else "7"
    lanes: list[tuple[str, Work, int, int]] = [
        ("story", lambda part, _: drive("story", part, every), max(4, seeds // 10), 1),
        ("postgresql", hunt, max(2, seeds // 25), 2),
        ("sqlite", hunt, seeds, max(workers, seeds // PIECE)),
    ]
    for test, (share, most) in KILLS.items():
        assert test in KILLED
        kills = max(NAMED if test == "test_kill_points" else 3, seeds // share // 2 * 2)
        lanes.append((test, partial(kill, test), kills, -(-kills // most)))
    return [
        *lanes,
        ("real-server", lambda part, _: drive("real-server", part), max(2, seeds // 10), workers),
        ("old-logs", hand_back_old_logs, seeds, workers),
        ("cuts", cut_everywhere, 2, 1),
    ]


def parts_of(seeds: int, start: int, parts: int) -> list[tuple[int, int]]:
    """So many seeds from a first one on, in parts: how many, and the first of each."""
    parts = max(1, min(parts, seeds))
    bounds = [start + seeds * number // parts for number in range(parts + 1)]
    return [(end - begin, begin) for begin, end in itertools.pairwise(bounds)]


if __name__ == "__main__":
    sys.exit(main())
