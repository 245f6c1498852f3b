"""
What the server does at its first start under another version: what it set aside because it did not know it yet is read again.

A tablet may be a version ahead of its server. What it wrote is kept, and counts from here on, as if it came now.
"""

from server.database import SERVER, reading, unit_of_work
from server.storage import audits, server_state
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.sync.ask_again import OF_THE_VERSION, ask_again
from server.sync.receive import Receiver

AT_ONCE = 500
"""How many entries one transaction asks again."""


def ask_after_update() -> None:
    """Nothing where this very version has asked before. Broken off, it begins anew at the next start."""
    with reading(SERVER) as session:
        if server_state.asked_version(session) == server_state.version():
            return
        # What is held for an audit that is not known is asked when it moves in.
        waiting = log.audits_with_quarantined(session, OF_THE_VERSION)
    for audit in waiting:
        after: int | None = 0
        while after is not None:
            after = _ask_some(audit, after)
    with unit_of_work(SERVER) as session:
        server_state.note_asked_version(session, server_state.version())


def _ask_some(audit: str, after: int) -> int | None:
    """The number of the last entry that was asked; None at the end."""
    with unit_of_work(SERVER) as session:
        locked = audits.lock_audit(session, audit)
        if locked is None or locked.is_held:
            return None
        rows = log.quarantined(session, locked, OF_THE_VERSION, after, AT_ONCE)
        receiver = Receiver(session, locked, server_state.server_identity(session), now_ms())
        ask_again(receiver, rows)
        receiver.derive()
        return rows[-1].seq if len(rows) == AT_ONCE else None
