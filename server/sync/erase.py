"""
The decision to take the content of operations out of an audit's log: evidence withdrawn, a retention that ended.

What stays is that something was said, by whom, when and where, and why it was taken out. Every hash and chain still checks;
tablets drop the content when they pull the entry that says so. With the birth of evidence its file goes, unless another entry that
still has its content names the same one; the hash of the file stays in the word of the erasure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.entities import refuse_value
from server.database import Scope, unit_of_work
from server.domain.closings import closings_of, names_its_author
from server.domain.custody import evidence_named
from server.domain.fold import BORN, DELETED, fold_log
from server.domain.numbering import numbers_in
from server.domain.operation import Operation, parse_operation
from server.domain.permissions import Action, is_permitted
from server.domain.refusals import Refusal, Refused
from server.domain.vocabulary import ON_OPERATIONS, OperationKind
from server.storage import Session, audits, erasures
from server.storage import operation_log as log
from server.storage.audits import Roles
from server.storage.clock import now_ms
from server.storage.decision_register import Erasure
from server.storage.server_state import server_identity
from server.storage.tables.audit import Audit
from server.storage.tables.operation import LoggedOperation
from server.sync.receive import Receiver

SEALED_RECORDS = ("closing_record", "report_record")
WITHOUT_WORDS = (OperationKind.DELETE, OperationKind.SEAL)
"""They hold nobody's words, and without them what was deleted would be there again, and what was sealed open."""
PLACE_OF_EVIDENCE = ("process", "site", "shift", "area", "is_in_report")
"""What stays of evidence that is withdrawn: where it belonged. Every other field of it may hold words."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What a decision took out: operations by digest, files by SHA-256. Said again, it is told again."""

    operations: tuple[str, ...]
    evidence: tuple[str, ...]


def erase_content_of(account: str, roles: Roles, audit: str, digests: Sequence[str], reason: str) -> Erased:
    """
    Erase these operations' content for good, all or none, and register the decision. Said twice, it is written once.

    Raises Refused where the audit is not to be seen, the right is missing, the log does not hold one of them, one is the closing
    record that counts, or the bytes of one have rotted.
    """
    with unit_of_work(Scope(frozenset(roles))) as session:
        locked = _lock_for_erasing(session, account, roles, audit)
        found = [log.find_entry(session, audit, digest) for digest in dict.fromkeys(digests)]
        entries = [entry for entry in found if entry is not None]
        if len(entries) < len(found):
            raise Refused(Refusal("request.not_found"))
        return _erase(session, locked, entries, account, reason)


def withdraw_evidence(account: str, roles: Roles, audit: str, evidence: str, reason: str) -> Erased:
    """
    Erase what one piece of evidence says and shows, by its id: every birth of it and all words about it, with its file.

    Raises Refused as erase_content_of, and where the log does not name such evidence.
    """
    with unit_of_work(Scope(frozenset(roles))) as session:
        locked = _lock_for_erasing(session, account, roles, audit)
        about = log.entries_about(session, audit, f"evidence/{evidence}")
        if not any(entry.field == BORN for entry in about):
            raise Refused(Refusal("request.not_found"))
        entries = [
            entry
            for entry in about
            if entry.kind not in WITHOUT_WORDS and entry.field not in (*PLACE_OF_EVIDENCE, DELETED)
        ]
        return _erase(session, locked, entries, account, reason)


def _lock_for_erasing(session: Session, account: str, roles: Roles, audit: str) -> Audit:
    row = audits.visible_audit(session, audit, account, roles)
    if row is None:
        raise Refused(Refusal("request.not_found"))
    if not is_permitted(roles[row.workspace_id], Action.ERASE_CONTENT):
        raise Refused(Refusal("account.not_permitted", {"who": "the programme manager"}))
    locked = audits.lock_audit(session, audit)
    if locked is None:
        raise Refused(Refusal("request.not_found"))
    return locked


def _erase(session: Session, audit: Audit, entries: Sequence[LoggedOperation], account: str, reason: str) -> Erased:
    if any(entry.kind in ON_OPERATIONS for entry in entries):
        raise Refused(Refusal("operation.reserved"))
    if any(entry.kind in WITHOUT_WORDS for entry in entries):
        raise Refused(Refusal("operation.without_words"))
    if any(_is_one_line(entry) for entry in entries):
        raise Refused(Refusal("operation.without_content"))
    if any(_still_counts(session, audit.id, entry) for entry in entries):
        raise Refused(Refusal("closing.counts_still"))
    digests = [entry.digest for entry in entries]
    decided = dict(erasures.registered_erasures(session, audit, digests))
    for entry in entries:
        # What would be kept of it, its hash above all, would be that of other bytes.
        if entry.digest not in decided and not log.is_as_stored(entry.data, entry.content_sha256, entry.digest):
            raise Refused(Refusal("operation.damaged", {"seq": entry.seq}))
    receiver = Receiver(session, audit, server_identity(session), now_ms())
    files = _files_that_go(session, audit.id, entries)
    for entry in entries:
        # Where only the header had come, the decision is what keeps the content from being taken in later.
        if entry.digest in decided:
            continue
        decision = decided[entry.digest] = Erasure(
            audit.id,
            entry.digest,
            audit.workspace_id,
            reason,
            account,
            receiver.now,
            _kept_of(entry),
            files.get(entry.digest),
        )
        erasures.register_erasure(session, decision)
        receiver.erase(entry, decision)
    gone = {decided[digest].evidence for digest in digests}
    return Erased(tuple(digests), tuple(sorted(sha256 for sha256 in gone if sha256 is not None)))


def _files_that_go(session: Session, audit: str, entries: Iterable[LoggedOperation]) -> dict[str, str]:
    """By digest of the birth of evidence the SHA-256 of its file, where no other entry that has its content names the same file."""
    named: dict[str, str] = {}
    for entry in entries:
        if entry.entity_kind != "evidence" or entry.field != BORN or entry.content_sha256 is not None:
            continue
        operation = parse_operation(entry.data)
        for sha256 in evidence_named([operation.value] if isinstance(operation, Operation) else []):
            named[entry.digest] = sha256
    stays = log.evidence_named_beside(session, audit, named) if named else set()
    return {digest: sha256 for digest, sha256 in named.items() if sha256 not in stays}


def _kept_of(entry: LoggedOperation) -> dict[str, Any]:
    """Which record it was and how it numbered the findings: the word of its erasure keeps that, and nobody's sentence."""
    if entry.entity_kind not in SEALED_RECORDS or entry.field != BORN or entry.content_sha256 is not None:
        return {}
    operation = parse_operation(entry.data)
    if not isinstance(operation, Operation) or not isinstance(operation.value, dict):
        return {}
    if not names_its_author(operation) or refuse_value(operation) is not None:
        return {"sha256": "", "numbers": {}}
    return {"sha256": operation.value.get("sha256"), "numbers": numbers_in(operation.value.get("record"))}


def _is_one_line(entry: LoggedOperation) -> bool:
    """A header that came alone, as text, or no operation at all: with an erasure it would read as if its author had written it."""
    return entry.kind is None and entry.content_sha256 is None and b"\n" not in entry.data


def _still_counts(session: Session, audit: str, entry: LoggedOperation) -> bool:
    """Of the closing record that counts, what people have signed has to be told: another takes its place first."""
    if entry.entity_kind != "closing_record" or entry.field != BORN:
        return False
    counting = closings_of(fold_log(log.load_entries(session, audit, ["closing_record"]))).counting
    return counting is not None and counting.ref == entry.entity
