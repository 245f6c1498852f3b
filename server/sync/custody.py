"""
What the server holds of one audit, to be signed: the log up to the number that a tablet has, and the files that it names.

Before: the tablet has sent and pulled what it can.
After:  it has a statement that it can check against its own log, and hears what is lacking: files that have not arrived, and tablets
        that announced more entries than they sent. Nothing is written.
"""

from dataclasses import dataclass

from server.database import Scope, reading
from server.domain.custody import Custody, evidence_list_hash, evidence_named
from server.domain.operation import SERVER_ACCOUNT
from server.domain.refusals import Refusal, Refused
from server.storage import Session, accounts, audits, chains, erasures
from server.storage import evidence as records
from server.storage import operation_log as log
from server.storage.evidence_store import EvidenceFiles
from server.storage.server_state import server_identity
from server.sync.pull import Puller


@dataclass(frozen=True, slots=True)
class WaitingTablet:
    """A tablet that announced more entries than have arrived. `arrived` and `announced` are numbers of its chain."""

    account: str
    name: str
    installation: str
    arrived: int
    announced: int


@dataclass(frozen=True, slots=True)
class Held:
    """`lacking`: files that the log names and whose bytes are not here, by SHA-256."""

    custody: Custody
    lacking: list[str]
    tablets: list[WaitingTablet]


def read_custody(files: EvidenceFiles, reader: Puller, audit: str, epoch: str | None, seq: int | None) -> Held:
    """
    Raises `Refused` where the audit is not the reader's to see, or where the cursor belongs to another history than this server's.
    """
    if reader.installation is None:
        # Only what is enrolled can be blocked.
        raise Refused(Refusal("account.installation_unknown"))
    with reading(Scope(frozenset(reader.roles))) as session:
        row = audits.visible_audit(session, audit, reader.account, reader.roles)
        if row is None:
            raise Refused(Refusal("request.not_found"))
        current = server_identity(session).epoch
        if epoch is not None and epoch != current:
            raise Refused(Refusal("sync.epoch_changed", {"epoch": current}))
        seq = row.head_seq if seq is None else seq
        if seq > row.head_seq:
            raise Refused(Refusal("sync.cursor_ahead", {"head": row.head_seq}))
        named = evidence_named(log.evidence_births(session, audit, seq), erasures.withdrawn_files(session, audit))
        stored = records.stored_hashes(session, files.blobs, row.workspace_id, row.id, named)
        return Held(
            Custody(audit, current, seq, log.hash_at(session, audit, seq), len(stored), evidence_list_hash(stored)),
            lacking=[sha256 for sha256 in named if sha256 not in stored],
            tablets=_waiting(session, audit),
        )


def _waiting(session: Session, audit: str) -> list[WaitingTablet]:
    found = []
    for chain in chains.chains(session, audit):
        if chain.account != SERVER_ACCOUNT and chain.announced_dseq > chain.tip_dseq:
            person = accounts.account_by_id(session, chain.account)
            name = "" if person is None else person.name
            found.append(WaitingTablet(chain.account, name, chain.installation, chain.tip_dseq, chain.announced_dseq))
    return found
