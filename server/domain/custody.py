"""
What the server signs before somebody leaves the site: up to which number it holds an audit's log, and which files of its evidence.

A receipt (receipt.py) says how far a log goes. This says that the bytes behind it have arrived, too. The running hash proves every
entry, and the births of evidence among them name each file by its SHA-256; so a tablet that has the log makes the list itself, takes
away what the answer calls lacking, and the hash over the rest has to be the one that was signed.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Custody:
    """
    All that is signed but the time. `evidence_count` files are stored whole and checked, `evidence_sha256` is the hash over their
    list (`evidence_list_hash`).
    """

    audit: str
    epoch: str
    seq: int
    hash: str
    evidence_count: int
    evidence_sha256: str


def evidence_named(births: Iterable[Any], withdrawn: Collection[str] = ()) -> list[str]:
    """
    The SHA-256 of every file that these births of evidence name, once and sorted. Births are the values of `add evidence/…`, whether
    they count or not: what is in quarantine is kept, so its bytes are to arrive as well. What was erased names nothing any more, and
    a file that was withdrawn is not waited for, whoever names it again.
    """
    hashes = {birth.get("sha256") for birth in births if isinstance(birth, dict)}
    return sorted(
        sha256 for sha256 in hashes if isinstance(sha256, str) and _SHA256.fullmatch(sha256) and sha256 not in withdrawn
    )


def evidence_list_hash(hashes: Iterable[str]) -> str:
    """SHA-256, in hex, over the sorted list: each on its line."""
    return hashlib.sha256("".join(f"{sha256}\n" for sha256 in sorted(hashes)).encode()).hexdigest()


def custody_statement(custody: Custody, at: str) -> bytes:
    """The text that is signed. Its first line says what for, so that no other signature passes for one."""
    place = f"{custody.audit}\n{custody.epoch}\n{custody.seq}\n{custody.hash}"
    return f"auditbook-custody-v1\n{place}\n{custody.evidence_count}\n{custody.evidence_sha256}\n{at}\n".encode()
