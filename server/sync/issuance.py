"""That a report was issued, as an entry of the audit's log: it travels to every tablet, and comes back after a restore."""

from collections.abc import Mapping
from typing import Any

from server.domain.operation import SERVER_ACCOUNT, ChainKey
from server.storage import Session, audits, chains
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.storage.server_state import server_identity
from server.sync.verdict import ServerChain


def note_issuance(session: Session, audit: str, seal: str, said: Mapping[str, Any]) -> None:
    """
    Say so in the caller's transaction, which also keeps the file. `seal` is the digest of the operation that sealed the record;
    `said` is as docs/data-flow.md, section 6, lists it.
    """
    locked = audits.lock_audit(session, audit)
    if locked is None:
        raise LookupError(f"There is no audit {audit}.")
    server, now = server_identity(session), max(now_ms(), locked.latest_receipt)
    key = ChainKey(server.installation, SERVER_ACCOUNT, locked.audit_id)
    chain = ServerChain(chains.load_chain(session, locked, key.installation, key.account), key, server.epoch, now)
    log.append_entries(session, locked, [chain.issue(seal, said, locked.head_seq)], now)
