"""
What the server alone knows about one file of evidence, for its chain of custody: who sent it, since when it is held, what was made of it,
who was handed its original, and what its content credentials say. What the log says, the tablet reads from its own log.
"""

import json
from dataclasses import dataclass
from typing import Any

from server.database import reading, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.evidence.beside import texts_beside
from server.evidence.credentials import ask_for_credentials, is_to_be_asked, kept_credentials
from server.evidence.derivatives import MADE
from server.evidence.upload import Sender
from server.storage import accounts, audits, erasures
from server.storage import evidence as records
from server.storage import operation_log as log
from server.storage.blobs import BlobKey
from server.storage.clock import as_instant
from server.storage.evidence import Holding, Opening, Sending
from server.storage.evidence_store import EvidenceFiles


@dataclass(frozen=True, slots=True)
class Chain:
    """`pictures` and `credentials` as `ChainOfCustodySchema` has them; `names` by account."""

    sha256: str
    is_withdrawn: bool
    stored: Holding | None
    sendings: list[Sending]
    pictures: list[dict[str, Any]]
    openings: list[Opening]
    credentials: dict[str, Any] | None
    names: dict[str, str]


def chain_of(files: EvidenceFiles, reader: Sender, audit: str, sha256: str) -> Chain:
    """
    Asks the worker to read content credentials where nobody has. Raises `Refused` where the audit is not the reader's to see or neither
    names the hash nor has withdrawn it.
    """
    with reading(reader.scope) as session:
        row = audits.visible_audit(session, audit, reader.account, reader.roles)
        if row is None:
            raise Refused(Refusal("request.not_found"))
        is_withdrawn = erasures.is_withdrawn(session, row.id, sha256)
        if not is_withdrawn and not log.names_evidence(session, row.id, sha256):
            raise Refused(Refusal("request.not_found"))
        key = BlobKey(row.workspace_id, row.id, sha256)
        stored = records.find_holding(session, files.blobs, key)
        sent = records.sendings(session, row.id, sha256)
        opened = [one for one in records.openings(session, row.id) if one.sha256 == sha256]
        whom = [*(one.account for one in sent), *(one.account for one in opened)]
        names = accounts.names_of(session, whom)
    if stored is not None and is_to_be_asked(files, key):
        with unit_of_work(reader.scope) as session:
            ask_for_credentials(session, files, key)
    return Chain(
        sha256=sha256,
        is_withdrawn=is_withdrawn,
        stored=stored,
        sendings=sent,
        pictures=[] if stored is None else _pictures(files, key),
        openings=opened,
        credentials=None if stored is None else kept_credentials(files, key),
        names=names,
    )


def _pictures(files: EvidenceFiles, key: BlobKey) -> list[dict[str, Any]]:
    """The first that was made first."""
    found: list[dict[str, Any]] = []
    for text in texts_beside(files, key, MADE):
        facts: dict[str, Any] = json.loads(text)
        found.append(facts)
    found.sort(key=lambda facts: (facts["made_at"], facts["sha256"]))
    return [facts | {"made_at": as_instant(facts["made_at"])} for facts in found]
