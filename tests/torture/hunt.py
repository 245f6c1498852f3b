"""
The hunt: many seeds, one after the other; what fails is cut down and printed with the command that tells it again.

    .venv/bin/python -m tests.torture.hunt --seeds 1000
    .venv/bin/python -m tests.torture.hunt --seed 17 --shrink
"""

import argparse
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
    parser.add_argument("--shrink", action="store_true", help="cut a failing plan down")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    seeds = [given.seed] if given.seed is not None else range(given.start, given.start + given.seeds)
    failed: dict[int, Told] = {}
    sums: Counter[str] = Counter()
    began = time.monotonic()
    with a_hunt(given.database) as hunt:
        for seed in seeds:
            plan = plan_of(seed, given.steps)
            if given.keep is not None:
                plan = [plan[int(number)] for number in given.keep.split(",")]
            told = hunt.tell(seed, plan, given.steps)
            sums.update({"operations": told.operations, "requests": told.requests})
            if given.seed is not None:
                print(told)
            if told.broken:
                failed[seed] = told
                print(f"seed {seed}:")
                for broken in told.broken[:8]:
                    print(f"  {broken}")
                sys.stdout.flush()
                if given.shrink:
                    _cut_down(hunt, seed, plan, told, given.steps)
    took = time.monotonic() - began
    print(f"{len(list(seeds))} seeds in {took:.0f} s, {len(failed)} failed; {dict(sums)}")
    return 1 if failed else 0


def _cut_down(hunt: Hunt, seed: int, plan: list[Step], told: Told, steps: int) -> None:
    wanted = kinds(told)
    numbered = list(enumerate(plan))

    def fails(some: Sequence[tuple[int, Step]]) -> bool:
        return bool(kinds(hunt.tell(seed, [step for _, step in some], steps)) & wanted)

    short = shrink(fails, numbered)
    again = hunt.tell(seed, [step for _, step in short], steps)
    print("  the shortest that still fails:")
    for number, (rule, _) in short:
        print(f"    {number:3d} {rule}")
    for broken in again.broken[:6]:
        print(f"  {broken}")
    kept = ",".join(str(number) for number, _ in short)
    print(f"  again: .venv/bin/python -m tests.torture.hunt --seed {seed} --steps {steps} --keep {kept}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
