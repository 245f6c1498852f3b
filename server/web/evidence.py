"""
Evidence by tus 1.0 (core, creation, creation-with-upload, checksum, expiration, termination), which of it is held, and its bytes.

See docs/data-flow.md, section 4, and https://tus.io/protocols/resumable-upload.
"""

import base64
import binascii
import contextlib
import uuid
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import Response, current_app, request
from marshmallow import fields
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.http import http_date

from schemas.base import StrictSchema, line, sha256_hex
from schemas.evidence import MAX_EVIDENCE_BYTES
from schemas.sync import KnownEvidenceQuerySchema, KnownEvidenceSchema
from server.config import Config
from server.domain.refusals import Refusal, Refused
from server.domain.spelling import Form, is_spelled
from server.evidence.download import load_evidence
from server.evidence.sent_ahead import MOST_BYTES, PictureSize, keep_ahead, read_small, there_ahead
from server.evidence.upload import (
    CHECKSUMS,
    Announced,
    Checksum,
    Progress,
    Sender,
    append_to_upload,
    cancel_upload,
    create_upload,
    known_evidence,
    upload_progress,
)
from server.storage.evidence_store import EvidenceFiles
from server.web.blueprint import Blueprint
from server.web.body import arriving_chunks, interrupter
from server.web.ranges import asked_range
from server.web.security import current_account

TUS = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
BYTES = "application/offset+octet-stream"
_SHOWN = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
    "application/pdf": "pdf",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/webm": "webm",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
}
"""What is said to be what it is; everything else is bytes. Each comes as a file to be saved, never as a page of this site."""
PLAYED_AT_ONCE = 4 * 1024 * 1024
"""
Bytes of a video or a recording that one request is given at most (RFC 9110, section 15.3.7, leaves that to the server): whoever plays
one asks again every few seconds, and is asked each time whether the audit may still be seen.
"""

blueprint = Blueprint("evidence", __name__, url_prefix="/api", description="The bytes of objective evidence")


class UploadMetadataSchema(StrictSchema):
    """`Upload-Metadata` of tus: what the file is, and for which audit."""

    sha256 = sha256_hex(required=True)
    audit = fields.UUID(required=True)
    media_type = line(required=True)


@blueprint.post("/evidence/uploads")
@blueprint.response(201)
def post_upload() -> Response:
    """Announce a file. The answer says where its bytes go, and how many are there already."""
    _refuse_other_protocol()
    sender = _sender()
    announced = UploadMetadataSchema().load(_metadata())
    length = _whole_header("Upload-Length")
    progress = create_upload(
        _files(),
        sender,
        Announced(str(announced["audit"]), announced["sha256"], length, _media_type(announced["media_type"])),
    )
    if request.mimetype == BYTES:
        # Creation with upload. Its body begins with the file's first byte: where some are here already, it is told how many.
        if progress.offset == 0 < progress.length:
            progress = _append(sender, progress.id, 0)
        else:
            deque(arriving_chunks(length), maxlen=0)
    answer = _answer(progress, 201)
    answer.headers["Location"] = f"/api/evidence/uploads/{progress.id}"
    return answer


@blueprint.route("/evidence/uploads/<uuid:upload>", methods=["HEAD"])
@blueprint.response(204)
def head_upload(upload: uuid.UUID) -> Response:
    """How far the file has come."""
    _refuse_other_protocol()
    progress = upload_progress(_files(), _sender(), str(upload))
    answer = _answer(progress, 204)
    said = progress.announced
    pairs = {"sha256": said.sha256, "audit": said.audit, "media_type": said.media_type}
    answer.headers["Upload-Metadata"] = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items()
    )
    return answer


@blueprint.patch("/evidence/uploads/<uuid:upload>")
@blueprint.response(204)
def patch_upload(upload: uuid.UUID) -> Response:
    """The next bytes. What came is kept, even if the connection breaks; the whole file is checked at the end."""
    _refuse_other_protocol()
    sender = _sender()
    if request.mimetype != BYTES:
        raise Refused(Refusal("request.media_type", {"media_type": request.mimetype}))
    return _answer(_append(sender, str(upload), _whole_header("Upload-Offset")), 204)


@blueprint.post("/evidence/uploads/<uuid:upload>")
@blueprint.response(204)
def post_overriding(upload: uuid.UUID) -> Response:
    """PATCH, for whoever sits behind a proxy that knows no such method (`X-HTTP-Method-Override` of tus)."""
    _sender()  # Whoever is not signed in hears that first.
    if request.headers.get("X-HTTP-Method-Override", "").upper() != "PATCH":
        raise MethodNotAllowed(valid_methods=["HEAD", "PATCH", "DELETE", "OPTIONS"])
    answer: Response = patch_upload(upload)
    return answer


def _append(sender: Sender, upload: str, offset: int) -> Progress:
    """The body of this request, from `offset` on."""
    checksum, received = _checksum(), 0

    def chunks(room: int) -> Any:
        nonlocal received
        if (request.content_length or 0) > room:
            raise Refused(Refusal("evidence.too_large", {"limit": offset + room}))
        for chunk in arriving_chunks(room):
            received += len(chunk)
            yield chunk

    progress = append_to_upload(_files(), sender, upload, offset, chunks, interrupter(), checksum)
    was_cut = progress.offset < progress.length and received < (request.content_length or 0)
    if was_cut:
        raise Refused(Refusal("evidence.offset", {"offset": progress.offset}))
    return progress


@blueprint.delete("/evidence/uploads/<uuid:upload>")
@blueprint.response(204)
def delete_upload(upload: uuid.UUID) -> None:
    """Give up an upload."""
    _refuse_other_protocol()
    cancel_upload(_files(), _sender(), str(upload))


@blueprint.post("/audits/<uuid:audit>/evidence/known")
@blueprint.arguments(KnownEvidenceQuerySchema)
@blueprint.response(200, KnownEvidenceSchema)
def post_known(query: dict[str, Any], audit: uuid.UUID) -> dict[str, Any]:
    """Which of these files need not be sent."""
    files = _files()
    known = known_evidence(files, _sender(), str(audit), query.get("sha256", []))
    answer = {
        "stored": sorted(known.stored),
        "backed_up": sorted(sha256 for sha256, is_backed_up in known.stored.items() if is_backed_up),
    }
    # While the store is away nothing is said of them, and the tablet sends none.
    with contextlib.suppress(Refused):
        ahead = {size: there_ahead(files, known.workspace, str(audit), known.lacking, size) for size in PictureSize}
        answer |= {"thumbnails": sorted(ahead[PictureSize.THUMBNAIL]), "views": sorted(ahead[PictureSize.VIEW])}
    return answer


@blueprint.get("/audits/<uuid:audit>/evidence/<sha256>")
@blueprint.response(200)
def get_evidence(audit: uuid.UUID, sha256: str) -> Response:
    """The bytes, exactly as they left the shutter: all of them, or one range."""
    files = _files()
    evidence = load_evidence(files, _sender(), str(audit), sha256_hex().deserialize(sha256))
    name, suffix = evidence.key.sha256, _SHOWN.get(evidence.media_type)
    etag = f'"{name}"'
    is_asked_anew = request.method == "GET" and not request.if_none_match.contains_weak(name)
    asked = asked_range(request.headers, etag, evidence.size) if is_asked_anew else None
    if asked is not None and evidence.media_type.startswith(("audio/", "video/")):
        asked = asked[0], min(asked[1], PLAYED_AT_ONCE)
    start, length = asked or (0, evidence.size)
    answer = Response(mimetype=evidence.media_type if suffix else "application/octet-stream")
    if request.if_none_match.contains_weak(name):
        answer.status_code = 304
    else:
        answer.content_length = length
    if is_asked_anew:
        answer.response = _begun(files.blobs.chunks(evidence.key, start, length))
    if asked is not None:
        answer.status_code = 206
        answer.headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{evidence.size}"
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = etag
    # A part is for this moment; the whole may be kept, and is asked for again before it is used.
    if asked is not None:
        answer.headers["Cache-Control"] = "private, no-store"
    return _for_saving(answer, f"{name}.{suffix or 'bin'}")


def _size(name: str) -> PictureSize:
    try:
        return PictureSize(name)
    except ValueError:
        raise Refused(Refusal("request.not_found")) from None


def _for_saving(answer: Response, name: str) -> Response:
    """A file, never a page of this site."""
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    answer.headers.setdefault("Cache-Control", "private, no-cache")
    answer.headers["Content-Security-Policy"] = "sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """With the first part at hand: a store that does not answer is told while there still is a status to say it with."""
    return chain([next(chunks, b"")], chunks)


@blueprint.put("/audits/<uuid:audit>/evidence/<sha256>/pictures/<size>")
@blueprint.response(204)
def put_picture(audit: uuid.UUID, sha256: str, size: str) -> None:
    """A smaller picture of a photo, sent ahead of it: a JPEG."""
    wanted = _size(size)
    limit = MOST_BYTES[wanted]
    if (request.content_length or 0) > limit:
        raise Refused(Refusal("evidence.not_a_picture", {"limit": limit}))
    picture = b"".join(arriving_chunks(limit + 1))
    if len(picture) < (request.content_length or 0):
        raise Refused(Refusal("request.digest_mismatch"))
    keep_ahead(_files(), _sender(), str(audit), sha256_hex().deserialize(sha256), wanted, picture)


@blueprint.get("/audits/<uuid:audit>/evidence/<sha256>/pictures/<size>")
@blueprint.response(200)
def get_picture(audit: uuid.UUID, sha256: str, size: str) -> Response:
    """A smaller picture of a photo, as a JPEG, with what is covered for privacy painted over."""
    picture = read_small(_files(), _sender(), str(audit), sha256_hex().deserialize(sha256), _size(size))
    return _for_saving(Response(picture, mimetype="image/jpeg"), f"{sha256}.{size}.jpg")


@blueprint.after_request
def _speak_tus(answer: Response) -> Response:
    if "/evidence/uploads" in request.path:
        answer.headers["Tus-Resumable"] = TUS
        answer.headers["Cache-Control"] = "no-store"
        if request.method == "OPTIONS":
            answer.headers["Tus-Version"] = TUS
            answer.headers["Tus-Extension"] = EXTENSIONS
            answer.headers["Tus-Max-Size"] = str(MAX_EVIDENCE_BYTES)
            answer.headers["Tus-Checksum-Algorithm"] = ",".join(CHECKSUMS)
        elif answer.status_code == 412:
            answer.headers["Tus-Version"] = TUS
    return answer


def _refuse_other_protocol() -> None:
    if request.headers.get("Tus-Resumable", TUS) != TUS:
        raise Refused(Refusal("evidence.tus_version", {"version": TUS}))


def _checksum() -> Checksum | None:
    """`Upload-Checksum: <algorithm> <base64>`, where it is given."""
    said = request.headers.get("Upload-Checksum")
    if said is None:
        return None
    algorithm, _, value = said.strip().partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error as problem:
        raise Refused(Refusal("evidence.checksum_unknown")) from problem
    if algorithm not in CHECKSUMS:
        raise Refused(Refusal("evidence.checksum_unknown"))
    return Checksum(algorithm, digest)


def _metadata() -> dict[str, str]:
    """`key base64, key base64`, as tus has it."""
    found = {}
    for pair in filter(None, map(str.strip, request.headers.get("Upload-Metadata", "").split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as problem:
            raise Refused(Refusal("request.malformed", {"why": "Upload-Metadata"})) from problem
    return found


def _media_type(said: str) -> str:
    """What the tablet says, if it is a media type at all: no name of a type is a reason to lose a file."""
    return said if is_spelled(Form.MEDIA_TYPE, said) else "application/octet-stream"


def _whole_header(name: str) -> int:
    value = request.headers.get(name, "")
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Refused(Refusal("request.malformed", {"why": f"{name} is a whole number"}))
    return int(value)


def _answer(progress: Progress, status: int) -> Response:
    answer = Response(status=status)
    answer.headers["Upload-Offset"] = str(progress.offset)
    answer.headers["Upload-Length"] = str(progress.length)
    if progress.expires_at is not None:
        answer.headers["Upload-Expires"] = http_date(progress.expires_at // 1000)
    return answer


def _sender() -> Sender:
    signed_in = current_account()
    return Sender(signed_in.account, signed_in.roles)


def _files() -> EvidenceFiles:
    config: Config = current_app.config["AUDITBOOK"]
    return EvidenceFiles(config)
