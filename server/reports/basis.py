"""
What a tablet knew when it froze a record: from the heads that the record names, and from the log.

Heads of tablets' chains say which operations it had. Heads of the server's own chains say which verdicts it had heard, so what it
says was set aside can be checked against them, for good. Only where a restore has lost words of the server, and nobody handed them
back, the record's own word is all that is left; the report says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from server.domain.coverage import ChainWalk, Gap, Head
from server.domain.fold import Entry, LogView, fold_log
from server.domain.operation import SERVER_ACCOUNT, ChainKey, Operation
from server.domain.refusals import Refusal
from server.domain.vocabulary import ON_OPERATIONS, OperationKind, Origin
from server.reports.material import Record
from server.storage.server_state import ServerIdentity


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The audit's log, the ways back in it, and by which names the server goes now."""

    entries: list[Entry]
    view: LogView
    walk: ChainWalk
    server: ServerIdentity
    restored_seq: int | None
    """Where the log ended when a backup was put back for the first time; None where that never happened."""
    hash_at: Callable[[int], str]
    """The running hash at a number; empty where the log does not go so far."""


@dataclass(frozen=True, slots=True)
class Reading:
    """
    The audit as the tablet saw it. `covered` is everything that its heads lead back to; `is_checked` says that the log still has
    every word of the server that the tablet knew.
    """

    view: LogView
    covered: frozenset[str]
    aside: frozenset[str]
    unread: frozenset[str]
    is_checked: bool

    @property
    def counted(self) -> frozenset[str]:
        return self.covered - self.aside - self.unread


def mismatch(what: str) -> Refusal:
    return Refusal("report.seal_does_not_match", {"what": what})


def heads_of(audit: str, content: Record) -> list[Head]:
    """Of every chain, the server's own among them."""
    return [
        Head(ChainKey(head["installation"], head["account"], audit), head["dseq"], head["digest"])
        for head in content.get("heads") or []
    ]


def is_of_server(head: Head) -> bool:
    """Whether it stands for what the server says about operations; what the office writes is of a person."""
    return head.chain.account == SERVER_ACCOUNT


def read_basis(log: AuditLog, audit: str, record: Record) -> Reading | Refusal:
    """The refusal says what of it the log contradicts: no tablet leaves out what it does not like."""
    heads = heads_of(audit, record)
    covered = log.walk.covered_by(head for head in heads if not is_of_server(head))
    if isinstance(covered, Gap):
        return mismatch("the entries of a tablet differ" if covered.differs else "entries of a tablet have not arrived")
    author = _own_chain(log, audit, record, covered)
    if not _is_schema_of(author, record):
        return mismatch("which app froze it")
    if not _is_of_this_log(log, record):
        return mismatch("how far it had pulled the log")
    # A tablet that reads the log anew knows what it had heard before, and cannot say how far that goes.
    said, is_checked = set[str](), _is_place_of(log, author, record)
    for head in filter(is_of_server, heads):
        found = log.walk.back_from(head)
        if isinstance(found, Gap):
            if head.chain.installation not in log.server.former:
                return mismatch("what the server had said")
            found, is_checked = _words_up_to(log, head), False
        said |= found
    aside, unread = _digests(record.get("aside")), _digests(record.get("unread"))
    if aside is None or unread is None:
        return mismatch("what it says was set aside")
    pulled = _pulled(log, record)
    had = {*covered, *said, *(entry.operation.digest for entry in pulled), *log.walk.unreadable}
    # What an older app could not read may be a word that a restore has lost.
    if (is_checked and not unread <= had) or any(_can_be_read(log, digest, record) for digest in unread):
        return mismatch("what it says could not be read")
    said -= unread
    if not {entry.operation.digest for entry in pulled if is_word(entry)} <= said | unread:
        return mismatch("what the server had said")
    read = [entry for entry in log.entries if entry.operation.digest in covered - unread]
    words = [entry for entry in log.entries if is_word(entry) and _is_known(entry, said)]
    known = {entry.operation.digest for entry in read}
    view = fold_log([*read, *words])
    left_out = [entry for entry in pulled if not is_word(entry) and entry.operation.digest not in covered | unread]
    if is_checked and any(_counts(log, entry, said) for entry in left_out):
        return mismatch("what lies under its heads")
    if is_checked:
        if aside != known & view.quarantined.keys():
            return mismatch("what it says was set aside")
    else:
        if not aside <= known & (_ever_set_aside(log) | _came_since_restore(log)):
            return mismatch("what it says was set aside")
        view = fold_log([*read, *words], aside)
    return Reading(view, frozenset(covered), frozenset(aside), frozenset(unread), is_checked)


def is_word(entry: Entry) -> bool:
    """What the server says about an operation."""
    return entry.origin is Origin.SERVER and entry.operation.kind in ON_OPERATIONS


def _is_known(entry: Entry, said: set[str]) -> bool:
    """What was erased since is gone, whether the tablet had heard of it or not."""
    return entry.operation.kind is OperationKind.ERASURE or entry.operation.digest in said


def _pulled(log: AuditLog, record: Record) -> list[Entry]:
    """What the tablet had pulled, where the numbers of the log are still the same."""
    place = record["frozen"]["log"]
    if place["epoch"] != log.server.epoch:
        return []
    return [entry for entry in log.entries if (entry.seq or 0) <= place["seq"]]


def _counts(log: AuditLog, entry: Entry, said: set[str]) -> bool:
    """Whether it counts now and nothing that the tablet had heard set it aside: then it was there for the record."""
    digest = entry.operation.digest
    return digest not in log.view.quarantined and not any(
        word.operation.entity_id == digest and word.operation.digest in said and _sets_aside(word)
        for word in log.entries
        if is_word(word)
    )


def _sets_aside(word: Entry) -> bool:
    value = word.operation.value
    return isinstance(value, dict) and value.get("state") == "quarantined"


def _own_chain(log: AuditLog, audit: str, record: Record, covered: set[str]) -> list[Operation]:
    """What lies under the record of the chain of whoever froze it."""
    frozen = record["frozen"]
    key = ChainKey(frozen["installation"], frozen["account"], audit)
    return [
        entry.operation for entry in log.entries if entry.operation.chain == key and entry.operation.digest in covered
    ]


def _is_schema_of(author: list[Operation], record: Record) -> bool:
    """No app is older than what it has written before."""
    schema = record["frozen"]["schema"]
    newest = max((int(operation.context["schema"]) for operation in author), default=1)
    return type(schema) is int and schema >= max(newest, 1)


def _is_place_of(log: AuditLog, author: list[Operation], record: Record) -> bool:
    """Whether it had pulled at least what it had seen before, by its own word in its own entries."""
    place = record["frozen"]["log"]
    seen = max((operation.seen_seq for operation in author if operation.seen_epoch == log.server.epoch), default=0)
    return seen == 0 or (place["epoch"] == log.server.epoch and place["seq"] >= seen)


def _is_of_this_log(log: AuditLog, record: Record) -> bool:
    """Numbers of this epoch are still the same, so the running hash is, too."""
    place = record["frozen"]["log"]
    is_of_another_epoch: bool = place["epoch"] != log.server.epoch
    return is_of_another_epoch or log.hash_at(place["seq"]) == place["hash"]


def _words_up_to(log: AuditLog, head: Head) -> set[str]:
    """What the log still has of a chain of the server's whose end a restore has lost."""
    return {
        entry.operation.digest
        for entry in log.entries
        if entry.operation.chain == head.chain and entry.operation.dseq <= head.dseq
    }


def _can_be_read(log: AuditLog, digest: str, record: Record) -> bool:
    """Whether the app that froze the record could read it. Each version of the schema reads all that came before it."""
    known = next((entry.operation for entry in log.entries if entry.operation.digest == digest), None)
    schema = record["frozen"]["schema"]
    return known is not None and type(schema) is int and int(known.context["schema"]) <= schema


def _ever_set_aside(log: AuditLog) -> set[str]:
    return {entry.operation.entity_id for entry in log.entries if is_word(entry) and _sets_aside(entry)}


def _came_since_restore(log: AuditLog) -> set[str]:
    """What the server may have set aside in its former life, when it came for the first time."""
    if log.restored_seq is None:
        return set()
    return {entry.operation.digest for entry in log.entries if (entry.seq or 0) > log.restored_seq}


def _digests(listed: Any) -> set[str] | None:
    if not isinstance(listed, list) or not all(isinstance(digest, str) for digest in listed):
        return None
    return set(listed)
