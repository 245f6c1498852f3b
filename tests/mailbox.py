"""What waits to be sent, as a test reads it."""

import re

import sqlalchemy as sa

from server.database import SERVER, reading
from server.storage.tables.mail import Mail

_CODE = re.compile(r"\b(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}\b")


def waiting_mails() -> list[tuple[str, str, str]]:
    """Recipient, subject and body of every mail, in the order in which they were queued."""
    with reading(SERVER) as session:
        rows = session.scalars(sa.select(Mail).order_by(Mail.queued_at, Mail.id))
        return [(row.recipient, row.subject, row.body) for row in rows]


def code_in(body: str) -> str:
    """The code that the reader is to type."""
    found = _CODE.search(body)
    assert found, body
    return found[0]
