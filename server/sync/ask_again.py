"""
What was set aside is asked again when what the answer hung on has changed: the team, the old log that came back, the server itself.

Asked again: verdicts that hang on what else stands in the log (`OF_THE_LOG`), and those that a later version of the server may not
give any more (`OF_THE_VERSION`, server/sync/update.py). Never: what a person has decided; what follows from the bytes and the chain
alone; what waits for its author; what came from a tablet that is blocked now. Where the answer is the same, nothing is written.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from server.domain.fold import BORN, Entry, fold_log, in_order_of_counting
from server.domain.operation import Operation, parse_operation
from server.domain.refusals import Refusal
from server.domain.vocabulary import ON_OPERATIONS
from server.storage import Session, accounts
from server.storage import operation_log as log
from server.storage.tables.audit import Audit
from server.storage.tables.operation import LoggedOperation
from server.sync.team import TeamInLog, concerns_team, fold_team

if TYPE_CHECKING:
    from server.sync.receive import Receiver

OF_THE_TEAM = ("audit.not_assigned", "operation.not_permitted", "operation.in_anothers_name")
OF_THE_LOG = (*OF_THE_TEAM, "operation.already_born")
OF_THE_VERSION = (
    "envelope.unknown_version",
    "envelope.unknown_key",
    "operation.unknown_kind",
    "operation.value_unfit",
)


def ask_again(receiver: "Receiver", rows: Iterable[LoggedOperation]) -> bool:
    """In the order in which they arrived, each with all that stands in the log by now. True where an answer changed."""
    is_changed = False
    for row in sorted(rows, key=lambda row: (row.received_at, row.seq)):
        known = accounts.installation(receiver.session, row.sent_by_installation, row.sent_by_account)
        if known is None or known.revoked_at is not None:
            continue
        if not log.is_as_stored(row.data, row.content_sha256, row.digest):
            continue  # What has rotted is asked again when it has been put right.
        if row.content_sha256 is not None and row.verdict_code in OF_THE_VERSION:
            continue  # What it said did not fit, and nobody can look at it any more.
        reason = receiver.judge_again(row)
        if reason is None or reason.code != row.verdict_code:
            receiver.say_again(row, reason)
            is_changed = True
    return is_changed


def after_team_change(receiver: "Receiver", changed: Collection[str]) -> bool:
    """These accounts came into the team, or may do something else in it now: their work that waits."""
    rows = log.quarantined(receiver.session, receiver.audit, OF_THE_TEAM)
    return ask_again(receiver, [row for row in rows if row.sent_by_account in changed])


def after_hand_back(receiver: "Receiver", lines: Collection[str], since: int) -> None:
    """
    The old log is here again, `lines` of it, the first of which had been received at `since`. What came between the restore and now
    was judged without it: what would not have counted is set aside; then what stands aside is asked as of now. What is older was
    asked when it came, or stands in an earlier stretch.
    """
    _set_aside(receiver, lines, since)
    is_changed = True
    while is_changed:
        rows = log.quarantined(receiver.session, receiver.audit, OF_THE_LOG)
        since_then = [row for row in rows if row.digest not in lines and row.received_at >= since]
        is_changed = ask_again(receiver, since_then)


def after_put_right(receiver: "Receiver", right_again: Collection[log.RightAgain]) -> None:
    """
    These had rotted, and can be read again. What came since the first of them may have been judged without them, as after a restore;
    and they themselves were not asked meanwhile, whatever the reason was.
    """
    digests = {entry.digest for entry in right_again}
    since = min(entry.received_at for entry in right_again)
    _set_aside(receiver, digests, since)
    is_changed = True
    while is_changed:
        rows = log.quarantined(receiver.session, receiver.audit, (*OF_THE_LOG, *OF_THE_VERSION))
        is_changed = ask_again(
            receiver,
            [
                row
                for row in rows
                if row.digest in digests or (row.received_at >= since and row.verdict_code in OF_THE_LOG)
            ],
        )


def _set_aside(receiver: "Receiver", lines: Collection[str], since: int) -> None:
    """
    Who had been taken out of the team wrote on; who began something that had begun before did it a second time. Only where what came
    back makes the difference: what somebody's roles in the workspace were at the time, the log does not say.
    """
    session, audit = receiver.session, receiver.audit
    came_back = log.read_operations(session, audit, lines)
    born = {operation.entity for operation in came_back if operation.field == BORN}
    if not born and not any(map(concerns_team, came_back)):
        return
    teams = _TeamInTime(log.load_team_entries(session, audit.id), lines, audit.audit_id)
    issued = _behind_what_was_issued(session, audit)
    for row in log.counting_since(session, audit, since):
        operation = parse_operation(row.data, row.content_sha256)
        if row.digest in lines or not isinstance(operation, Operation) or operation.digest != row.digest:
            continue  # What has rotted is left as it is.
        if _record_of(operation) in issued:
            continue
        reason = _refuse_in_time(receiver, row, operation, teams)
        if reason is None and operation.field == BORN and operation.entity in born:
            reason = receiver.refuse_birth_again(operation)
        if reason is not None:
            receiver.say_again(row, reason)
            if concerns_team(operation):
                teams = _TeamInTime(log.load_team_entries(session, audit.id), lines, audit.audit_id)


def _behind_what_was_issued(session: Session, audit: Audit) -> set[str]:
    """The report records from which reports went out, and the closing records that they rest on: nobody takes back what was sent."""
    view = fold_log(log.load_report_entries(session, audit.id, ("report_record", "closing_record")))
    reports = [
        entity
        for entity in view.of_kind("report_record")
        if "seal" in entity.fields and any(head.digest in view.issued for head in entity.fields["seal"].heads)
    ]
    named = {entity.get("closing_sha256") for entity in reports}
    closings = [entity.ref for entity in view.of_kind("closing_record") if entity.get("sha256") in named]
    return {*closings, *(entity.ref for entity in reports)}


def _record_of(operation: Operation) -> str:
    """The record that this is, or the one under which a handwritten signature stands."""
    if operation.entity_kind == "handwritten_signature" and isinstance(operation.value, dict):
        return f"closing_record/{operation.value.get('closing_record')}"
    return operation.entity


class _TeamInTime:
    """The team as it was when something began to count: with what came back, and as the server knew it without that."""

    def __init__(self, entries: Sequence[Entry], lines: Collection[str], audit: str):
        self._entries = in_order_of_counting(entries)
        self._lines = lines
        self._audit = audit
        self._folded: dict[int, tuple[TeamInLog, TeamInLog]] = {}

    def at(self, arrived: tuple[int, int]) -> tuple[TeamInLog, TeamInLog]:
        said = [entry for entry in self._entries if entry.operation.kind in ON_OPERATIONS]
        team = [entry for entry in self._entries if entry.operation.kind not in ON_OPERATIONS]
        before = [entry for entry in team if (entry.arrived or (0, 0)) < arrived]
        if len(before) not in self._folded:
            known = [entry for entry in before if entry.operation.digest not in self._lines]
            self._folded[len(before)] = (
                fold_team([*before, *said], self._audit),
                fold_team([*known, *said], self._audit),
            )
        return self._folded[len(before)]


def _refuse_in_time(
    receiver: "Receiver", row: LoggedOperation, operation: Operation, teams: _TeamInTime
) -> Refusal | None:
    """Why it was not its author's to write, where the server only did not know."""
    whole, known = teams.at(log.arrival_of(row))
    reason = receiver.refuse_author_again(row, operation, whole)
    begins_audit = operation.entity == f"audit/{receiver.audit.audit_id}" and operation.field == BORN
    return reason if begins_audit or receiver.refuse_author_again(row, operation, known) is None else None
