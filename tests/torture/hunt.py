"""
The hunt: many seeds, one after the other; what fails is cut down and printed with the command that tells it again.

    .venv/bin/python -m tests.torture.hunt --seeds 1000
    .venv/bin/python -m tests.torture.hunt --seed 17
"""

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from server.config import Config
from tests.postgresql import Databases, own_server
from tests.stage import Stage
from tests.torture.invariants import Broken
from tests.torture.simulator import Step, Told, plan_of, shrink, tell

MEMORY = Path("/dev/shm")


class Hunt:
    """Each story on a server over a fresh database."""

    def __init__(self, stage: Stage, folder: Path):
        self._stage = stage
        self._folder = folder
        self._told = 0

    def tell(self, seed: int, plan: Sequence[Step] | None, steps: int) -> Told:
        self._told += 1
        place = self._folder / f"story-{self._told}"
        place.mkdir()
        config = self._stage.set(place / "data", peopled=False)
        try:
            with self._stage.serving(config) as app:
                return tell(app, place, seed, plan if plan is not None else plan_of(seed, steps))
        except Exception as problem:
            # The simulator itself stumbled: as much a find as a broken invariant.
            where = traceback.extract_tb(problem.__traceback__)[-1]
            what = f"{type(problem).__name__} in {Path(where.filename).name}:{where.lineno}: {str(problem)[:300]}"
            return Told(broken=[Broken("story", what)])
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def a_hunt(database: str) -> Iterator[Hunt]:
    parent = str(MEMORY) if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="auditbook-torture-", dir=parent, ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        (place / "stage").mkdir()
        if database == "sqlite":
            hunt = Hunt(Stage(place / "stage", on_sqlite), place)
            be_quiet()
            yield hunt
            return
        with own_server(parent) as address:
            databases = Databases(address)

            def on_postgresql(data: Path, template: Config | None) -> Config:
                data.mkdir()
                url = databases.make(template.database_url if template else "")
                return Config(data=str(data), database_url=url, demo="0", worker="0")

            hunt = Hunt(Stage(place / "stage", on_postgresql), place)
            be_quiet()
            yield hunt


def be_quiet() -> None:
    """No line for each request. A server sets up its log when it is built, so this comes after it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def on_sqlite(data: Path, template: Config | None) -> Config:
    data.mkdir()
    if template:
        shutil.copyfile(template.data_folder / "auditbook.sqlite3", data / "auditbook.sqlite3")
    return Config(data=str(data), demo="0", worker="0")


def kinds(told: Told) -> set[str]:
    return {broken.invariant for broken in told.broken}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.torture.hunt", description=__doc__.strip().partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=50, help="how many stories (50)")
    parser.add_argument("--start", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--steps", type=int, default=60, help="steps of a story (60)")
    parser.add_argument("--keep", help="of the plan only these steps, by number: 0,3,17")
    parser.add_argument("--no-shrink", action="store_true", help="do not cut a failing plan down")
    parser.add_argument("--stop-at-first", action="store_true", help="end the hunt with the first find")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--sums", type=Path, help="write what was counted into this file, as JSON")
    given = parser.parse_args()
    seeds = [given.seed] if given.seed is not None else list(range(given.start, given.start + given.seeds))
    sums = Sums(asked=len(seeds), first_seed=seeds[0])
    began = time.monotonic()
    with a_hunt(given.database) as hunt:
        for number, seed in enumerate(seeds, start=1):
            plan = plan_of(seed, given.steps)
            if given.keep is not None:
                plan = [plan[int(place)] for place in given.keep.split(",")]
            told = hunt.tell(seed, plan, given.steps)
            sums.add(told)
            if told.broken:
                short = plan if given.no_shrink or given.keep else _cut_down(hunt, seed, plan, told, given.steps)
                _say(seed, told, f"--seed {seed} --steps {given.steps}", given)
                if len(short) < len(plan):
                    kept = ",".join(str(plan.index(step)) for step in short)
                    _say(
                        seed,
                        hunt.tell(seed, short, given.steps),
                        f"--seed {seed} --steps {given.steps} --keep {kept}",
                        given,
                    )
                    for rule, _ in short:
                        say(f"    {rule}")
                sums.failed[seed] = [str(broken) for broken in told.broken[:3]]
            if given.sums:
                # After each one: whoever ends this process does not take with it what was told.
                sums.write(given.sums)
            if told.broken and given.stop_at_first:
                break
            if number % 25 == 0:
                say(f"{number} of {len(seeds)} seeds, {len(sums.failed)} failed")
    seconds = round(time.monotonic() - began)
    say(
        f"{sums.told} seeds on {given.database} in {seconds} s: {len(sums.failed)} failed, {sums.operations} operations, "
        f"{sums.requests} requests, {sums.deaths_of_server} deaths of the server, {sums.deaths_of_tablet} of tablets"
    )
    return 1 if sums.failed else 0


@dataclass
class Sums:
    """What is counted over a hunt, for docs/torture-results.md."""

    asked: int
    first_seed: int
    told: int = 0
    operations: int = 0
    requests: int = 0
    deaths_of_server: int = 0
    deaths_of_tablet: int = 0
    gone: int = 0
    withdrawn: int = 0
    freed: int = 0
    by_hand: int = 0
    lost_and_told: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    disputes: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def write(self, file: Path) -> None:
        new = file.with_suffix(".new")
        new.write_text(json.dumps(vars(self)), encoding="utf-8")
        new.replace(file)

    def add(self, told: Told) -> None:
        self.told += 1
        for name in (
            "operations",
            "requests",
            "deaths_of_server",
            "deaths_of_tablet",
            "gone",
            "withdrawn",
            "freed",
            "by_hand",
            "lost_and_told",
        ):
            setattr(self, name, getattr(self, name) + getattr(told, name))
        for name in ("faults", "rules", "aside", "disputes"):
            getattr(self, name).update(getattr(told, name))
        self.broken.update(broken.invariant for broken in told.broken)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _say(seed: int, told: Told, command: str, given: argparse.Namespace) -> None:
    say(f"seed {seed}:")
    for broken in told.broken[:6]:
        say(f"  {broken}")
    database = "" if given.database == "sqlite" else f" --database {given.database}"
    say(f"  again: .venv/bin/python -m tests.torture.hunt {command}{database}")


def _cut_down(hunt: Hunt, seed: int, plan: list[Step], told: Told, steps: int) -> list[Step]:
    wanted = kinds(told)
    return shrink(lambda some: bool(kinds(hunt.tell(seed, some, steps)) & wanted), plan)


if __name__ == "__main__":
    sys.exit(main())
