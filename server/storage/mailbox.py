"""
Mails: queued in the transaction of what they tell of, attempted by the worker, kept with what became of them.
"""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.storage.clock import MINUTE, as_instant, now_ms
from server.storage.identifiers import new_id
from server.storage.job_queue import enqueue
from server.storage.tables.mail import Mail
from server.storage.tables.report import Report

JOB = "send_mail"
PAUSES = tuple(minutes * MINUTE for minutes in (1, 5, 15, 60, *(240,) * 7))
"""After each failed attempt. Eleven pauses, twelve attempts, a good day: a mail server may be down for a weekend's night."""


@dataclass(frozen=True, slots=True)
class MailState:
    """Where one mail stands, as the wire shows it."""

    id: str
    state: str
    to: str
    subject: str
    queued_at: str
    attempts: int
    attempted_at: str | None
    next_attempt_at: str | None
    last_error: str | None
    sent_at: str | None


@dataclass(frozen=True, slots=True)
class WholeMail(MailState):
    """
    A mail to be read. `text` is None where it carried a code that opens something: nobody but its recipient sees that, and once it is
    out of the house it is not kept.
    """

    text: str | None
    attachments: list[str]
    """Names of files."""


def queue_mail(
    session: Session,
    *,
    to: str,
    subject: str,
    body: str,
    workspace: str | None = None,
    report: str | None = None,
    holds_code: bool = False,
) -> str:
    """Put a mail in the queue, in the caller's transaction; its id. `report` goes along as a PDF."""
    now = now_ms()
    mail = Mail(
        id=new_id(),
        workspace_id=workspace,
        message_id=None,
        recipient=to,
        subject=subject,
        body=body,
        holds_code=holds_code,
        report_id=report,
        state="waiting",
        attempts=0,
        queued_at=now,
        attempted_at=None,
        next_attempt_at=now,
        last_error=None,
        sent_at=None,
    )
    session.add(mail)
    session.flush()
    enqueue(session, JOB, {"mail": mail.id})
    return mail.id


def find_mail(session: Session, mail: str) -> Mail | None:
    return session.get(Mail, mail)


def begin_attempt(session: Session, mail: Mail, message_id: str, now: int) -> None:
    """Count the attempt before it is made: one that takes the process down with it counts too."""
    mail.attempts += 1
    mail.attempted_at = now
    mail.message_id = mail.message_id or message_id


def mark_delivered(session: Session, mail: str, state: str, now: int) -> None:
    """`sent` or `written`. A code in the body has done its duty and is not kept."""
    row = session.get_one(Mail, mail)
    row.state, row.sent_at, row.next_attempt_at, row.last_error = state, now, None, None
    _forget_code(row)


def mark_failed(session: Session, mail: str, error: str, now: int) -> int | None:
    """When the next attempt is due; None when that was the last one."""
    row = session.get_one(Mail, mail)
    row.last_error = error[:2000]
    if row.attempts > len(PAUSES):
        row.state, row.next_attempt_at = "failed", None
        _forget_code(row)
    else:
        row.next_attempt_at = now + PAUSES[max(row.attempts, 1) - 1]
    return row.next_attempt_at


def _forget_code(mail: Mail) -> None:
    if mail.holds_code:
        mail.body = ""


def mails_of(session: Session, workspace: str, most: int = 200) -> list[MailState]:
    """The workspace's mails, the latest first."""
    rows = session.scalars(
        sa.select(Mail)
        .where(Mail.workspace_id == workspace)
        .order_by(Mail.queued_at.desc(), Mail.id.desc())
        .limit(most)
    )
    return [_state(row) for row in rows]


def mail_in(session: Session, workspace: str, mail: str) -> WholeMail | None:
    """One mail of the workspace, with its text; None where the workspace has none of this id."""
    row = session.scalar(sa.select(Mail).where(Mail.id == mail, Mail.workspace_id == workspace))
    if row is None:
        return None
    file_name = row.report_id and session.scalar(sa.select(Report.file_name).where(Report.id == row.report_id))
    return WholeMail(
        **asdict(_state(row)), text=None if row.holds_code else row.body, attachments=[file_name] if file_name else []
    )


def mail_of_report(session: Session, report: str) -> MailState | None:
    """What became of the mail that carries this report; the latest, if there were several."""
    row = session.scalar(
        sa.select(Mail).where(Mail.report_id == report).order_by(Mail.queued_at.desc(), Mail.id.desc()).limit(1)
    )
    return _state(row) if row else None


def _state(mail: Mail) -> MailState:
    return MailState(
        id=mail.id,
        state=mail.state,
        to=mail.recipient,
        subject=mail.subject,
        queued_at=as_instant(mail.queued_at),
        attempts=mail.attempts,
        attempted_at=_instant(mail.attempted_at),
        next_attempt_at=_instant(mail.next_attempt_at),
        last_error=mail.last_error,
        sent_at=_instant(mail.sent_at),
    )


def _instant(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else as_instant(milliseconds)
