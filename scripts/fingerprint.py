"""
Print one digest over files and folders: names and bytes, no times.

The other scripts keep it in a stamp beside what they installed or built, and do the work again only when it differs.
A digest rather than file times, because a checkout sets new times and a deleted file has none.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

PRODUCTS = {"node_modules", "dist", "coverage", "__pycache__"}


def files_below(path: Path) -> Iterator[Path]:
    """A file stands for itself; a folder for all its files, but not for what was installed or built in it."""
    if path.is_file():
        yield path
    elif path.is_dir() and path.name not in PRODUCTS:
        for child in sorted(path.iterdir()):
            yield from files_below(child)


def fingerprint(paths: list[str]) -> str:
    """The same digest means: the same files with the same content."""
    digest = hashlib.sha256()
    for path in paths:
        for file in files_below(Path(path)):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{file.as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    print(fingerprint(sys.argv[1:]))
