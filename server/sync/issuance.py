"""
That a report was issued, as an entry of the audit's log: it travels to every tablet, and comes back after a restore.

It is a line of the register beside the backups as well (server/storage/decision_register.py): what went out fixes the numbers of
findings and uses up its revision, also where no tablet is left that could hand the old log back.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from server.database import decision_register_path
from server.domain.operation import SERVER_ACCOUNT, ChainKey, Operation
from server.storage import Session, audits, chains, decision_register
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.storage.decision_register import Issuance
from server.storage.server_state import server_identity
from server.storage.tables.audit import Audit
from server.sync.verdict import ServerChain

logger = structlog.get_logger()


def note_issuance(session: Session, audit: str, seal: str, said: Mapping[str, Any]) -> Issuance:
    """
    Say so in the caller's transaction, which also keeps the file. `seal` is the digest of the operation that sealed the record;
    `said` is as docs/data-flow.md, section 6, lists it. What it answers is for `register_issuance`, once the transaction has ended.
    """
    locked = audits.lock_audit(session, audit)
    if locked is None:
        raise LookupError(f"There is no audit {audit}.")
    issuance = Issuance(locked.id, seal, locked.workspace_id, said, now_ms())
    _say(session, locked, [issuance])
    return issuance


def register_issuance(issuance: Issuance) -> None:
    """
    Not before the transaction has ended, unlike an erasure: nobody may be told of a report that was never kept. Where the line cannot
    be written, or the power goes here, it is written at the next start.
    """
    try:
        decision_register.append(decision_register_path(), [issuance])
    except OSError as problem:
        logger.error("issued report not registered yet", audit=issuance.audit, error=str(problem))


def issuances_in_log(session: Session) -> dict[tuple[str, str, str], Issuance]:
    """Every word of issuing of every audit, by what it is about."""
    found = (_issuance(row.audit_id, row.workspace_id, word) for row, word in log.words_of_issuing(session))
    return {one.key: one for one in found}


def say_again(session: Session, audit: Audit) -> int:
    """
    How many reports the register knows and this log does not: they went out before a backup was put back, and the audit is here
    again. Its log is locked.
    """
    registered = [one for one in decision_register.registered().issuances if one.audit == audit.id]
    known = {
        _issuance(audit.id, audit.workspace_id, word).key for _row, word in log.words_of_issuing(session, audit.id)
    }
    return _say(session, audit, {one.key: one for one in registered if one.key not in known}.values())


def register_word(audit: Audit, word: Operation) -> None:
    """One that only the log tells of: it was handed back after a restore, and the register had been lost."""
    issuance = _issuance(audit.id, audit.workspace_id, word)
    if issuance.key not in {one.key for one in decision_register.registered().issuances}:
        decision_register.register([issuance])


def _say(session: Session, audit: Audit, issuances: Iterable[Issuance]) -> int:
    server, now = server_identity(session), max(now_ms(), audit.latest_receipt)
    key = ChainKey(server.installation, SERVER_ACCOUNT, audit.audit_id)
    chain = ServerChain(chains.load_chain(session, audit, key.installation, key.account), key, server.epoch, now)
    entries = [chain.issue(one.seal, one.said, audit.head_seq) for one in issuances]
    log.append_entries(session, audit, entries, now)
    return len(entries)


def _issuance(audit: str, workspace: str, word: Operation) -> Issuance:
    said = word.value if isinstance(word.value, dict) else {}
    return Issuance(audit, word.entity_id, workspace, said, word.wall)
