"""
Smaller pictures that a tablet sends ahead of a photo: on a slow line the office sees within seconds what was photographed.

They lie beside the place of the original and prove nothing: no seal names them. Once the original is there, the server makes its own
(derivatives.py), and nothing looks at these any more.
"""

from collections.abc import Iterable
from enum import StrEnum

from server.database import reading
from server.domain.refusals import Refusal, Refused
from server.evidence.derivatives import Derivative, painted, read_picture, report_picture, thumbnail
from server.evidence.download import cover_of, named_audit
from server.evidence.hold import entering
from server.evidence.upload import Sender
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles


class PictureSize(StrEnum):
    """A thumbnail for lists, a view in the size of a screen or a report."""

    THUMBNAIL = "thumbnail"
    VIEW = "view"


MOST_BYTES = {PictureSize.THUMBNAIL: 256 * 1024, PictureSize.VIEW: 3 * 1024 * 1024}
"""The tablet's own are a tenth of it."""
_JPEG = b"\xff\xd8\xff"


def keep_ahead(
    files: EvidenceFiles, sender: Sender, audit: str, sha256: str, size: PictureSize, picture: bytes
) -> None:
    """
    Keep it until the original is there; where it is, there is nothing to do.

    Raises `Refused` for an audit that is not the sender's to see or that does not name the hash, for a photo that was withdrawn, and
    for what is no JPEG or too large.
    """
    with reading(sender.scope) as session:
        row = named_audit(session, sender, audit, sha256)
        key = BlobKey(row.workspace_id, row.id, sha256)
    if not picture.startswith(_JPEG) or len(picture) > MOST_BYTES[size]:
        raise Refused(Refusal("evidence.not_a_picture", {"limit": MOST_BYTES[size]}))
    if files.blobs.exists(key):
        return
    with files.uploads.passing() as folder:
        path = folder / "picture"
        path.write_bytes(picture)
        # The audit is locked: a withdrawal is seen here, or finds this picture and takes it away.
        with entering(files, key):
            files.blobs.keep_beside(key, _name(size), path)


def there_ahead(files: EvidenceFiles, workspace: str, audit: str, hashes: Iterable[str], size: PictureSize) -> set[str]:
    """Of these files those whose picture of this size was sent ahead."""
    return files.blobs.among_beside(workspace, audit, set(hashes), _name(size))


def read_small(files: EvidenceFiles, reader: Sender, audit: str, sha256: str, size: PictureSize) -> bytes:
    """
    The picture of a photo as a JPEG, made from the original, or, while that is on its way, sent ahead; what is covered for privacy is
    painted over.

    Raises `Refused` as `named_audit` does, where neither original nor picture is here, and where there is no picture of such a file.
    """
    with reading(reader.scope) as session:
        row = named_audit(session, reader, audit, sha256)
        key = BlobKey(row.workspace_id, row.id, sha256)
        cover = cover_of(session, audit, sha256)
    if not files.blobs.exists(key):
        picture = read_ahead(files, key, size, cover)
        if picture is None:
            raise Refused(Refusal("evidence.not_stored"))
        return picture
    make = thumbnail if size is PictureSize.THUMBNAIL else report_picture
    picture = read_picture(files, make(files, key, cover))
    if picture is None:
        raise Refused(Refusal("evidence.no_picture"))
    return picture


def read_ahead(files: EvidenceFiles, key: BlobKey, size: PictureSize, drawing: str | None) -> bytes | None:
    """What was sent ahead, with a drawing painted in; None where nothing was, or it cannot be painted on."""
    picture = files.blobs.read_beside(key, _name(size))
    return picture if picture is None or drawing is None else painted(files, picture, drawing)


def drop_ahead(files: EvidenceFiles, key: BlobKey) -> None:
    """The original is here, and what was made of it counts."""
    for size in PictureSize:
        files.blobs.remove_beside(key, _name(size))


def report_picture_ahead(files: EvidenceFiles, made: Derivative, drawing: str | None) -> bytes | None:
    """For a provisional report, in place of an original that has not arrived: decoded anew, since whoever sent it made it."""
    for size in (PictureSize.VIEW, PictureSize.THUMBNAIL):
        picture = files.blobs.read_beside(made.key, _name(size))
        if picture is not None:
            return painted(files, picture, drawing)
    return None


def _name(size: PictureSize) -> str:
    return f"ahead.{size}.jpg"
