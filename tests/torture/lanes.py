"""
The parts of a hunt, each in a process of its own; and what each has really done, also where it failed or died.

Nothing here is taken from what was asked for: a seed counts when its story was told, a kill when what came after it was looked at.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.lived import NAMED_BY, count_lived

ROOT = Path(__file__).parents[2]
TABLES = ("faults", "rules", "aside", "disputes", "broken")


@dataclass
class Part:
    """Of one lane so many seeds or kills from `start` on: what was asked for, and what was done."""

    lane: str
    start: int
    asked: int
    done: int = 0
    failed: dict[int, list[str]] = field(default_factory=dict)
    """By seed what did not hold."""
    trouble: list[str] = field(default_factory=list)
    """What failed beside seeds: it ended before it was through, or a test without a seed failed."""
    counts: Counter[str] = field(default_factory=Counter)
    tables: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in TABLES})

    @property
    def not_done(self) -> int:
        return max(0, self.asked - self.done)

    @property
    def is_whole(self) -> bool:
        return not (self.failed or self.trouble or self.not_done)

    def add(self, other: "Part") -> None:
        self.start = min(self.start, other.start)
        self.asked += other.asked
        self.done += other.done
        self.failed |= other.failed
        self.trouble += other.trouble
        self.counts += other.counts
        for name in TABLES:
            self.tables[name] += other.tables[name]


def attempt(work: Callable[[Part, Path], None], lane: str, seeds: tuple[int, int], folder: Path) -> Part:
    """A part is carried out, whatever happens in it. What it had done until then counts."""
    asked, start = seeds
    part = Part(lane, start, asked)
    try:
        work(part, folder)
    except Exception as problem:
        part.trouble.append(f"from {start} on: {type(problem).__name__}: {str(problem)[:200]}")
    if part.not_done and not part.trouble:
        part.trouble.append(f"from {start} on: {part.done} of {asked} were done, and nothing says why not all")
    return part


def run(command: Sequence[str | Path], settings: Mapping[str, str], where: Path = ROOT) -> tuple[int, str]:
    """What it ended with, and what it said."""
    done = subprocess.run(
        command,
        cwd=where,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout[-4000:])
    return done.returncode, done.stdout


# --- Model tablets


def hunt(part: Part, folder: Path) -> None:
    """`tests/torture/hunt.py`, which writes down after each story what was counted so far."""
    sums = folder / f"{part.lane}-{part.start}.json"
    told = ["--seeds", str(part.asked), "--start", str(part.start), "--database", part.lane, "--sums", str(sums)]
    code, said = run([sys.executable, "-m", "tests.torture.hunt", *told], {})
    if sums.exists():
        read_sums(part, json.loads(sums.read_text(encoding="utf-8")))
    if code not in (0, 1) or (code == 1 and not part.failed):
        part.trouble.append(_how_it_ended(part, code, said))


def read_sums(part: Part, sums: Mapping[str, Any]) -> None:
    part.done = sums["told"]
    part.failed = {int(seed): what for seed, what in sums["failed"].items()}
    for name, value in sums.items():
        if name in TABLES:
            part.tables[name].update(value)
        elif isinstance(value, int) and name not in ("told", "asked", "first_seed"):
            part.counts[name] += value


# --- The app's own code


def drive(test: str, part: Part, every: str = "61") -> None:
    """The app's own store and engine, in Node. `every`: of the requests to the storage each so many-th fails."""
    with serving() if test == "real-server" else contextlib.nullcontext("") as address:
        settings = {"VITE_TORTURE_SEEDS": str(part.asked), "VITE_TORTURE_START": str(part.start)}
        settings |= {"VITE_TORTURE_EVERY": every, "NO_COLOR": "1"}
        if address:
            settings["VITE_TORTURE_SERVER"] = address
        command: list[str | Path] = [
            ROOT / "scripts" / "node.sh",
            "npx",
            "vitest",
            "run",
            f"src/torture/{test}.test.ts",
        ]
        code, said = run(command, settings, ROOT / "pwa")
    read_driven(part, code, said)


def read_driven(part: Part, code: int, said: str) -> None:
    """Each story says when it is told (`pwa/src/torture/say.ts`); vitest says which tests failed."""
    told = {}
    for line in re.findall(r"^told (\{.*\})$", said, re.MULTILINE):
        with contextlib.suppress(ValueError):
            read: dict[str, Any] = json.loads(line)
            told[int(read["seed"])] = read
    for seed, one in told.items():
        if one["broken"]:
            part.failed[seed] = one["broken"][:3]
            part.tables["broken"].update(str(what).partition(":")[0] for what in one["broken"])
        part.counts["operations"] += one["operations"]
        part.counts["deaths_of_tablet"] += one["powerCuts"]
        part.tables["faults"].update(one["faults"])
    unseeded = set()
    for name in re.findall(r"^ *[×✗] (.*?)(?: \d+ ?ms)?$", said, re.MULTILINE):
        if named := re.search(r"\(seed (\d+)\)", name):
            part.failed.setdefault(int(named[1]), ["story: the test failed without saying what is broken"])
        else:
            unseeded.add(name.strip())
    part.trouble += sorted(unseeded)
    part.done = len(told.keys() | part.failed.keys())
    if code != 0 and (part.not_done or not (part.failed or unseeded)):
        part.trouble.append(_how_it_ended(part, code, said))


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


# --- Logs that are handed back


def hand_back_old_logs(part: Part, _folder: Path) -> None:
    """Random logs that are backed up, restored, handed back and compared: `tests/sync/test_old_logs.py`."""
    settings = {"OLD_LOGS": str(part.asked), "START": str(part.start)}
    command = [sys.executable, "-m", "pytest", "tests/sync/test_old_logs.py", "-v", "--tb=short", "--show-capture=no"]
    code, said = run(command, settings)
    read_old_logs(part, code, said)


def cut_everywhere(part: Part, _folder: Path) -> None:
    """A batch, plain and packed, cut at every byte: `tests/web/test_body.py`. Two to be done."""
    command = [sys.executable, "-m", "pytest", "tests/web/test_body.py", "-v", "-k", "cut_anywhere", "--tb=short"]
    code, said = run(command, {"CUT_EVERY": "1"})
    seen = re.findall(r"^tests/web/test_body\.py::\w+\[(plain|packed)\] (PASSED|FAILED|ERROR)", said, re.MULTILINE)
    part.failed = {["plain", "packed"].index(which): ["it left something"] for which, how in seen if how != "PASSED"}
    part.done = len({which for which, _ in seen})
    if code != 0 and (part.not_done or not part.failed):
        part.trouble.append(_how_it_ended(part, code, said))


def read_old_logs(part: Part, code: int, said: str) -> None:
    seen = re.findall(r"^tests/sync/test_old_logs\.py::\w+\[(\d+)\] (PASSED|FAILED|ERROR)", said, re.MULTILINE)
    part.failed = {int(seed): ["it did not come back as it was"] for seed, how in seen if how != "PASSED"}
    part.done = len({seed for seed, _ in seen})
    if code != 0 and (part.not_done or not part.failed):
        part.trouble.append(_how_it_ended(part, code, said))


# --- Kills


def kill(test: str, part: Part, folder: Path) -> None:
    """`kill -9` so many times; how many of them were lived through, says the test as it goes (`tests/torture/lived.py`)."""
    lived = folder / f"{test}-{part.start}"
    settings = {"KILLS": str(part.asked), "START": str(part.start), NAMED_BY: str(lived)}
    command = [sys.executable, "-m", "pytest", f"tests/torture/{test}.py", "-q", "--tb=short", "--show-capture=no"]
    code, said = run(command, settings)
    part.done = count_lived(lived)
    if code != 0:
        part.trouble.append(_how_it_ended(part, code, said))


def _how_it_ended(part: Part, code: int, said: str) -> str:
    """In one line of a page, with the last thing that it said."""
    failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
    last = next((line for line in [*failed[:1], *reversed(said.splitlines())] if line.strip()), "")
    last = last.replace("|", "/").replace("`", "'").strip()[:200]
    return f"from {part.start} on: it ended with {code} after {part.done} of {part.asked}, with the words `{last}`"
