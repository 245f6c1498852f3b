"""What the database knows about evidence: which bytes are held, which are on their way."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.storage.blobs import BlobKey, BlobStore
from server.storage.identifiers import new_id
from server.storage.tables.evidence import Blob, OpenedOriginal, Upload


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """One upload, as it was announced."""

    id: str
    workspace: str
    audit: str
    account: str
    sha256: str
    length: int
    media_type: str
    created_at: int
    is_complete: bool

    @property
    def key(self) -> BlobKey:
        """Where its bytes go when they are whole."""
        return BlobKey(self.workspace, self.audit, self.sha256)


@dataclass(frozen=True, slots=True)
class BlobRecord:
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Opening:
    """Who was handed the original of a photo of which something was covered, and when (milliseconds since 1970)."""

    sha256: str
    account: str
    at: int


@dataclass(frozen=True, slots=True)
class Sending:
    """Who sent a file whole: when it was announced, and when its last byte had come (milliseconds since 1970)."""

    account: str
    began_at: int
    arrived_at: int


@dataclass(frozen=True, slots=True)
class Holding:
    """Since when a file is held whose bytes were checked, in milliseconds since 1970, and whether a whole backup holds it, too."""

    verified_at: int
    size: int
    is_backed_up: bool


def note_opening(session: Session, key: BlobKey, account: str, now: int) -> None:
    """Before the bytes are given: what is noted and not fetched does no harm."""
    session.add(
        OpenedOriginal(
            id=new_id(now),
            workspace_id=key.workspace,
            audit_id=key.audit,
            sha256=key.sha256,
            account_id=account,
            opened_at=now,
        )
    )
    session.flush()


def openings(session: Session, audit: str) -> list[Opening]:
    """Of one audit, the first one first."""
    query = sa.select(OpenedOriginal).where(OpenedOriginal.audit_id == audit).order_by(OpenedOriginal.id)
    return [Opening(row.sha256, row.account_id, row.opened_at) for row in session.scalars(query)]


def sendings(session: Session, audit: str, sha256: str) -> list[Sending]:
    """Of one file, the first one first."""
    is_it = (Upload.audit_id == audit) & (Upload.sha256 == sha256)
    rows = session.scalars(sa.select(Upload).where(is_it).order_by(Upload.id))
    return [Sending(row.account_id, row.created_at, row.completed_at) for row in rows if row.completed_at is not None]


def find_holding(session: Session, blobs: BlobStore, key: BlobKey) -> Holding | None:
    """What the row says of a file that is still where it was put."""
    row = session.get(Blob, (key.workspace, key.audit, key.sha256))
    return Holding(row.stored_at, row.size, row.is_backed_up) if row is not None and blobs.exists(key) else None


def add_upload(
    session: Session,
    *,
    workspace: str,
    audit: str,
    account: str,
    sha256: str,
    length: int,
    media_type: str,
    is_complete: bool,
    now: int,
) -> UploadRecord:
    row = Upload(
        id=new_id(now),
        workspace_id=workspace,
        audit_id=audit,
        account_id=account,
        sha256=sha256,
        length=length,
        media_type=media_type,
        created_at=now,
        completed_at=now if is_complete else None,
    )
    session.add(row)
    session.flush()
    return _record(row)


def find_upload(session: Session, upload: str, account: str) -> UploadRecord | None:
    """An upload is continued by whoever began it."""
    row = session.get(Upload, upload)
    return None if row is None or row.account_id != account else _record(row)


def unfinished_upload(session: Session, *, audit: str, account: str, sha256: str, length: int) -> UploadRecord | None:
    """The same file on its way already: an app that lost the address of its upload goes on with it."""
    row = session.scalar(
        sa.select(Upload)
        .where(
            Upload.audit_id == audit,
            Upload.account_id == account,
            Upload.sha256 == sha256,
            Upload.length == length,
            Upload.completed_at.is_(None),
        )
        .order_by(Upload.created_at.desc())
        .limit(1)
    )
    return None if row is None else _record(row)


def unfinished_before(session: Session, instant: int) -> list[UploadRecord]:
    """What was begun before that instant (milliseconds since 1970) and is not whole yet."""
    is_it = Upload.completed_at.is_(None) & (Upload.created_at < instant)
    return [_record(row) for row in session.scalars(sa.select(Upload).where(is_it).order_by(Upload.id))]


def hashes_brought_by(session: Session, audit: str, account: str) -> set[str]:
    """Of the files that this account has sent to the audit whole."""
    is_its = (Upload.audit_id == audit) & (Upload.account_id == account) & Upload.completed_at.is_not(None)
    return set(session.scalars(sa.select(Upload.sha256).where(is_its)))


def complete_upload(session: Session, upload: UploadRecord, now: int) -> None:
    session.execute(sa.update(Upload).where(Upload.id == upload.id).values(completed_at=now))


def remove_upload(session: Session, upload: UploadRecord) -> None:
    session.execute(sa.delete(Upload).where(Upload.id == upload.id))


def add_blob(session: Session, key: BlobKey, size: int, media_type: str, now: int, *, is_put: bool = False) -> None:
    """
    The bytes lie in the store and were checked. Two tablets may bring the same picture at once. `is_put`: they were not there, or
    damaged; where the row stood all the same, what it says about a backup is from before that, and the next backup says it anew.
    """
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert(Blob) if dialect == "postgresql" else sqlite.insert(Blob)
    row = ["workspace_id", "audit_id", "sha256"]
    added = insert.values(
        workspace_id=key.workspace,
        audit_id=key.audit,
        sha256=key.sha256,
        size=size,
        media_type=media_type,
        stored_at=now,
        is_backed_up=False,
    )
    session.execute(
        added.on_conflict_do_update(index_elements=row, set_={"is_backed_up": False})
        if is_put
        else added.on_conflict_do_nothing(index_elements=row)
    )


def find_blob(session: Session, blobs: BlobStore, key: BlobKey) -> BlobRecord | None:
    """What is held: its row stands, and its file is still where it was put."""
    row = session.get(Blob, (key.workspace, key.audit, key.sha256))
    return BlobRecord(row.sha256, row.size, row.media_type) if row is not None and blobs.exists(key) else None


def stored_hashes(
    session: Session, blobs: BlobStore, workspace: str, audit: str, hashes: Iterable[str]
) -> dict[str, bool]:
    """Of these hashes those whose bytes this audit holds and which were checked; and whether a whole backup holds them, too."""
    return {row.sha256: row.is_backed_up for row in _stored(session, blobs, workspace, audit, hashes)}


def stored_since(
    session: Session, blobs: BlobStore, workspace: str, audit: str, hashes: Iterable[str]
) -> dict[str, int]:
    """Of these hashes those whose bytes this audit holds, and since when, in milliseconds."""
    return {row.sha256: row.stored_at for row in _stored(session, blobs, workspace, audit, hashes)}


def _stored(session: Session, blobs: BlobStore, workspace: str, audit: str, hashes: Iterable[str]) -> Iterator[Blob]:
    wanted = sorted(set(hashes))
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        rows = session.scalars(
            sa.select(Blob).where(Blob.workspace_id == workspace, Blob.audit_id == audit, Blob.sha256.in_(some))
        )
        found = list(rows)
        there = blobs.among(workspace, audit, {row.sha256 for row in found})
        yield from (row for row in found if row.sha256 in there)


def _record(row: Upload) -> UploadRecord:
    return UploadRecord(
        row.id,
        row.workspace_id,
        row.audit_id,
        row.account_id,
        row.sha256,
        row.length,
        row.media_type,
        row.created_at,
        row.completed_at is not None,
    )
