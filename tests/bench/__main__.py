"""
Usage: python -m tests.bench [PART ...]      (make bench)

Measure everything, or some parts. The table goes to standard output, what is being done to standard error, the figures to var/bench/.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import batches, folds, reports, start, sync
from tests.bench.measuring import Figure, Say
from tests.bench.node import build

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var/bench"
PARTS: dict[str, Callable[[Say], list[Figure]]] = {
    "sync": sync.measure,
    "batches": batches.measure,
    "folds": folds.measure,
    "reports": reports.measure,
    "start": start.measure,
}


def main(wanted: list[str]) -> int:
    if unknown := sorted(set(wanted) - set(PARTS)):
        say(f"There is no part {unknown[0]}; there are {', '.join(PARTS)}.")
        return 2
    began = time.monotonic()
    build()
    figures: list[Figure] = []
    for name in wanted or PARTS:
        figures += PARTS[name](say)
    facts = about_this_run() | {"took_s": round(time.monotonic() - began)}
    print(f"{facts['machine']}; {facts['at']}; commit {facts['commit']}; {facts['took_s']} s\n")
    print(table(figures))
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{facts['at'].replace(':', '')}.json"
    rows = [asdict(figure) | {"ratio": figure.ratio} for figure in figures]
    file.write_text(json.dumps(facts | {"figures": rows}, indent=1), encoding="utf-8")
    say(f"written to {file.relative_to(ROOT)}")
    return 0


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def table(figures: list[Figure]) -> str:
    lines = ["| measured | Auditbook | beside | its figure | ratio |", "|---|---:|---|---:|---:|"]
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            lines.append(f"| **{group}** | | | | |")
        theirs = "" if figure.beside_value is None else written(figure.beside_value, figure.unit)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2g}" if figure.ratio < 10 else f"{figure.ratio:.0f}"
        lines.append(f"| {figure.what} | {written(figure.value, figure.unit)} | {figure.beside} | {theirs} | {ratio} |")
    return "\n".join(lines)


def written(value: float, unit: str) -> str:
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def about_this_run() -> dict[str, str]:
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
        "machine": f"{os.cpu_count()} x {cpu}, {memory:.0f} GB, Python {platform.python_version()}",
        "commit": commit or "unknown",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
