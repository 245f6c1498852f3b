"""The decision to let an operation count after all that was kept in quarantine."""

from server.database import Scope, unit_of_work
from server.domain.operation import parse_operation
from server.domain.permissions import Action, is_permitted
from server.domain.refusals import Refusal, Refused
from server.storage import audits
from server.storage import operation_log as log
from server.storage.audits import Roles
from server.storage.clock import now_ms
from server.storage.server_state import server_identity
from server.sync.receive import CONTENT_MISSING, IN_ANOTHERS_NAME, NOT_YOURS, Receiver, refuse_value_here

NEVER_RELEASED = ("operation.reserved", NOT_YOURS, CONTENT_MISSING, IN_ANOTHERS_NAME)
"""Nobody can decide that somebody else said something: it counts when its author's own tablet sends it."""


def release_operation(account: str, roles: Roles, audit: str, digest: str) -> None:
    """
    Reverse the verdict on one operation, for good and in the log. Said twice, it is written once.

    What cannot be read stays as it is, and so does what only the server may write, what only its author can say, and a value that
    does not fit its field: records and screens are made from it.
    """
    with unit_of_work(Scope(frozenset(roles))) as session:
        row = audits.visible_audit(session, audit, account, roles)
        if row is None:
            raise Refused(Refusal("request.not_found"))
        if not is_permitted(roles[row.workspace_id], Action.RELEASE_QUARANTINE):
            raise Refused(Refusal("account.not_permitted", {"who": "the lead auditor"}))
        locked = audits.lock_audit(session, audit)
        entry = log.find_entry(session, audit, digest)
        if locked is None or entry is None:
            raise Refused(Refusal("request.not_found"))
        if entry.verdict != log.QUARANTINED:
            return
        if entry.kind is None or entry.verdict_code in NEVER_RELEASED:
            raise Refused(log.reason_of(entry))
        if not log.is_of_author(entry):
            raise Refused(Refusal(NOT_YOURS))
        operation = parse_operation(entry.data, entry.content_sha256)
        unfit = (
            operation
            if isinstance(operation, Refusal)
            else refuse_value_here(operation, row.audit_id, row.workspace_id)
        )
        if unfit is not None:
            raise Refused(unfit)
        Receiver(session, locked, server_identity(session), now_ms()).release(entry, account)
