"""Evidence that comes in a file and not by an upload: whoever runs the server brings it."""

from collections.abc import Iterable

from server.database import SERVER, reading
from server.domain.refusals import Refusal, Refused
from server.domain.spelling import Form, is_spelled
from server.evidence.hold import entering, is_whole, refuse_withdrawn
from server.storage import audits
from server.storage import evidence as records
from server.storage.blobs import BlobKey
from server.storage.clock import now_ms
from server.storage.disk import sha256_of
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id


def bring_evidence(
    files: EvidenceFiles, audit: str, sha256: str, size: int, media_type: str, chunks: Iterable[bytes]
) -> bool:
    """
    Keep one file of an audit, also in the place of one that has rotted. False where the audit holds it whole.

    Raises `Refused` for an audit that is not known here, for what was withdrawn, and where the bytes do not have their hash.
    """
    with reading(SERVER) as session:
        row = audits.find_audit(session, audit)
        if row is None:
            raise Refused(Refusal("request.not_found"))
        key = BlobKey(row.workspace_id, audit, sha256)
        refuse_withdrawn(session, key)
        is_held = records.find_blob(session, files.blobs, key) is not None
    is_put = not is_whole(files, key)
    if is_held and not is_put:
        return False
    if is_put:
        _put(files, key, chunks)
    with entering(files, key) as session:
        kind = media_type if is_spelled(Form.MEDIA_TYPE, media_type) else "application/octet-stream"
        records.add_blob(session, key, size, kind, now_ms(), is_put=is_put)
    return True


def _put(files: EvidenceFiles, key: BlobKey, chunks: Iterable[bytes]) -> None:
    on_its_way = new_id()
    # Locked, since no row names it: a server that starts meanwhile takes it for a rest otherwise.
    with files.uploads.locked(on_its_way, None):
        try:
            files.uploads.append(on_its_way, chunks)
            if sha256_of(files.uploads.path(on_its_way)) != key.sha256:
                raise Refused(Refusal("evidence.hash_mismatch"))
            files.blobs.put(key, files.uploads.path(on_its_way))
        finally:
            files.uploads.remove(on_its_way)
