"""
`make torture`: hunt on SQLite, a few seeds on PostgreSQL, the app's own code against the real server, on every processor; then
docs/torture-results.md.

    SEEDS=1000 make torture
"""

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "torture-results.md"
LONG = 50
"""Seeds from which on every request to the storage is let fail, one after the other."""
PART = 50
"""Seeds of a part of the hunt on SQLite: small enough that no processor is idle for long at the end."""
KILLED = (("test_kill_browser", 4, 10_000), ("test_kill", 10, 25), ("test_kill_worker", 10, 30))
"""What is killed, once for so many seeds; and how often in one piece."""
KILLED_NAMES = {
    "test_kill_browser": "Chromium with the app's own store, between tap and commit and right after what it called saved",
    "test_kill": "the server, while tablets push, pull and send photos",
    "test_kill_worker": "the server, while its worker makes reports and mails them",
}
FINDS = Path(__file__).with_name("finds.yaml")


def main() -> int:
    seeds = int(os.environ.get("SEEDS", "50"))
    start = int(os.environ.get("START", "1"))
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as lanes:
        # One after the other from a queue, as many at once as there are processors; first what takes longest in one piece.
        every = lanes.submit(
            drive, "story", *_parts(max(4, seeds // 10), start, 1)[0], every="1" if seeds >= LONG else "7"
        )
        hunts = {
            database: [
                lanes.submit(hunt, Path(folder) / f"{database}-{first}.json", count, first, database)
                for count, first in _parts(how_many, start, parts)
            ]
            for database, how_many, parts in (
                ("postgresql", max(2, seeds // 25), 2),
                ("sqlite", seeds, max(workers, seeds // PART)),
            )
        }
        killed = []
        for test, share, most in KILLED:
            kills = max(3, seeds // share)
            killed.append([lanes.submit(kill, test, *part) for part in _parts(kills, start, -(-kills // most))])
        clients = [
            [every],
            [lanes.submit(drive, "real-server", *part) for part in _parts(max(2, seeds // 10), start, workers)],
            [lanes.submit(hand_back_old_logs, *part) for part in _parts(seeds, start, workers)],
        ]
        told = [_together([part.result() for part in hunts[name]]) for name in ("sqlite", "postgresql")]
        driven = [_together([part.result() for part in parts]) for parts in clients]
        died = [_together([part.result() for part in parts]) for parts in killed]
    RESULTS.write_text(page(told, driven, died) + found_so_far(_finds()), encoding="utf-8")
    failed = sum(len(one["failed"]) for one in told) + sum(one["failed"] for one in [*driven, *died])
    sys.stdout.write(f"docs/torture-results.md: {failed} failed\n")
    return 1 if failed else 0


def _parts(seeds: int, start: int, parts: int) -> list[tuple[int, int]]:
    """So many seeds from a first one on, in parts: how many, and the first of each."""
    parts = max(1, min(parts, seeds))
    bounds = [start + seeds * number // parts for number in range(parts + 1)]
    return [(end - begin, begin) for begin, end in itertools.pairwise(bounds)]


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """What the parts of one hunt counted. The first of them began with the first seed."""
    whole = parts[0]
    for part in parts[1:]:
        for name, value in part.items():
            if name in ("database", "first_seed", "start", "test"):
                continue
            if isinstance(value, dict):
                counted = whole[name]
                for key, more in value.items():
                    counted[key] = more if key not in counted else counted[key] + more
            else:
                whole[name] += value
    return whole


def hunt(sums: Path, seeds: int, start: int, database: str) -> dict[str, Any]:
    command = ["--seeds", str(seeds), "--start", str(start), "--database", database, "--sums", str(sums)]
    subprocess.run([sys.executable, "-m", "tests.torture.hunt", *command], cwd=ROOT, check=False)
    told: dict[str, Any] = json.loads(sums.read_text(encoding="utf-8"))
    return told


def drive(test: str, seeds: int, start: int, every: str = "61") -> dict[str, Any]:
    """The app's own store and engine, in Node. How many seeds failed. `every`: of the requests to the storage each so many-th fails."""
    with serving() if test == "real-server" else contextlib.nullcontext("") as address:
        settings = {"VITE_TORTURE_SEEDS": str(seeds), "VITE_TORTURE_START": str(start), "VITE_TORTURE_SERVER": address}
        settings["VITE_TORTURE_EVERY"] = every
        done = subprocess.run(
            [ROOT / "scripts" / "node.sh", "npx", "vitest", "run", f"src/torture/{test}.test.ts"],
            cwd=ROOT / "pwa",
            env={**os.environ, **{name: value for name, value in settings.items() if value}, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    sys.stdout.write(done.stdout[-4000:])
    failed = sorted(set(map(int, re.findall(r"× .*\(seed (\d+)\)", done.stdout))))
    return {
        "test": test,
        "seeds": seeds,
        "start": start,
        "failed": len(failed) or int(done.returncode != 0),
        "which": failed,
    }


def hand_back_old_logs(seeds: int, start: int) -> dict[str, Any]:
    """Random logs that are backed up, restored, handed back and compared: `tests/sync/test_old_logs.py`. How many seeds failed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/sync/test_old_logs.py", "-q", "--tb=short", "--show-capture=no"],
        cwd=ROOT,
        env={**os.environ, "OLD_LOGS": str(seeds), "START": str(start)},
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout[-4000:])
    failed = sorted({int(seed) for seed in re.findall(r"^(?:FAILED|ERROR) .*\[(\d+)\]", done.stdout, re.MULTILINE)})
    return {
        "test": "old-logs",
        "seeds": seeds,
        "start": start,
        "failed": len(failed) or int(done.returncode != 0),
        "which": failed,
    }


def kill(test: str, kills: int, start: int) -> dict[str, Any]:
    """`kill -9` so many times. Whether one of them was not survived."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"tests/torture/{test}.py", "-q", "--tb=short", "--show-capture=no"],
        cwd=ROOT,
        env={**os.environ, "KILLS": str(kills), "START": str(start)},
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout[-4000:])
    failed = int(done.returncode != 0)
    return {"test": test, "kills": kills, "start": start, "failed": failed, "which": [start] if failed else []}


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of the server under torture."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.torture.serve"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def page(hunts: list[dict[str, Any]], clients: list[dict[str, Any]], killed: list[dict[str, Any]]) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = [
        "# What the last hunt gave",
        "",
        f"Written by `make torture` on {datetime.now(UTC):%Y-%m-%d}, at commit {commit}. What it looks for stands in `testing.md`.",
        "",
        "| simulator | seeds | operations | requests | server died | tablet died | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in hunts:
        lines.append(
            f"| model tablets, {one['database']} | {one['seeds']} from {one['first_seed']} | {one['operations']} | {one['requests']} "
            f"| {one['deaths_of_server']} | {one['deaths_of_tablet']} | {len(one['failed'])} |"
        )
    names = {
        "story": "the app's code, model server",
        "real-server": "the app's code, real server",
        "old-logs": "logs handed back, sqlite",
    }
    for one in clients:
        lines.append(f"| {names[one['test']]} | {one['seeds']} from {one['start']} | | | | | {one['failed']} |")
    lines += ["", "| killed by `kill -9` | times | failed |", "|---|---|---|"]
    lines += [f"| {KILLED_NAMES[one['test']]} | {one['kills']} | {one['failed']} |" for one in killed]
    losses = sum(one["broken"].get(kind, 0) for one in hunts for kind in ("I1", "I2", "I4", "I7", "I10"))
    divergences = sum(one["broken"].get(kind, 0) for one in hunts for kind in ("I3", "I5", "I6"))
    lines += [
        "",
        f"Losses: {losses}. Divergences: {divergences}. Left waiting: {sum(one['broken'].get('I8', 0) for one in hunts)}. "
        f"Withdrawn and still somewhere: {sum(one['broken'].get('I9', 0) for one in hunts)}.",
        "",
        f"Taken out by hand: {sum(one['by_hand'] for one in hunts)} entries. Evidence withdrawn: "
        f"{sum(one['withdrawn'] for one in hunts)} files. Freed on tablets: {sum(one['freed'] for one in hunts)} photos.",
        "",
        f"Beyond saving, and not counted: {sum(one['gone'] for one in hunts)} entries and files whose every copy was destroyed; "
        f"{sum(one['lost_and_told'] for one in hunts)} that a restored server could not prove any more, told on the tablets.",
        "",
        "| fault of the line | times |",
        "|---|---|",
    ]
    lines += [f"| {name} | {sum(one['faults'].get(name, 0) for one in hunts)} |" for name in _names(hunts, "faults")]
    lines += ["", "| step | times |", "|---|---|"]
    lines += [f"| {name} | {sum(one['rules'].get(name, 0) for one in hunts)} |" for name in _names(hunts, "rules")]
    lines += ["", "| set aside, in the end | entries |", "|---|---|"]
    lines += [f"| `{name}` | {sum(one['aside'].get(name, 0) for one in hunts)} |" for name in _names(hunts, "aside")]
    failed = [(seed, what, one["database"]) for one in hunts for seed, what in one["failed"].items()]
    if failed or any(one["which"] for one in [*clients, *killed]):
        lines += ["", "## Failed", ""]
        lines += [f"- seed {seed} on {database}: {'; '.join(what)}" for seed, what, database in failed]
        lines += [f"- {names[one['test']]}: seed {seed}" for one in clients for seed in one["which"]]
        lines += [f"- {KILLED_NAMES[one['test']]}: START={start}" for one in killed for start in one["which"]]
    return "\n".join(lines) + "\n"


def _finds() -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load(FINDS.read_text(encoding="utf-8"))
    return found


def found_so_far(finds: Iterable[Mapping[str, str]]) -> str:
    """The faults that were ever found, with their seeds, as people wrote them down in finds.yaml; and the commits that mended them."""
    lines = [
        "",
        "## What it has found so far",
        "",
        "Kept in `tests/torture/finds.yaml`. A seed tells the same story only with the same rules, so these are of the day on which they were found.",
        "",
        "| seed | what | what became of it | mended by |",
        "|---|---|---|---|",
    ]
    for find in finds:
        mend = find.get("commit")
        commit = "" if mend is None else f"{_commit_of(mend)} {mend}".strip()
        lines.append(f"| {find['seed']} | {find['what']} | {find['became']} | {commit} |")
    return "\n".join(lines) + "\n"


def _commit_of(subject: str) -> str:
    """The short hash of the commit with this subject, which outlives a rebase; empty where the history is not here."""
    done = subprocess.run(["git", "log", "--format=%h %s"], cwd=ROOT, capture_output=True, text=True, check=False)
    return next((line.partition(" ")[0] for line in done.stdout.splitlines() if line.partition(" ")[2] == subject), "")


def _names(hunts: list[dict[str, Any]], what: str) -> list[str]:
    return sorted({name for one in hunts for name in one[what]})


if __name__ == "__main__":
    sys.exit(main())
