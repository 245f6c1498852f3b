"""
Evidence on its way: create, append at an offset, finish. What came stays, whatever cuts the connection.

Before: web/evidence.py knows who sends. It speaks tus; here no header is named, so that another protocol is another thin adapter.
After:  the whole file was checked against its hash and lies in the store; only then its row says that it is evidence.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from schemas.evidence import MAX_EVIDENCE_BYTES
from server.database import SERVER, Scope, reading, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.evidence.hold import entering, is_whole, refuse_withdrawn
from server.storage import Session, audits, erasures
from server.storage import evidence as records
from server.storage import operation_log as log
from server.storage.audits import Roles
from server.storage.blobs import BlobKey
from server.storage.clock import now_ms
from server.storage.disk import sha256_of
from server.storage.evidence import UploadRecord
from server.storage.evidence_store import EvidenceFiles
from server.storage.job_queue import enqueue
from server.storage.membership import in_team_until

CHECKSUMS = ("sha1", "sha256")
KEPT = 30 * 24 * 3600 * 1000
"""Milliseconds for which an upload that no entry names is kept after its last byte. What an entry names is kept until it is whole."""


PICTURES_JOB = "make_pictures"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who is signed in, with which roles by workspace."""

    account: str
    roles: Roles

    @property
    def scope(self) -> Scope:
        return Scope(frozenset(self.roles))


@dataclass(frozen=True, slots=True)
class Announced:
    """What the tablet says about a file before it sends it."""

    audit: str
    sha256: str
    length: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What an account may bring to an audit: everything to one that it sees; to another one what its own entries name, since those are
    kept, and within its workspace what any entry names. `told`: of which it may hear whether the bytes are here; of an audit that is
    not for it to see, what its entries name and what it has sent itself.
    """

    workspace: str
    hashes: Set[str]
    told: Set[str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload has come, of what, and until when it is kept (milliseconds since 1970) if nothing more comes; None: for good."""

    id: str
    offset: int
    length: int
    announced: Announced
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Checksum:
    """Of the bytes of one request, as tus has it. `algorithm`: one of `CHECKSUMS`."""

    algorithm: str
    digest: bytes


def create_upload(files: EvidenceFiles, sender: Sender, announced: Announced) -> Progress:
    """
    Begin an upload, or go on with one of the same file. Bytes that this very audit holds already are not sent again.

    Raises `Refused` for an audit in which the sender has nothing to bring, for a file that is too large, and for one that was withdrawn;
    that is said to whoever has left the team as well, since their tablet may still hold it.
    """
    if announced.length > MAX_EVIDENCE_BYTES:
        raise Refused(Refusal("evidence.too_large", {"limit": MAX_EVIDENCE_BYTES}))
    with reading(SERVER) as session:
        try:
            wanted = _wanted(session, sender, announced.audit, [announced.sha256])
        except Refused:
            if _has_lost(session, sender, announced.audit, announced.sha256):
                raise Refused(Refusal("evidence.withdrawn")) from None
            raise
        workspace, is_told = wanted.workspace, announced.sha256 in wanted.told
        key = BlobKey(workspace, announced.audit, announced.sha256)
        refuse_withdrawn(session, key)
    is_in_store = is_told and is_whole(files, key)
    now = now_ms()
    with entering(files, key) as session:
        upload = records.unfinished_upload(
            session,
            audit=announced.audit,
            account=sender.account,
            sha256=announced.sha256,
            length=announced.length,
        )
        if is_in_store:
            records.add_blob(session, key, announced.length, announced.media_type, now)
        if upload is None or is_in_store:
            upload = records.add_upload(
                session,
                workspace=workspace,
                audit=announced.audit,
                account=sender.account,
                sha256=announced.sha256,
                length=announced.length,
                media_type=announced.media_type,
                is_complete=is_in_store,
                now=now,
            )
    return _progress(files, sender, upload)


def upload_progress(files: EvidenceFiles, sender: Sender, upload: str) -> Progress:
    """How far it has come. Raises `Refused` if there is no such upload of the sender."""
    return _progress(files, sender, _find(files, sender, upload))


def append_to_upload(
    files: EvidenceFiles,
    sender: Sender,
    upload: str,
    offset: int,
    chunks: Callable[[int], Iterable[bytes]],
    interrupt: Callable[[], None] | None = None,
    checksum: Checksum | None = None,
) -> Progress:
    """
    Append what comes. `chunks` reads at most so many bytes; `interrupt` ends its reading from outside.

    Raises `Refused` when it stands at another offset, when somebody else is at it, when the bytes are not what their checksum says (none
    of them is kept then), and when the whole file does not have its hash.
    """
    _find(files, sender, upload)
    with files.uploads.locked(upload, interrupt) as is_ours:
        if not is_ours:
            raise Refused(Refusal("server.busy"))
        record = _find(files, sender, upload)  # Whoever held it before may have finished it.
        if record.is_complete:
            return _stands(files, record, record.length)
        size = files.uploads.size(upload)
        if offset != size:
            raise Refused(Refusal("evidence.offset", {"offset": size}))
        size = _append(files, upload, chunks(record.length - size), checksum)
        _drop_withdrawn(files, record)
        if size == record.length:
            _finish(files, record)
        return _stands(files, record, size)


def _append(files: EvidenceFiles, upload: str, chunks: Iterable[bytes], checksum: Checksum | None) -> int:
    if checksum is None:
        return files.uploads.append(upload, chunks)
    size = files.uploads.append_checked(upload, chunks, checksum.algorithm, checksum.digest)
    if size is None:
        raise Refused(Refusal("evidence.checksum_mismatch"))
    return size


def cancel_upload(files: EvidenceFiles, sender: Sender, upload: str) -> None:
    """Forget an upload. Evidence that was stored meanwhile stays."""
    record = _find(files, sender, upload)
    with files.uploads.locked(upload, None) as is_ours:
        if not is_ours:
            raise Refused(Refusal("server.busy"))
        _forget(files, record)


def expire_uploads(files: EvidenceFiles) -> int:
    """Forget what began, never became whole, and which no entry of its audit names: nobody would miss it. How many."""
    now = now_ms()
    with reading(SERVER) as session:
        lapsed = [one for one in records.unfinished_before(session, now - KEPT) if _is_lapsed(session, files, one, now)]
    gone = 0
    for upload in lapsed:
        with files.uploads.locked(upload.id, None) as is_ours:
            with reading(SERVER) as session:
                found = records.find_upload(session, upload.id, upload.account)
                is_still = found is not None and not found.is_complete and _is_lapsed(session, files, found, now)
            if is_ours and is_still:
                _forget(files, upload)
                gone += 1
    return gone


def _is_lapsed(session: Session, files: EvidenceFiles, upload: UploadRecord, now: int) -> bool:
    until = _kept_until(session, files, upload)
    return until is not None and until <= now


@dataclass(frozen=True, slots=True)
class Known:
    """Of the hashes that were asked about: `stored` those whose bytes the audit holds, verified, and whether a backup holds them as well."""

    workspace: str
    stored: Mapping[str, bool]
    lacking: Set[str]


def known_evidence(files: EvidenceFiles, sender: Sender, audit: str, hashes: Iterable[str]) -> Known:
    """What another audit holds is not told, nor what this account may not hear of: that is neither stored nor lacking."""
    with reading(SERVER) as session:
        wanted = _wanted(session, sender, audit, hashes)
        if not wanted.told:
            raise Refused(Refusal("request.not_found"))
        stored = records.stored_hashes(session, files.blobs, wanted.workspace, audit, wanted.told)
    return Known(wanted.workspace, stored, wanted.told - stored.keys())


def _wanted(session: Session, sender: Sender, audit: str, hashes: Iterable[str]) -> Wanted:
    """Raises `Refused` where there is nothing that this account may bring."""
    asked, row = set(hashes), audits.find_audit(session, audit)
    if row is None:
        raise Refused(Refusal("request.not_found"))
    if audits.visible_audit(session, audit, sender.account, sender.roles) is not None:
        return Wanted(row.workspace_id, asked, asked)
    own = log.evidence_sent_by(session, audit, sender.account)
    # The work of a tablet that is lost may have been handed to anybody of the workspace, its photos with it.
    named = asked & (log.evidence_named(session, audit) if row.workspace_id in sender.roles else own)
    if not named:
        raise Refused(Refusal("request.not_found"))
    return Wanted(row.workspace_id, named, named & (own | records.hashes_brought_by(session, audit, sender.account)))


def _has_lost(session: Session, sender: Sender, audit: str, sha256: str) -> bool:
    """Whether this was withdrawn from an audit in whose team the sender was, or from what the sender wrote: its entry names it no more."""
    row = audits.find_audit(session, audit)
    if row is None or not erasures.is_withdrawn(session, audit, sha256):
        return False
    own = {file for _, file in erasures.erased_among(session, audit, 0, sender.account)}
    return sha256 in own or in_team_until(session, row, sender.account) > 0


def _find(files: EvidenceFiles, sender: Sender, upload: str) -> UploadRecord:
    with reading(SERVER) as session:
        record = records.find_upload(session, upload, sender.account)
        if record is None:
            raise Refused(Refusal("evidence.upload_gone"))
        if record.is_complete and records.find_blob(session, files.blobs, record.key) is None:
            # What it brought is no longer on the disk: whoever has it announces it anew.
            raise Refused(Refusal("evidence.upload_gone"))
        try:
            _wanted(session, sender, record.audit, [record.sha256])
        except Refused as refused:
            raise Refused(Refusal("evidence.upload_gone")) from refused
        return record


def _progress(files: EvidenceFiles, sender: Sender, upload: UploadRecord) -> Progress:
    if upload.is_complete:
        return _stands(files, upload, upload.length)
    size = files.uploads.size(upload.id)
    was_cut_while_finishing = size == upload.length or (size == 0 and _is_placed_without_row(files, sender, upload))
    if was_cut_while_finishing:
        # The power went after the last byte: before the check, or between the file's new place and its row. Or it has none.
        with files.uploads.locked(upload.id, None) as is_ours:
            if not is_ours:
                raise Refused(Refusal("server.busy"))  # Nobody knows yet whether these are the right bytes.
            record = _find(
                files, sender, upload.id
            )  # Whoever held it before may have finished it, or refused its bytes.
            if not record.is_complete:
                _finish(files, record)
            size = upload.length
    return _stands(files, upload, size)


def _stands(files: EvidenceFiles, upload: UploadRecord, size: int) -> Progress:
    announced = Announced(upload.audit, upload.sha256, upload.length, upload.media_type)
    expires_at = None
    if size < upload.length:
        with reading(SERVER) as session:
            expires_at = _kept_until(session, files, upload)
    return Progress(upload.id, size, upload.length, announced, expires_at)


def _kept_until(session: Session, files: EvidenceFiles, upload: UploadRecord) -> int | None:
    """Whole seconds, as the tablet is told it. None: an entry names the file, so it is waited for as long as it takes."""
    if log.names_evidence(session, upload.audit, upload.sha256):
        return None
    last = max(upload.created_at, round(files.uploads.touched_at(upload.id) * 1000))
    return (last + KEPT) // 1000 * 1000


def _drop_withdrawn(files: EvidenceFiles, upload: UploadRecord) -> None:
    """It may have been withdrawn while its bytes came."""
    try:
        with reading(SERVER) as session:
            refuse_withdrawn(session, upload.key)
    except Refused:
        files.uploads.remove(upload.id)
        raise


def _finish(files: EvidenceFiles, upload: UploadRecord) -> None:
    _drop_withdrawn(files, upload)
    path = files.uploads.path(upload.id)
    if upload.length == 0:
        files.uploads.append(upload.id, ())
    is_here = path.exists()
    if is_here and sha256_of(path) != upload.sha256:
        _forget(files, upload)
        raise Refused(Refusal("evidence.hash_mismatch"))
    is_put = not is_whole(files, upload.key)
    if is_put and not is_here:
        _forget(files, upload)
        raise Refused(Refusal("evidence.upload_gone"))
    if is_put:
        files.blobs.put(upload.key, path)
    now = now_ms()
    try:
        with entering(files, upload.key) as session:
            records.add_blob(session, upload.key, upload.length, upload.media_type, now, is_put=is_put)
            records.complete_upload(session, upload, now)
            if upload.media_type.startswith("image/"):
                ask_for_pictures(session, upload.key)
    except Refused as refused:
        if refused.refusal.code == "evidence.withdrawn":
            files.uploads.remove(upload.id)
        raise
    files.uploads.remove(upload.id)


def ask_for_pictures(session: Session, key: BlobKey) -> None:
    """In the transaction in which the file gets its row. Once for each file that comes: of one that rotted they are made anew when asked for."""
    args = {"workspace": key.workspace, "audit": key.audit, "sha256": key.sha256}
    enqueue(session, PICTURES_JOB, args, dedup=f"{PICTURES_JOB}/{key.name}")


def _forget(files: EvidenceFiles, upload: UploadRecord) -> None:
    with unit_of_work(Scope(frozenset({upload.workspace}))) as session:
        records.remove_upload(session, upload)
    files.uploads.remove(upload.id)


def _is_placed_without_row(files: EvidenceFiles, sender: Sender, upload: UploadRecord) -> bool:
    """
    Where the row stands as well, another upload has brought it; whoever sends it once more is not told so. Nor is, whoever brought it,
    who may not be told whether it is here: they send it again.
    """
    with reading(SERVER) as session:
        is_told = upload.sha256 in _wanted(session, sender, upload.audit, [upload.sha256]).told
        has_row = records.find_blob(session, files.blobs, upload.key) is not None
    return is_told and not has_row and is_whole(files, upload.key)
