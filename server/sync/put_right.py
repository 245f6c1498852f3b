"""
Entries whose bytes have rotted on the server's disk are put right from a copy that a tablet has.

Before: `auditbook doctor` names the entry, whoever pulls it is refused it (server/sync/pull.py), and nothing follows from it.
After:  its bytes give its digest again, so they are the very ones that were stored; number, time and running hash never changed. What
        follows from it follows again: the team, the lists, what waited (Receiver.put_right). The server's own record of requests says
        which entry it was, and when.
"""

from collections.abc import Iterable

from server.database import SERVER, Scope, reading, unit_of_work
from server.domain.operation import digest_of, digest_of_erased
from server.storage import audits
from server.storage.clock import now_ms
from server.storage.operation_log import Form
from server.storage.server_state import server_identity
from server.sync.receive import Receiver


def put_right_from_copy(audit: str, copies: Iterable[Form]) -> list[int]:
    """From a copy of the log. The numbers of what was put right."""
    brought = {
        digest_of(data) if content_sha256 is None else digest_of_erased(data, content_sha256): (data, content_sha256)
        for data, content_sha256 in copies
    }
    with reading(SERVER) as session:
        row = audits.find_audit(session, audit)
        if row is None:
            return []
        workspace = row.workspace_id
    with unit_of_work(Scope(frozenset({workspace}))) as session:
        locked = audits.lock_audit(session, audit)
        if locked is None:
            return []
        receiver = Receiver(session, locked, server_identity(session), now_ms())
        numbers = receiver.put_right(brought)
        receiver.derive()
        return numbers
