"""Evidence by tus 1.0 (core, creation, termination), which of it is held, and its bytes. See docs/data-flow.md, section 4."""

import base64
import binascii
import uuid
from typing import Any

from flask import Response, current_app, request, send_file
from marshmallow import fields

from schemas.base import StrictSchema, line, sha256_hex
from schemas.evidence import MAX_EVIDENCE_BYTES
from schemas.sync import KnownEvidenceQuerySchema, KnownEvidenceSchema
from server.config import Config
from server.domain.refusals import Refusal, Refused
from server.domain.spelling import Form, is_spelled
from server.evidence.download import load_evidence
from server.evidence.upload import (
    Announced,
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
from server.web.security import current_account

TUS = "1.0.0"
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
}
"""What is said to be what it is; everything else is bytes. Each comes as a file to be saved, never as a page of this site."""

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
    answer = _answer(progress, 201)
    answer.headers["Location"] = f"/api/evidence/uploads/{progress.id}"
    return answer


@blueprint.route("/evidence/uploads/<uuid:upload>", methods=["HEAD"])
@blueprint.response(204)
def head_upload(upload: uuid.UUID) -> Response:
    """How far the file has come."""
    _refuse_other_protocol()
    return _answer(upload_progress(_files(), _sender(), str(upload)), 204)


@blueprint.patch("/evidence/uploads/<uuid:upload>")
@blueprint.response(204)
def patch_upload(upload: uuid.UUID) -> Response:
    """The next bytes. What came is kept, even if the connection breaks; the whole file is checked at the end."""
    _refuse_other_protocol()
    sender = _sender()
    if request.mimetype != "application/offset+octet-stream":
        raise Refused(Refusal("request.media_type", {"media_type": request.mimetype}))
    offset = _whole_header("Upload-Offset")
    received = 0

    def chunks(room: int) -> Any:
        nonlocal received
        if (request.content_length or 0) > room:
            raise Refused(Refusal("evidence.too_large", {"limit": offset + room}))
        for chunk in arriving_chunks(room):
            received += len(chunk)
            yield chunk

    progress = append_to_upload(_files(), sender, str(upload), offset, chunks, interrupter())
    was_cut = progress.offset < progress.length and received < (request.content_length or 0)
    if was_cut:
        raise Refused(Refusal("evidence.offset", {"offset": progress.offset}))
    return _answer(progress, 204)


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
    known = known_evidence(_files(), _sender(), str(audit), query.get("sha256", []))
    return {
        "stored": sorted(known),
        "backed_up": sorted(sha256 for sha256, is_backed_up in known.items() if is_backed_up),
    }


@blueprint.get("/audits/<uuid:audit>/evidence/<sha256>")
@blueprint.response(200)
def get_evidence(audit: uuid.UUID, sha256: str) -> Response:
    """The bytes, exactly as they left the shutter."""
    evidence = load_evidence(_files(), _sender(), str(audit), sha256_hex().deserialize(sha256))
    suffix = _SHOWN.get(evidence.media_type)
    answer = send_file(
        evidence.path,
        mimetype=evidence.media_type if suffix else "application/octet-stream",
        as_attachment=True,
        download_name=f"{evidence.sha256}.{suffix or 'bin'}",
        etag=evidence.sha256,
        conditional=True,
    )
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = "sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@blueprint.after_request
def _speak_tus(answer: Response) -> Response:
    if "/evidence/uploads" in request.path:
        answer.headers["Tus-Resumable"] = TUS
        answer.headers["Cache-Control"] = "no-store"
        if request.method == "OPTIONS":
            answer.headers["Tus-Version"] = TUS
            answer.headers["Tus-Extension"] = "creation,termination"
            answer.headers["Tus-Max-Size"] = str(MAX_EVIDENCE_BYTES)
    return answer


def _refuse_other_protocol() -> None:
    if request.headers.get("Tus-Resumable", TUS) != TUS:
        raise Refused(Refusal("request.malformed", {"why": f"Tus-Resumable is {TUS}"}))


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
    return answer


def _sender() -> Sender:
    signed_in = current_account()
    return Sender(signed_in.account, signed_in.roles)


def _files() -> EvidenceFiles:
    config: Config = current_app.config["AUDITBOOK"]
    return EvidenceFiles(config.data_folder)
