"""
`make torture`: hunt on SQLite, a few seeds on PostgreSQL, the app's own code against the real server; then docs/torture-results.md.

    SEEDS=1000 make torture
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "torture-results.md"
LONG = 50
"""Seeds from which on every request to the storage is let fail, one after the other."""
FOUND = "## What it has found so far\n"


def main() -> int:
    seeds = int(os.environ.get("SEEDS", "50"))
    start = int(os.environ.get("START", "1"))
    with tempfile.TemporaryDirectory() as folder:
        hunts = [
            hunt(Path(folder) / "sqlite.json", seeds, start, "sqlite"),
            hunt(Path(folder) / "postgresql.json", max(2, seeds // 25), start, "postgresql"),
        ]
    clients = [drive("story", max(4, seeds // 10), start), drive("real-server", max(2, seeds // 10), start)]
    clients.append(hand_back_old_logs(seeds, start))
    RESULTS.write_text(page(hunts, clients) + found_so_far(), encoding="utf-8")
    failed = sum(len(one["failed"]) for one in hunts) + sum(one["failed"] for one in clients)
    sys.stdout.write(f"docs/torture-results.md: {failed} failed\n")
    return 1 if failed else 0


def hunt(sums: Path, seeds: int, start: int, database: str) -> dict[str, Any]:
    command = ["--seeds", str(seeds), "--start", str(start), "--database", database, "--sums", str(sums)]
    subprocess.run([sys.executable, "-m", "tests.torture.hunt", *command], cwd=ROOT, check=False)
    told: dict[str, Any] = json.loads(sums.read_text(encoding="utf-8"))
    return told


def drive(test: str, seeds: int, start: int) -> dict[str, Any]:
    """The app's own store and engine, in Node. How many seeds failed, and what was said."""
    with serving() if test == "real-server" else contextlib.nullcontext("") as address:
        settings = {"VITE_TORTURE_SEEDS": str(seeds), "VITE_TORTURE_START": str(start), "VITE_TORTURE_SERVER": address}
        settings["VITE_TORTURE_EVERY"] = "1" if seeds >= LONG else "7"
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


def page(hunts: list[dict[str, Any]], clients: list[dict[str, Any]]) -> str:
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
    losses = sum(one["broken"].get(kind, 0) for one in hunts for kind in ("I1", "I2", "I4", "I7"))
    divergences = sum(one["broken"].get(kind, 0) for one in hunts for kind in ("I3", "I5", "I6"))
    lines += [
        "",
        f"Losses: {losses}. Divergences: {divergences}. Left waiting: {sum(one['broken'].get('I8', 0) for one in hunts)}.",
        "",
        f"Beyond saving, and not counted: {sum(one['gone'] for one in hunts)} entries and files whose every copy was destroyed; "
        f"{sum(one['lost_and_told'] for one in hunts)} that a restored server could not prove any more, told on the tablets; "
        f"{sum(one['kept_back'] for one in hunts)} photos of people who may not see the audit any more, still on their tablets.",
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
    if failed or any(one["which"] for one in clients):
        lines += ["", "## Failed", ""]
        lines += [f"- seed {seed} on {database}: {'; '.join(what)}" for seed, what, database in failed]
        lines += [f"- {names[one['test']]}: seed {seed}" for one in clients for seed in one["which"]]
    return "\n".join(lines) + "\n"


def found_so_far() -> str:
    """What people wrote about faults that were found, below a heading of its own: it outlives every hunt."""
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    _, heading, kept = before.partition(FOUND)
    return f"\n{heading}{kept}" if heading else ""


def _names(hunts: list[dict[str, Any]], what: str) -> list[str]:
    return sorted({name for one in hunts for name in one[what]})


if __name__ == "__main__":
    sys.exit(main())
