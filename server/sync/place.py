"""
Where in its chain each operation of a batch belongs, before anybody asks what it says.

A chain is gapless. An operation that cannot be read has its number too, as far as the bytes or its neighbours tell,
because one bad operation must not hold up the ones behind it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from server.domain.operation import (
    SERVER_ACCOUNT,
    ChainKey,
    ErasedOperation,
    Operation,
    bytes_of,
    digest_of,
    digest_of_erased,
    parse_operation,
)
from server.domain.refusals import Refusal, Refused
from server.storage.operation_log import KnownEntry


@dataclass(slots=True)
class Arrival:
    """One operation of a batch as it came. `dseq` is its place in the sender's chain; None if it has none."""

    data: bytes
    digest: str
    operation: Operation | None
    unreadable: Refusal | None
    dseq: int | None
    prev: str | None
    content_sha256: str | None = None
    """Where the content was erased before it came."""
    is_own: bool = False
    """The bytes name the chain that sends them, also where that is all of them that can be read."""
    placed_by: str | None = None
    """Of what does not tell its number itself: the digest of the one in the batch from which it follows."""


@dataclass(slots=True)
class Tip:
    """The last operation of the unbroken chain."""

    dseq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Place:
    """
    What following the chain says about one arrival. `learnt`: predecessor whose own bytes did not tell its number; it is a branch
    where this one is.
    """

    is_branch: bool = False
    misfit: Refusal | None = None
    learnt: str | None = None


def read_arrivals(operations: Sequence[ErasedOperation | str], chain: ChainKey) -> list[Arrival]:
    """The batch as it came, each with its place in the sender's chain as far as it can be told."""
    arrivals = [_read_arrival(sent, chain) for sent in operations]
    for index in range(len(arrivals) - 1, 0, -1):
        follower, before = arrivals[index], arrivals[index - 1]
        is_without_place = before.operation is None and before.dseq is None
        if is_without_place and (follower.dseq or 0) > 1 and follower.prev in (None, before.digest):
            before.dseq, before.placed_by = (follower.dseq or 0) - 1, follower.placed_by or follower.digest
    return arrivals


def refuse_servers_own(arrivals: Sequence[Arrival]) -> None:
    """
    No tablet writes in the server's chain, and none may bring what the server wrote there: stored as somebody's, it would keep the
    server's own word out of the log when the old log is handed back after a restore. Raises Refused; nothing is stored.
    """
    if any(_claims_server(arrival) for arrival in arrivals):
        raise Refused(Refusal("operation.servers_own"))


def _claims_server(arrival: Arrival) -> bool:
    if arrival.operation is not None:
        return arrival.operation.chain.account == SERVER_ACCOUNT
    try:
        header: Any = json.loads(arrival.data.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    chain = header.get("chain") if isinstance(header, dict) else None
    return isinstance(chain, dict) and chain.get("account") == SERVER_ACCOUNT


def _read_arrival(sent: ErasedOperation | str, chain: ChainKey) -> Arrival:
    content_sha256 = sent.content_sha256 if isinstance(sent, ErasedOperation) else None
    data = bytes_of(sent.header if isinstance(sent, ErasedOperation) else sent)
    if content_sha256 is not None:
        data = data.partition(b"\n")[0]
    digest = digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256)
    operation = parse_operation(data, content_sha256)
    if isinstance(operation, Refusal):
        dseq, prev = claimed_place(data, chain)
        arrival = Arrival(data, digest, None, operation, dseq, prev, content_sha256, dseq is not None)
    else:
        dseq = operation.dseq if operation.chain == chain else None
        arrival = Arrival(data, digest, operation, None, dseq, operation.prev, content_sha256, dseq is not None)
    if content_sha256 is not None and dseq is None:
        # Only its author may say that the content is gone. From anybody else it is a text that cannot be read, under a digest of
        # its own: under the real one it would keep out the author's words.
        return Arrival(data, digest_of(data), None, Refusal("operation.content_missing"), None, None)
    return arrival


def claimed_place(data: bytes, chain: ChainKey) -> tuple[int | None, str | None]:
    """What an envelope says about its place although it cannot be understood as a whole: a newer version, for instance."""
    try:
        envelope: Any = json.loads(data.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(envelope, dict):
        return None, None
    own = {"installation": chain.installation, "account": chain.account, "audit": chain.audit}
    dseq, prev = envelope.get("dseq"), envelope.get("prev")
    if envelope.get("chain") != own or type(dseq) is not int or not 1 <= dseq < 2**53 or not isinstance(prev, str):
        return None, None
    return dseq, prev


def forget_late_places(arrivals: Sequence[Arrival], known: Mapping[str, KnownEntry]) -> None:
    """
    What cannot be read gets its number when its follower comes, or never: what had come before it tells nothing new. So the log alone
    says who has which number, also when it is handed back (server/sync/hand_back.py).
    """
    for arrival in arrivals:
        follower = known.get(arrival.placed_by or "")
        if follower is not None and follower.is_of_sender:
            arrival.dseq = None


def number_as_in_log(arrivals: Sequence[Arrival], known: Mapping[str, KnownEntry]) -> None:
    """
    Of several in a row that cannot be read, the follower names the last alone. The order of the others stands in no bytes, so they are
    numbered in the order in which the log has them, or will: as when it is handed back (server/sync/hand_back.py).
    """

    def place_in_log(arrival: Arrival) -> tuple[int, int]:
        entry = known.get(arrival.digest)
        if entry is None:
            return 2, 0
        return (1, entry.seq) if entry.is_of_sender else (0, entry.seq)

    placed = [arrival for arrival in arrivals if arrival.placed_by is not None and arrival.dseq is not None]
    for _follower, run in groupby(placed, key=lambda arrival: arrival.placed_by):
        *unnamed, _named = run
        numbers = [arrival.dseq for arrival in unnamed]
        for arrival, number in zip(sorted(unnamed, key=place_in_log), numbers, strict=True):
            arrival.dseq = number


def in_chain_order(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """By number, whatever the order in which they came; what has no number comes last."""
    return sorted(arrivals, key=lambda arrival: (arrival.dseq is None, arrival.dseq or 0))


def follow_chain(arrival: Arrival, tip: Tip, known: Mapping[str, KnownEntry]) -> Place | Refusal:
    """
    Whether an arrival continues the chain, and what it is otherwise. Moves the tip. A `Refusal` is a gap.

    A second operation for a number is a fork, and so is what follows on it: the unbroken chain never moves onto a branch.
    """
    dseq = arrival.dseq
    if dseq is None:
        return Place()
    before = known.get(arrival.prev or "")
    if before is not None and not before.is_of_sender:
        before = None
    is_learnt = before is not None and before.dseq is None and dseq > 1
    if before is not None and is_learnt and dseq - 1 <= tip.dseq:
        return Place(is_branch=True, misfit=Refusal("chain.forked"), learnt=before.digest)
    is_on_branch = before is not None and before.is_branch and before.dseq == dseq - 1
    if dseq <= tip.dseq or is_on_branch:
        return Place(is_branch=True, misfit=Refusal("chain.forked"))
    if dseq == tip.dseq + 1:
        follows = arrival.prev in (None, tip.digest)
        tip.dseq, tip.digest = dseq, arrival.digest
        return Place(misfit=None if follows else Refusal("chain.prev_mismatch"))
    if before is not None and is_learnt and dseq == tip.dseq + 2:
        tip.dseq, tip.digest = dseq, arrival.digest
        return Place(learnt=before.digest)
    return Refusal("chain.gap", {"expected": tip.dseq + 1, "got": dseq})
