"""
Whole, verified files of evidence by their audit and their hash: what a store can do, wherever its bytes lie.

A name in a store is made of ids and hashes, never of a person's text. The database says what is evidence: a file that it does not
name yet (the power went between the two) is found again by its audit and its hash.

Each audit has its own copy. Two audits may hold the same photo, but a hash is no proof that somebody has it: whoever copied it from
a report would be handed the picture. It also keeps erasure simple: what one audit loses, no other one misses.
"""

import re
from collections.abc import Iterator, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from server.storage.disk import sha256_of_parts

SHA256 = re.compile(r"[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class BlobKey:
    """One audit's copy of a file. There is no way to ask for a hash alone."""

    workspace: str
    audit: str
    sha256: str

    @property
    def name(self) -> str:
        """`<workspace>/<audit>/<sha256>`. Raises ValueError for what is no key."""
        if not (UUID.fullmatch(self.workspace) and UUID.fullmatch(self.audit) and SHA256.fullmatch(self.sha256)):
            raise ValueError("A name in the store is made of the ids of a workspace and an audit, and a SHA-256.")
        return f"{self.workspace}/{self.audit}/{self.sha256}"


class BlobStore(Protocol):
    """
    `disk_blobs.py` and `s3_blobs.py`, under the same tests. Where the store itself does not answer, or refuses the server, each verb
    raises `Refused` (`server.store_unreachable`, `server.store_refuses`): that is never taken for a file that is gone.
    """

    def probe(self) -> None:
        """Whether it is there for this server: a bucket is listed, written and read, a disk listed. Raises `Refused`, or OSError of the disk."""

    def place(self, key: BlobKey) -> str:
        """Where a file lies, for a person to look at."""

    def put(self, key: BlobKey, source: Path) -> None:
        """Take a file over. Its content was checked; when this returns it survives a power cut, and `source` is gone."""

    def exists(self, key: BlobKey) -> bool: ...

    def among(self, workspace: str, audit: str, hashes: Set[str]) -> set[str]:
        """Of these files those that are there: many at once."""

    def size(self, key: BlobKey) -> int:
        """In bytes. Raises FileNotFoundError."""

    def chunks(self, key: BlobKey, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """`length` bytes from `start` on, or all to the end, in parts. Raises FileNotFoundError, at the first part."""

    def local_copy(self, key: BlobKey) -> AbstractContextManager[Path]:
        """A file for what can only read files; to be read and left alone. Raises FileNotFoundError."""

    def held(self, workspace: str, audit: str) -> dict[str, int]:
        """Every file in its place, by its hash: its size."""

    def audits(self) -> Iterator[tuple[str, str, str]]:
        """Workspace and audit of which anything lies here, and where. What is no such name is told as well."""

    def keep_beside(self, key: BlobKey, name: str, source: Path) -> None:
        """Take over what was derived from a file. It goes when the file is deleted."""

    def has_beside(self, key: BlobKey, name: str) -> bool: ...

    def among_beside(self, workspace: str, audit: str, hashes: Set[str], name: str) -> set[str]:
        """Of these files those that have such a thing beside them, be they here themselves or not: many at once."""

    def names_beside(self, key: BlobKey) -> list[str]:
        """Of everything that is kept beside a file."""

    def read_beside(self, key: BlobKey, name: str) -> bytes | None:
        """None where it is not there."""

    def remove_beside(self, key: BlobKey, name: str) -> None: ...

    def set_aside(self, key: BlobKey) -> str:
        """Move a file that has rotted away from its place, where the right one is put again; to where. It is kept until then."""

    def put_back(self, key: BlobKey) -> bool:
        """Whether one of those that were moved aside is whole after all, and in its place again. Raises OSError where it cannot be."""

    def remains(self, key: BlobKey) -> bool:
        """Whether anything of it is here: in its place, beside it or aside."""

    def delete(self, key: BlobKey) -> None:
        """Lawful erasure, with all that lies beside and aside. What is not there is as good as deleted."""


def is_intact(blobs: BlobStore, key: BlobKey) -> bool:
    """Whether a file is there and what its name says. What a disk cannot read is as good as gone."""
    try:
        return sha256_of_parts(blobs.chunks(key)) == key.sha256
    except OSError:
        return False
