"""
Which entries of the log stand under a record: those that its heads lead back to, from operation to predecessor.

A head names the last operation of a chain by its digest, and every operation names the one before it. So what is covered does
not depend on what else came under the same numbers: a fork, an entry that somebody else sent in under the author's name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.domain.fold import Entry
from server.domain.operation import GENESIS, ChainKey

BESIDE_THE_CHAIN = ("operation.not_yours", "operation.reserved", "chain.forked")
"""Verdicts on what names a chain without being part of it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last operation of one chain, as a record names it."""

    chain: ChainKey
    dseq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the way back ends too early: `differs` says that another operation stands in the place of a head."""

    head: Head
    differs: bool


class ChainWalk:
    """The log by digest and by place, to be walked backwards from any head."""

    def __init__(
        self,
        entries: Iterable[Entry],
        quarantined: Mapping[str, Mapping[str, object]],
        unreadable: Iterable[tuple[str, ChainKey, int | None]] = (),
    ):
        """`unreadable` are digest, sender and number of what cannot be read: it has a place in its chain all the same."""
        self._by_digest = {entry.operation.digest: entry.operation for entry in entries}
        self._unreadable = {digest: (chain, dseq) for digest, chain, dseq in unreadable}
        self._by_place: dict[tuple[ChainKey, int], str] = {
            (chain, dseq): digest for digest, (chain, dseq) in self._unreadable.items() if dseq is not None
        }
        for digest, operation in self._by_digest.items():
            if quarantined.get(digest, {}).get("code") not in BESIDE_THE_CHAIN:
                self._by_place.setdefault((operation.chain, operation.dseq), digest)

    @property
    def unreadable(self) -> Iterable[str]:
        """The digests of what cannot be read."""
        return self._unreadable.keys()

    def back_from(self, head: Head) -> set[str] | Gap:
        """The digests from the head to the beginning of its chain, or where the log has a hole."""
        covered: set[str] = set()
        digest, dseq = head.digest, head.dseq
        while dseq > 0:
            before = self._before(head.chain, digest, dseq)
            if before is None:
                other = self._by_place.get((head.chain, head.dseq))
                return Gap(head, differs=not covered and other is not None)
            covered.add(digest)
            digest, dseq = before, dseq - 1
        return covered

    def covered_by(self, heads: Iterable[Head]) -> set[str] | Gap:
        """Everything that these heads lead back to."""
        covered: set[str] = set()
        for head in heads:
            found = self.back_from(head)
            if isinstance(found, Gap):
                return found
            covered |= found
        return covered

    def _before(self, chain: ChainKey, digest: str, dseq: int) -> str | None:
        """The digest of the predecessor; None where this one is not in the log as an operation of the chain."""
        operation = self._by_digest.get(digest)
        if operation is not None:
            if (operation.chain, operation.dseq) != (chain, dseq):
                return None
            if dseq == 1 or operation.prev in self._by_digest or operation.prev in self._unreadable:
                return operation.prev
        elif self._unreadable.get(digest) != (chain, dseq):
            return None
        # Its own bytes do not lead on: what stands one number before it in the chain does.
        return GENESIS if dseq == 1 else self._by_place.get((chain, dseq - 1), "")
