"""
From a queued mail to a mail server, or, where none is configured, to a file that a mail program opens.

Sending may happen twice (a mail server accepted it, and the power went before that was noted). The bytes are then the same again,
with the same Message-ID and Date, so that a mailbox shows one mail.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

from server.config import Config
from server.mail.messages import one_line

TIMEOUT = 30
"""Seconds for each step of the conversation."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along."""

    file_name: str
    media_type: str
    data: bytes


Attachments = Callable[[str], Attachment]
"""From a report's id to its PDF. Given by whoever joins the parts: mail knows nothing of reports."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """All that a mail consists of. `queued_at` is in milliseconds since 1970."""

    id: str
    message_id: str
    to: str
    subject: str
    body: str
    queued_at: int
    attachment: Attachment | None = None


class DeliveryFailed(Exception):
    """The mail is not out. The text says what the mail server, or the network, had to say."""


def message_id(mail_id: str, config: Config) -> str:
    """Follows from the mail alone, so a repetition has the same."""
    domain = parseaddr(config.mail_from)[1].rpartition("@")[2] or "localhost"
    return f"<{mail_id}@{domain}>"


def as_message(mail: OutgoingMail, config: Config) -> EmailMessage:
    """The mail as RFC 5322 has it. No text of a person can add a header: line breaks are gone, and `email` refuses the rest."""
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = one_line(mail.subject)
    name, sender = parseaddr(config.mail_from)
    message["From"] = Address(one_line(name), addr_spec=sender)
    message["To"] = _recipient(mail.to)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.queued_at // 1000, UTC))
    message["Message-ID"] = mail.message_id
    # Out-of-office programs answer nobody (RFC 3834, 5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    if mail.attachment is not None:
        kind, _, subtype = mail.attachment.media_type.partition("/")
        message.add_attachment(
            mail.attachment.data, maintype=kind, subtype=subtype, filename=one_line(mail.attachment.file_name)
        )
        # Else each attempt would invent another one.
        message.set_boundary(f"=-auditbook-{mail.id}")
    return message


def _recipient(address: str) -> Address:
    # `email` stumbles over these with an IndexError.
    if not address.strip() or "@" not in address:
        raise ValueError(f"{address!r} is no mail address")
    return Address(addr_spec=address)


def deliver(mail: OutgoingMail, config: Config) -> str:
    """Send it, or write it to the data folder. Says which: `sent` or `written`. Raises DeliveryFailed."""
    try:
        message = as_message(mail, config)
        if not config.smtp_host:
            _write(message, mail, config.data_folder / "mail")
            return "written"
        with _connection(config) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError, MessageError) as problem:
        raise DeliveryFailed(_said(problem)) from problem
    return "sent"


def probe(config: Config) -> None:
    """Go as far as signing in at the mail server. Raises DeliveryFailed."""
    try:
        with _connection(config) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as problem:
        raise DeliveryFailed(_said(problem)) from problem


def _connection(config: Config) -> smtplib.SMTP:
    """Connected, encrypted as configured and signed in."""
    port = int(config.smtp_port)
    server: smtplib.SMTP
    if config.smtp_tls == "tls":
        server = smtplib.SMTP_SSL(config.smtp_host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(config.smtp_host, port, timeout=TIMEOUT)
    try:
        if config.smtp_tls == "starttls":
            # Raises where the server does not offer it: never in the clear by accident.
            server.starttls(context=ssl.create_default_context())
        if config.smtp_user:
            server.login(config.smtp_user, config.smtp_password)
    except BaseException:
        server.close()
        raise
    return server


def _said(problem: Exception) -> str:
    """What went wrong in one line, for the person who looks after the mail."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "; ".join(_answer(code, text) for code, text in problem.recipients.values())
    if isinstance(problem, smtplib.SMTPResponseException):
        return _answer(problem.smtp_code, problem.smtp_error)
    return one_line(f"{type(problem).__name__}: {problem}")


def _answer(code: int, text: bytes | str) -> str:
    return one_line(f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}")


def _write(message: EmailMessage, mail: OutgoingMail, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromtimestamp(mail.queued_at / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"{moment}-{mail.id}.eml"
    partial = path.with_suffix(".part")
    partial.write_bytes(message.as_bytes())
    partial.replace(path)
