"""
The decision to take the content of operations out of an audit's log: evidence withdrawn, a retention that ended.

What stays is that something was said, by whom, when and where, and why it was taken out. Every hash and chain still checks;
tablets drop the content when they pull the entry that says so.
"""

from collections.abc import Sequence
from typing import Any

from schemas.entities import refuse_value
from server.database import Scope, unit_of_work
from server.domain.closings import closings_of, names_its_author
from server.domain.fold import BORN, fold_log
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
from server.storage.tables.operation import LoggedOperation
from server.sync.receive import Receiver

SEALED_RECORDS = ("closing_record", "report_record")
WITHOUT_WORDS = (OperationKind.DELETE, OperationKind.SEAL)
"""They hold nobody's words, and without them what was deleted would be there again, and what was sealed open."""


def erase_content_of(account: str, roles: Roles, audit: str, digests: Sequence[str], reason: str) -> None:
    """
    Erase these operations' content for good, all or none, and register the decision. Said twice, it is written once.

    Raises Refused where the audit is not to be seen, the right is missing, the log does not hold one of them, or one is the closing
    record that counts.
    """
    with unit_of_work(Scope(frozenset(roles))) as session:
        row = audits.visible_audit(session, audit, account, roles)
        if row is None:
            raise Refused(Refusal("request.not_found"))
        if not is_permitted(roles[row.workspace_id], Action.ERASE_CONTENT):
            raise Refused(Refusal("account.not_permitted", {"who": "the programme manager"}))
        locked = audits.lock_audit(session, audit)
        found = [log.find_entry(session, audit, digest) for digest in dict.fromkeys(digests)]
        if locked is None or None in found:
            raise Refused(Refusal("request.not_found"))
        if any(entry is not None and entry.kind in ON_OPERATIONS for entry in found):
            raise Refused(Refusal("operation.reserved"))
        if any(entry is not None and entry.kind in WITHOUT_WORDS for entry in found):
            raise Refused(Refusal("operation.without_words"))
        if any(entry is not None and _is_one_line(entry) for entry in found):
            raise Refused(Refusal("operation.without_content"))
        if any(entry is not None and _still_counts(session, audit, entry) for entry in found):
            raise Refused(Refusal("closing.counts_still"))
        receiver = Receiver(session, locked, server_identity(session), now_ms())
        decided = erasures.registered_erasures(session, locked, digests)
        for entry in found:
            # Where only the header had come, the decision is what keeps the content from being taken in later.
            if entry is None or entry.digest in decided:
                continue
            decision = Erasure(
                locked.id, entry.digest, locked.workspace_id, reason, account, receiver.now, _kept_of(entry)
            )
            erasures.register_erasure(session, decision)
            receiver.erase(entry, decision)


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
