"""
Prove a log by its own bytes: what stands in it is what was put there, nothing is missing, and what was derived from it still agrees.

Each entry is hashed again, its place in the running hash and in its chain is followed again, and the server's words about it are
compared with what the columns repeat of them. Two passes of a log, in parts; in memory stand only the entries that were judged, and those that lists are made from.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from server.database import SERVER, reading
from server.domain.fold import fold_log
from server.domain.operation import (
    GENESIS,
    SERVER_ACCOUNT,
    Operation,
    advance_running_hash,
    digest_of,
    digest_of_erased,
    parse_operation,
)
from server.domain.refusals import SENTENCES
from server.domain.team import fold_team
from server.domain.vocabulary import OperationKind, Origin
from server.storage import Session, audits, inspection
from server.storage.inspection import HeadRow, Log, Unreadable
from server.storage.operation_log import APPLIED, QUARANTINED, load_entries, load_team_entries

Verifies = Callable[[Log, HeadRow], bool]
"""Whether the key of this row made its signature."""

_MOST = 20
"""Sentences about one log: where everything is wrong, nobody reads a thousand."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One log, with what is wrong with it."""

    log: Log
    entries: int
    complaints: tuple[str, ...]


def examine_logs(verifies: Verifies) -> Iterator[Examined]:
    """Every log, one after the other; each as it stands at one instant. To be called with an app context."""
    with reading(SERVER) as session:
        every = [log.id for log in inspection.logs(session)]
    for one in every:
        with reading(SERVER, is_steady=True) as session:
            log = inspection.find_log(session, one)
            if log is not None:
                yield _examine(session, log, verifies)


def _examine(session: Session, log: Log, verifies: Verifies) -> Examined:
    complaints: list[str] = []
    walk = _Walk()
    try:
        for row in inspection.entries(session, log.id):
            complaints += walk.follow(row)
        complaints += walk.end(log)
        complaints += _chains(session, log)
        complaints += _heads(session, log, verifies)
        complaints += _lists(session, log)
    except Unreadable as problem:
        complaints.append(f"the database cannot read it: {problem}")
    more = len(complaints) - _MOST
    told = [*complaints[:_MOST], f"and {more} more"] if more > 0 else complaints
    return Examined(log, walk.seq, tuple(told))


@dataclass(slots=True)
class _Walk:
    """Through a log by its numbers."""

    seq: int = 0
    hash: str = GENESIS
    latest: int = 0
    shown: dict[str, tuple[int, str, str | None, int | None]] = field(default_factory=dict)
    """What the columns say of entries that were judged, by digest: number, state, code, and since when it counts."""
    said: dict[str, tuple[str, str | None, int | None]] = field(default_factory=dict)
    """The server's last word on each digest."""
    numbers: dict[str, int] = field(default_factory=dict)

    def follow(self, row: Any) -> Iterator[str]:
        if row.seq != self.seq + 1:
            missing = f"entry {self.seq + 1}" if row.seq == self.seq + 2 else f"entries {self.seq + 1} to {row.seq - 1}"
            yield f"{missing} missing: the numbers go from {self.seq} to {row.seq}"
        digest = digest_of(row.data) if row.content_sha256 is None else digest_of_erased(row.data, row.content_sha256)
        if digest != row.digest:
            yield f"the bytes of entry {row.seq} are not those that were stored: they do not give its digest"
        if advance_running_hash(self.hash, row.digest, Origin(row.origin), row.received_at) != row.hash:
            yield f"the running hash does not lead to entry {row.seq}: it, its origin, its time of receipt or one before it was changed"
        operation = parse_operation(row.data, row.content_sha256)
        if isinstance(operation, Operation):
            yield from self._columns(row, operation)
            self._hear(row, operation)
        elif row.kind is not None:
            yield f"entry {row.seq} could be read when it came, and its bytes cannot be read any more"
        if row.verdict is not None:
            self.shown[row.digest] = (row.seq, row.verdict, row.verdict_code, row.since)
        self.numbers.setdefault(row.digest, row.seq)
        self.seq, self.hash, self.latest = row.seq, row.hash, max(self.latest, row.received_at)

    def _columns(self, row: Any, operation: Operation) -> Iterator[str]:
        """Derived from the bytes when it came. What could not be read then, and can be by a newer version, has none."""
        if row.kind is None:
            return
        read = (
            operation.chain.account,
            operation.chain.installation,
            operation.dseq,
            operation.kind.value,
            operation.entity_kind,
            operation.entity,
            operation.field,
        )
        kept = (
            row.chain_account,
            row.chain_installation,
            row.dseq,
            row.kind,
            row.entity_kind,
            row.entity,
            row.field,
        )
        if read != kept:
            yield f"the columns of entry {row.seq} say something else than its bytes"

    def _hear(self, row: Any, operation: Operation) -> None:
        is_word = row.origin == Origin.SERVER.value and operation.kind is OperationKind.VERDICT
        if is_word and isinstance(operation.value, dict):
            value = operation.value
            self.said[operation.entity_id] = (str(value.get("state")), value.get("code"), value.get("since"))

    def end(self, log: Log) -> Iterator[str]:
        if log.head_seq != self.seq:
            yield f"its row says that it ends with entry {log.head_seq}, and it ends with entry {self.seq}"
        elif log.head_hash != self.hash:
            yield "its row has another running hash than its last entry"
        if log.latest_receipt != self.latest:
            yield "its row has another newest time of receipt than its entries"
        for digest, (seq, state, code, since) in self.shown.items():
            word = self.said.get(digest)
            if word is not None and word[0] == state == APPLIED and word[2] != since:
                yield f"the columns say of entry {seq} that it counts since {since}, and the server's last word in the log says {word[2]}"
            elif word is None or not _agrees(word, state, code):
                yield f"the columns say of entry {seq} that it is {_told(state)}, and the server's last word in the log says {_said(word)}"
        for digest, word in self.said.items():
            if digest in self.numbers and digest not in self.shown:
                yield f"the server's last word on entry {self.numbers[digest]} says {_said(word)}, and its columns know of none"


def _agrees(word: tuple[str, str | None, int | None], state: str, code: str | None) -> bool:
    if word[0] != state:
        return False
    # A later version may not know a code any more, and keeps another.
    return state == APPLIED or word[1] == code or word[1] not in SENTENCES


def _told(state: str) -> str:
    return "set aside" if state == QUARANTINED else "let count"


def _said(word: tuple[str, str | None, int | None] | None) -> str:
    return "nothing" if word is None else f"{_told(word[0])} ({word[1]})" if word[1] else _told(word[0])


def _chains(session: Session, log: Log) -> Iterator[str]:
    """Each chain is gapless, each entry follows on the one before, and the chain's row says where it ends."""
    tips = inspection.chain_tips(session, log.id)
    last: Any = None
    ended: dict[tuple[str, str], tuple[int, str]] = {}
    was_sent: set[tuple[str, str]] = set()
    for row in inspection.entries_by_chain(session, log.id):
        operation = parse_operation(row.data, row.content_sha256)
        prev = operation.prev if isinstance(operation, Operation) else None
        if isinstance(operation, Operation) and operation.chain.audit != log.audit:
            continue
        key = (row.sent_by_installation, row.sent_by_account)
        before = last if last is not None and (last.sent_by_installation, last.sent_by_account) == key else None
        yield from _follows(session, log, row, prev, before)
        ended[key] = (row.dseq, row.digest)
        if row.verdict is None:
            was_sent.add(key)
        last = row
    for key, (dseq, digest) in ended.items():
        tip = tips.get(key)
        if tip is None and key not in was_sent:
            continue  # Others brought it, and the server's old word lets it count: nobody goes on with this chain here.
        if tip is None:
            yield f"{_chain_name(key)} has no row that says where it ends"
        elif tip != (dseq, digest) and not (tip[0] > dseq and inspection.holds(session, log.id, tip[1])):
            yield f"the row of {_chain_name(key)} says that it ends with number {tip[0]}, and it ends with number {dseq}"
    for key, (dseq, digest) in tips.items():
        if key not in ended and dseq > 0 and not inspection.holds(session, log.id, digest):
            yield f"the row of {_chain_name(key)} says that it ends with number {dseq}, and nothing of it is here"


def _follows(session: Session, log: Log, row: Any, prev: str | None, before: Any) -> Iterator[str]:
    expected = 1 if before is None else before.dseq + 1
    chain = _chain_name((row.sent_by_installation, row.sent_by_account))
    if row.dseq < expected:
        yield f"number {row.dseq} of {chain} is here twice"
        return
    if row.dseq > expected and not _is_filled(session, log, prev, row.dseq - expected):
        yield f"{chain} has a gap: numbers {expected} to {row.dseq - 1} are missing"
    follows = prev in (None, GENESIS if before is None else before.digest)
    if row.dseq == expected and not follows and row.verdict is None:
        yield f"entry {row.seq} does not follow on number {expected - 1} of {chain}, and nobody has said so"


def _is_filled(session: Session, log: Log, prev: str | None, lacking: int) -> bool:
    """
    What cannot be read may stand between without its number: where the entry names the one before it, that is here. Where it cannot be
    read either, somebody else may have brought what stands before it: then so many are here without a place.
    """
    if prev is not None:
        return inspection.holds(session, log.id, prev)
    return inspection.placeless(session, log.id) >= lacking


def _chain_name(key: tuple[str, str]) -> str:
    installation, account = key
    whose = "the server's chain" if account == SERVER_ACCOUNT else f"the chain of account {account}"
    return f"{whose} on installation {installation}"


def _heads(session: Session, log: Log, verifies: Verifies) -> Iterator[str]:
    for head in inspection.signed_heads(session, log.id):
        chain = _chain_name((head.installation, head.account))
        if head.found_dseq != head.dseq:
            yield f"the tablet signed number {head.dseq} of {chain}, and no such entry is here"
        elif head.key_sha256 is not None and not verifies(log, head):
            yield f"the tablet's signature under number {head.dseq} of {chain} does not verify any more"


def _lists(session: Session, log: Log) -> Iterator[str]:
    """What lists know of an audit, and who sees it there, is what its log says."""
    with inspection.telling_unreadable():
        row = audits.find_audit(session, log.id)
        if row is None:
            return  # Of what is held for an audit that is not known here no list shows anything.
        if fold_team(fold_log(load_team_entries(session, log.id)), log.audit) != audits.team_roles(session, row):
            yield "the team that lists know is not the one that the log says"
        said = audits.listed_fields(fold_log(load_entries(session, log.id, ["audit"])), log.audit)
        for name, value in said.items():
            if getattr(row, name) != value:
                yield f"lists show another {name} than the log says"
