"""
What the server does before it serves, where it may have been restored from a backup: what was erased since is erased again, tablets
that were blocked since are blocked again, a password that was changed since is of no use, and the log says again which reports went out.

`begin_again` is for whoever has put a backup back (`auditbook restored`): a new epoch begins as well, so every tablet compares what it
has with what is here, sends what is lacking, and hands back what the server had signed. Where nobody said so, the first tablet that
proves it has the same done (`begin_again_untold`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from server.database import SERVER, decision_register_path, unit_of_work
from server.domain.operation import SERVER_ACCOUNT, ChainKey
from server.domain.vocabulary import ON_OPERATIONS
from server.storage import Session, accounts, audits, chains, decision_register, erasures, sign_ins, workspaces
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.storage.decision_register import Erasure, Register, ServerName
from server.storage.server_state import (
    begin_new_epoch,
    lock_server_state,
    log_key,
    note_former,
    note_log_key,
    server_identity,
)
from server.sync.issuance import issuances_in_log, say_again
from server.sync.receive import Receiver
from server.sync.reconcile import erase_again
from server.sync.verdict import ServerChain

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CaughtUp:
    erased: int
    """Entries whose content was here again and went."""
    unknown: int
    """Decisions about a workspace that this database does not know; they stay in the register."""
    blocked: int
    """Tablets that were let in here again."""
    without_password: tuple[str, ...]
    """Addresses whose password had been changed since; the one from before was here again."""
    issued: int
    """Reports that went out since, of which the logs say so again; of an audit that is not here, when it is."""
    unreadable_lines: tuple[int, ...]
    epoch: str = ""
    """Where one has begun."""


def begin_again() -> CaughtUp:
    """A new epoch, in one transaction with the erasures."""
    with unit_of_work(SERVER) as session:
        epoch = begin_new_epoch(session)
        return replace(_catch_up(session), epoch=epoch)


def begin_again_untold(epoch: str, key: str) -> None:
    """
    A tablet holds what this server signed in its epoch, and it is not here: the database was put back and nobody said so. Until its next
    epoch two histories would have the same numbers, and the server's chains two words under one. `key` is the name of the one with which
    it goes on signing: noted at once, since a backup may be taken before the next start.
    """
    with unit_of_work(SERVER) as session:
        lock_server_state(session)
        if server_identity(session).epoch != epoch:
            return  # Another tablet was faster.
        begin_new_epoch(session, key)
        _catch_up(session)
    logger.warning("the database was put back without `auditbook restored`: a tablet proved it, a new epoch began")


def catch_up_with_register(key: str | None = None) -> CaughtUp:
    """
    At every start: table and register tell the same afterwards. Where the register knows a later name of this server than its database,
    that is one from before a restore, and was put back without a word: a new epoch begins. So it does where the database knows
    another one than the key that will sign now: what was signed with that proves nothing any more, so no tablet could bring it about.
    `key` is its name; None for a command that signs nothing.
    """
    with unit_of_work(SERVER) as session:
        lock_server_state(session)
        server = server_identity(session)
        told = decision_register.read(decision_register_path()).servers
        is_older = bool(told - server.former - {server.installation})
        is_of_another_key = key is not None and log_key(session) not in (None, key)
        epoch = begin_new_epoch(session) if is_older or is_of_another_key else ""
        if key is not None:
            note_log_key(session, key)
        done = replace(_catch_up(session), epoch=epoch)
    if is_older:
        logger.warning(
            "the database is from before a restore, and was put back without `auditbook restored`: a new epoch began"
        )
    elif is_of_another_key:
        logger.warning("the log key is another one than this database knows: a new epoch began")
    return done


def _catch_up(session: Session) -> CaughtUp:
    lock_server_state(session)
    path, now = decision_register_path(), now_ms()
    register = decision_register.read(path)
    known = erasures.all_decisions(session)
    told = {(decision.audit, decision.digest) for decision in register.erasures}
    decision_register.append(path, [known[key] for key in known if key not in told])
    _tell_names(session, path, register, now)
    lacking = {(one.audit, one.digest): one for one in register.erasures if (one.audit, one.digest) not in known}
    here = workspaces.workspace_ids(session)
    placed = [decision for decision in lacking.values() if decision.workspace in here]
    erasures.remove_withdrawn_files(session)
    erased = sum(_erase_in(session, audit, placed) for audit in dict.fromkeys(one.audit for one in placed))
    blocked = [installation for installation, is_blocked in register.tablets.items() if is_blocked]
    without_password = accounts.drop_older_passwords(session, register.passwords)
    for account in without_password:
        sign_ins.end_every_session(session, account, now)
    return CaughtUp(
        erased=erased,
        unknown=len(lacking) - len(placed),
        blocked=accounts.block_again(session, blocked, now),
        without_password=tuple(without_password.values()),
        issued=_tell_issued(session, path, register),
        unreadable_lines=register.unreadable,
    )


def _tell_names(session: Session, path: Path, register: Register, now: int) -> None:
    """
    Database and register know the same names of this server afterwards; a server that was never restored has one, and tells none.
    """
    server = server_identity(session)
    note_former(session, register.servers - {server.installation})
    former = server_identity(session).former
    names = sorted({*former, server.installation} - register.servers) if former else []
    decision_register.append(path, [ServerName(name, now) for name in names])


def _tell_issued(session: Session, path: Path, register: Register) -> int:
    """Logs and register tell the same afterwards."""
    in_log, told = issuances_in_log(session), {one.key for one in register.issuances}
    decision_register.append(path, [in_log[key] for key in in_log if key not in told])
    lacking = dict.fromkeys(one.audit for one in register.issuances if one.key not in in_log)
    logs = [audits.lock_audit(session, audit) for audit in lacking]
    return sum(say_again(session, locked) for locked in logs if locked is not None)


def _erase_in(session: Session, audit: str, decisions: Sequence[Erasure]) -> int:
    locked, now, server = audits.lock_audit(session, audit), now_ms(), server_identity(session)
    erased = 0
    for decision in decisions:
        if decision.audit != audit:
            continue
        erasures.note_decision(session, decision)
        entry = log.find_entry(session, audit, decision.digest)
        if locked is None or entry is None or entry.kind in ON_OPERATIONS:
            continue
        erased += entry.content_sha256 is None
        key = ChainKey(server.installation, SERVER_ACCOUNT, locked.audit_id)
        chain = ServerChain(chains.load_chain(session, locked, key.installation, key.account), key, server.epoch, now)
        erase_again(session, locked, entry, decision, chain, now)
    if locked is not None:
        Receiver(session, locked, server, now).derive_anew()
    return erased
