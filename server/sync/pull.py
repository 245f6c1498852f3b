"""What this device has not seen: one page of an audit's log, in the order of its numbers and without a gap."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from server.database import SERVER, Scope, reading
from server.domain.operation import ChainKey
from server.domain.refusals import Refusal, Refused
from server.storage import Session, audits
from server.storage import operation_log as log
from server.storage.audits import Roles
from server.storage.server_state import server_identity
from server.storage.tables.audit import Audit

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Puller:
    """Who asks. The installation is that of the session; a blocked one does not get as far as this."""

    account: str
    roles: Roles
    installation: str | None


@dataclass(frozen=True, slots=True)
class Page:
    epoch: str
    next: int
    hash: str
    head_seq: int
    head_hash: str
    entries: Sequence[log.PageEntry]


def pull(puller: Puller, audit: str, epoch: str | None, after: int, limit: int, without: str | None = None) -> Page:
    """
    The entries behind a cursor; of those that this account made on the installation `without` only the digests.

    Raises `Refused` when the cursor belongs to another history than this server's.
    """
    if puller.installation is None:
        # Only what is enrolled can be blocked.
        raise Refused(Refusal("account.installation_unknown"))
    with reading(Scope(frozenset(puller.roles))) as session:
        row = audits.visible_audit(session, audit, puller.account, puller.roles)
        if row is not None:
            return _read(session, row, puller, epoch, after, limit, without)
    with reading(SERVER) as session:
        # Whoever left the team has to hear that the last work arrived; of what others wrote only what proves the log is given.
        row = audits.find_audit(session, audit)
        if row is None or not audits.has_written_in(session, audit, puller.account):
            raise Refused(Refusal("request.not_found"))
        return _read(session, row, puller, epoch, after, limit, without, only_of=puller.account)


def _read(
    session: Session,
    row: Audit,
    puller: Puller,
    epoch: str | None,
    after: int,
    limit: int,
    without: str | None,
    only_of: str | None = None,
) -> Page:
    current = server_identity(session).epoch
    if epoch is not None and epoch != current:
        raise Refused(Refusal("sync.epoch_changed", {"epoch": current}))
    if after > row.head_seq:
        raise Refused(Refusal("sync.cursor_ahead", {"head": row.head_seq}))
    own = None if without is None else ChainKey(without, puller.account, row.id)
    entries = _sound(row, log.read_page(session, row.id, after, limit, own, only_of))
    following = entries[-1].seq if entries else after
    page_hash = log.hash_at(session, row.id, following)
    # Read last: on PostgreSQL each statement sees what was committed before it, and a head behind the page would alarm.
    session.refresh(row)
    return Page(current, following, page_hash, row.head_seq, row.head_hash, entries)


def _sound(row: Audit, entries: Sequence[log.PageEntry]) -> Sequence[log.PageEntry]:
    """
    Those before the first whose bytes have rotted on the disk; where that is the verdict right behind an operation, those before the
    operation: without it a tablet would take for applied what was set aside. Raises `Refused` where there are none.
    """
    for place, entry in enumerate(entries):
        if entry.data is None or log.is_as_stored(entry.data, entry.content_sha256, entry.digest):
            continue
        _log.error("entry_damaged", audit=row.audit_id, seq=entry.seq)
        is_verdict_on_last = place > 0 and entry.judges == entries[place - 1].digest
        sound = entries[: place - 1 if is_verdict_on_last else place]
        if not sound:
            raise Refused(Refusal("sync.entry_damaged", {"seq": entry.seq}))
        return sound
    return entries
