"""
A piece of work in a process of its own, after which nothing of it is left in this one.

A client of S3 has threads. The process that gunicorn forks its worker from must never have had them: the worker would wait for its own
for ever.
"""

import os
import pickle
import sys
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


def in_child(work: Callable[[], Made]) -> Made:
    """What `work` gives, or raises. To be called before this process has threads. Raises RuntimeError where the child dies."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            told: tuple[bool, object] = (True, work())
        except BaseException as problem:
            told = (False, problem)
        with open(writing, "wb") as pipe:  # noqa: PTH123  a descriptor
            pipe.write(pickle.dumps(told))
        sys.stdout.flush()
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as heard:  # noqa: PTH123  a descriptor
        said = heard.read()
    os.waitpid(child, 0)
    if not said:
        raise RuntimeError("The preparation of the server ended without a word.")
    is_done, outcome = pickle.loads(said)
    if not is_done:
        raise outcome
    made: Made = outcome
    return made
