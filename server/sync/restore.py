"""
What the server does before it serves, where it may have been restored from a backup: what was erased since is erased again.

`begin_again` is for whoever has put a backup back (`auditbook restored`): a new epoch begins as well, so every tablet compares what it
has with what is here, sends what is lacking, and hands back what the server had signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.database import SERVER, erasure_register_path, unit_of_work
from server.domain.operation import SERVER_ACCOUNT, ChainKey
from server.domain.vocabulary import ON_OPERATIONS
from server.storage import Session, audits, chains, erasure_register, erasures, workspaces
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.storage.erasure_register import Decision
from server.storage.server_state import begin_new_epoch, lock_server_state, server_identity
from server.sync.receive import Receiver
from server.sync.reconcile import erase_again
from server.sync.verdict import ServerChain


@dataclass(frozen=True, slots=True)
class CaughtUp:
    erased: int
    """Entries whose content was here again and went."""
    unknown: int
    """Decisions about a workspace that this database does not know; they stay in the register."""
    unreadable_lines: tuple[int, ...]
    epoch: str = ""
    """Where one has begun."""


def begin_again() -> CaughtUp:
    """A new epoch, in one transaction with the erasures."""
    with unit_of_work(SERVER) as session:
        epoch = begin_new_epoch(session)
        return replace(_catch_up(session), epoch=epoch)


def catch_up_with_register() -> CaughtUp:
    """At every start: table and register tell the same afterwards."""
    with unit_of_work(SERVER) as session:
        return _catch_up(session)


def _catch_up(session: Session) -> CaughtUp:
    lock_server_state(session)
    path = erasure_register_path()
    decisions, unreadable = erasure_register.read(path)
    known = erasures.all_decisions(session)
    told = {(decision.audit, decision.digest) for decision in decisions}
    erasure_register.append(path, [known[key] for key in known if key not in told])
    lacking = {(one.audit, one.digest): one for one in decisions if (one.audit, one.digest) not in known}
    here = workspaces.workspace_ids(session)
    placed = [decision for decision in lacking.values() if decision.workspace in here]
    erased = sum(_erase_in(session, audit, placed) for audit in dict.fromkeys(one.audit for one in placed))
    return CaughtUp(erased, len(lacking) - len(placed), unreadable)


def _erase_in(session: Session, audit: str, decisions: Sequence[Decision]) -> int:
    locked, now, server = audits.lock_audit(session, audit), now_ms(), server_identity(session)
    erased = 0
    for decision in decisions:
        if decision.audit != audit:
            continue
        row = erasures.note_decision(session, decision)
        entry = log.find_entry(session, audit, decision.digest)
        if locked is None or entry is None or entry.kind in ON_OPERATIONS:
            continue
        erased += entry.content_sha256 is None
        key = ChainKey(server.installation, SERVER_ACCOUNT, locked.audit_id)
        chain = ServerChain(chains.load_chain(session, locked, key.installation, key.account), key, server.epoch, now)
        erase_again(session, locked, entry, row, chain, now)
    if locked is not None:
        Receiver(session, locked, server, now).derive_anew()
    return erased
