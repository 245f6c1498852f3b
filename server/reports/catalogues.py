"""
Which clauses there were when a record was made: both records name the catalogue of every standard by its hash.

Before: a tablet pulled an edition, and what it was given is kept here under the hash (web/standard.py).
After:  gather.py checks the list of clauses against the very edition that the tablet had, whatever today's says.
"""

from functools import cache

from server.database import SERVER, reading, unit_of_work
from server.reports.material import Tree
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.standards.catalogue import Standard, as_contract, catalogue_tree, load_catalogue
from server.storage import Session
from server.storage.catalogues import catalogue_of_hash, keep_catalogue
from server.storage.clock import now_ms


def catalogue_sha256(standard: Standard) -> str:
    """SHA-256 over the RFC 8785 form of the edition's tree of clauses (`catalogue_tree`)."""
    return sha256_hex(_tree_bytes(standard))


def keep_served(standard: Standard) -> None:
    """
    To be called before the edition is handed out, each time: what a tablet may put into a record is then known here, whoever
    started the server, and also where a backup of before the last release was restored.
    """
    sha256 = catalogue_sha256(standard)
    with reading(SERVER) as session:
        if catalogue_of_hash(session, sha256) is not None:
            return
    with unit_of_work(SERVER) as session:
        keep_catalogue(session, sha256, standard.id, _tree_bytes(standard), now_ms())


def served_catalogue(session: Session, sha256: str) -> Tree | None:
    """The tree behind a hash: one that was handed out, or that of today."""
    for standard in load_catalogue().values():
        if catalogue_sha256(standard) == sha256:
            return catalogue_tree(as_contract(standard))
    return catalogue_of_hash(session, sha256)


@cache
def _tree_bytes(standard: Standard) -> bytes:
    return canonical_bytes(catalogue_tree(as_contract(standard)))
