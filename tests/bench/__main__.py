"""
Usage: python -m tests.bench [SUBJECT ...]      (make bench)

Measure everything, or some subjects. The table goes to standard output, what is being done to standard error, and the figures of each
subject to var/bench/<subject>.json: by name, every run with median, least and most.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysqlite3

from tests.bench import batches, folds, reports, start, sync
from tests.bench.measuring import Figure, Say
from tests.bench.node import build
from tests.e2e.browser import chromium

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var/bench"
SUBJECTS: dict[str, Callable[[Say], list[Figure]]] = {
    "sync": sync.measure,
    "batches": batches.measure,
    "folds": folds.measure,
    "reports": reports.measure,
    "start": start.measure,
}


def main(wanted: list[str]) -> int:
    if unknown := sorted(set(wanted) - set(SUBJECTS)):
        say(f"There is no subject {unknown[0]}; there are {', '.join(SUBJECTS)}.")
        return 2
    build()
    figures: list[Figure] = []
    facts = about_this_run()
    print(f"{facts['machine']}; {', '.join(facts['versions'].values())}; {facts['at']}; commit {facts['commit']}\n")
    for name in wanted or SUBJECTS:
        began = time.monotonic()
        measured = SUBJECTS[name](say)
        keep(name, about_this_run() | {"took_s": round(time.monotonic() - began)}, measured)
        figures += measured
    print(table(figures))
    return 0


def keep(subject: str, facts: dict[str, Any], figures: list[Figure]) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{subject}.json"
    rows = {
        " · ".join(filter(None, (figure.group, figure.what, figure.beside))): {
            "unit": figure.unit,
            **spread(figure.runs),
            **({"beside": spread(figure.beside_runs), "ratio": figure.ratio} if figure.beside_runs else {}),
        }
        for figure in figures
    }
    file.write_text(json.dumps({"subject": subject, **facts, "figures": rows}, indent=1) + "\n", encoding="utf-8")
    say(f"written to {file.relative_to(ROOT)}")


def spread(runs: Sequence[float]) -> dict[str, Any]:
    return {"median": statistics.median(runs), "least": min(runs), "most": max(runs), "runs": list(runs)}


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def table(figures: list[Figure]) -> str:
    lines = ["| measured | Auditbook | beside | its figure | ratio |", "|---|---:|---|---:|---:|"]
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            lines.append(f"| **{group}** | | | | |")
        theirs = "" if figure.beside_value is None else shown(figure.beside_runs, figure.unit)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2g}" if figure.ratio < 10 else f"{figure.ratio:.0f}"
        lines.append(f"| {figure.what} | {shown(figure.runs, figure.unit)} | {figure.beside} | {theirs} | {ratio} |")
    return "\n".join(lines)


def shown(runs: Sequence[float], unit: str) -> str:
    """The median, and how far the runs lie apart where they do."""
    value, least, most = (written(each) for each in (statistics.median(runs), min(runs), max(runs)))
    return f"{value} {unit}".strip() + (f" ({least} to {most})" if least != most else "")


def written(value: float) -> str:
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def about_this_run() -> dict[str, Any]:
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} x {cpu}, {memory:.0f} GB, load {os.getloadavg()[0]:.1f}",
        "versions": versions(),
        "commit": commit or "unknown",
    }


def versions() -> dict[str, str]:
    def said(*command: str) -> str:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    return {
        "python": f"Python {platform.python_version()}",
        "node": f"Node {said('scripts/node.sh', 'node', '--version')}",
        "sqlite": f"SQLite {pysqlite3.sqlite_version}",
        "chromium": said(chromium(), "--version"),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
