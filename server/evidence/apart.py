"""A program of ours that reads what came from outside, in a process of its own that may die. See docs/adr/0010."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 60
"""Seconds on the clock, for a machine that has no time; each program's own limit is on its processor time."""
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
"""Nothing of ours: a decoder that is taken over should not find a password in it. One arena, so that memory is what is used."""


@dataclass(frozen=True, slots=True)
class Ended:
    """`code`: as the operating system says, below 0 for the signal that ended it. `said`: its standard output."""

    code: int
    said: str


def run_apart(program: str, arguments: Sequence[str]) -> Ended | None:
    """Run `program` of this folder by its path, without our packages in sight; None where it could not be run to its end."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(Path(__file__).with_name(program)), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
            timeout=TIMEOUT,
            check=False,
            text=True,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return Ended(done.returncode, done.stdout)
