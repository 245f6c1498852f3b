"""
Entries whose bytes have rotted on the server's disk are put right from a copy that a tablet has.

Before: `auditbook doctor` names the entry, and whoever pulls it is refused it (server/sync/pull.py).
After:  its bytes give its digest again, so they are the very ones that were stored; number, time and running hash never changed. The
        server's own record of requests says which entry it was, and when.
"""

from collections.abc import Iterable, Mapping

import structlog

from server.database import SERVER, Scope, reading, unit_of_work
from server.domain.operation import digest_of
from server.storage import Session, audits
from server.storage import operation_log as log

_log = structlog.get_logger()


def put_right(session: Session, audit: str, brought: Mapping[str, bytes]) -> list[int]:
    """Inside the transaction that holds the audit's lock. `brought`: whole texts by their digest. The numbers of what was put right."""
    numbers = log.put_right(session, audit, brought)
    if numbers:
        _log.warning("entries_put_right", audit=audit, numbers=numbers)
    return numbers


def put_right_from_copy(audit: str, texts: Iterable[bytes]) -> list[int]:
    """From a copy of the log, of which only whole texts are of use. The numbers of what was put right."""
    brought = {digest_of(text): text for text in texts}
    with reading(SERVER) as session:
        row = audits.find_audit(session, audit)
        if row is None:
            return []
        workspace = row.workspace_id
    with unit_of_work(Scope(frozenset({workspace}))) as session:
        audits.lock_audit(session, audit)
        return put_right(session, audit, brought)
