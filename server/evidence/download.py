"""Evidence on its way back: only what the audit names and was itself sent, only to those who may pull the audit."""

from dataclasses import dataclass
from pathlib import Path

from server.database import reading
from server.domain.refusals import Refusal, Refused
from server.evidence.upload import Sender
from server.storage import audits, erasures
from server.storage import evidence as records
from server.storage import operation_log as log
from server.storage.evidence_store import BlobKey, EvidenceFiles


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """`media_type` is what the tablet said: a hint for a file name, not to be believed."""

    path: Path
    sha256: str
    media_type: str
    size: int


def load_evidence(files: EvidenceFiles, reader: Sender, audit: str, sha256: str) -> StoredEvidence:
    """Raises `Refused` where the audit is not the reader's to see, does not name the hash, the bytes are not here or were withdrawn."""
    with reading(reader.scope) as session:
        row = audits.visible_audit(session, audit, reader.account, reader.roles)
        if row is None:
            raise Refused(Refusal("request.not_found"))
        if erasures.is_withdrawn(session, row.id, sha256):
            raise Refused(Refusal("evidence.withdrawn"))
        if not log.names_evidence(session, audit, sha256):
            raise Refused(Refusal("request.not_found"))
        key = BlobKey(row.workspace_id, row.id, sha256)
        blob = records.find_blob(session, files.blobs, key)
        if blob is None:
            raise Refused(Refusal("evidence.not_stored"))
        path = files.blobs.local_path(key)
    return StoredEvidence(path, sha256, blob.media_type, blob.size)
