"""How many kills were lived through so far, for docs/torture-results.md: also where the next one is not."""

import os
from pathlib import Path

NAMED_BY = "TORTURE_LIVED"


def lived_through(kills: int = 1) -> None:
    """So many more, after each of which all that was promised was seen to be there."""
    if name := os.environ.get(NAMED_BY):
        with Path(name).open("a", encoding="utf-8") as file:
            file.write("x" * kills)


def count_lived(file: Path) -> int:
    return len(file.read_text(encoding="utf-8")) if file.exists() else 0
