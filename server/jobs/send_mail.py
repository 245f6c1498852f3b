"""
Deliver one queued mail, or note why it did not go out and when it is tried again.

Before: storage/mailbox.py holds the mail, `waiting`.
After:  it is `sent`, or `written` where no mail server is configured, or waits for its next attempt, or has `failed` for good.
"""

from dataclasses import replace

from server.config import Config
from server.database import SERVER, unit_of_work
from server.mail.smtp import Attachments, DeliveryFailed, OutgoingMail, deliver, message_id
from server.storage import mailbox
from server.storage.clock import now_ms
from server.storage.job_queue import GiveUp, TryLater


def send_mail(mail: str, config: Config, attachments: Attachments) -> None:
    """Raises TryLater after a failed attempt, GiveUp after the last one. A mail that is out already is left alone."""
    begun = _begin(mail, config)
    if begun is None:
        return
    outgoing, report = begun
    try:
        if report is not None:
            outgoing = replace(outgoing, attachment=attachments(report))
        state = deliver(outgoing, config)
    except (DeliveryFailed, LookupError, OSError) as failure:
        _note_failure(mail, str(failure))
        return
    with unit_of_work(SERVER) as session:
        mailbox.mark_delivered(session, mail, state, now_ms())


def _begin(mail: str, config: Config) -> tuple[OutgoingMail, str | None] | None:
    """The mail and the report that goes along. The attempt is counted and committed before it is made."""
    with unit_of_work(SERVER) as session:
        row = mailbox.find_mail(session, mail)
        if row is None or row.state != "waiting":
            return None
        mailbox.begin_attempt(session, row, message_id(mail, config), now_ms())
        outgoing = OutgoingMail(
            id=row.id,
            message_id=row.message_id or "",
            to=row.recipient,
            subject=row.subject,
            body=row.body,
            queued_at=row.queued_at,
        )
        return outgoing, row.report_id


def _note_failure(mail: str, error: str) -> None:
    with unit_of_work(SERVER) as session:
        next_attempt_at = mailbox.mark_failed(session, mail, error, now_ms())
    if next_attempt_at is not None:
        raise TryLater(next_attempt_at)
    raise GiveUp(error)
