"""Push, pull, and release from quarantine. See docs/data-flow.md, section 3."""

import gzip
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Response, current_app, json, request

from schemas.base import sha256_hex
from schemas.sync import (
    PROTOCOL,
    AuditListingSchema,
    CarriedPushSchema,
    CustodyQuerySchema,
    CustodySchema,
    ErasedThereSchema,
    HandBackSchema,
    HandedBackSchema,
    LeftAuditsSchema,
    PullPageSchema,
    PullQuerySchema,
    PushAnswerSchema,
    PushSchema,
)
from server.config import Config
from server.domain.operation import ChainKey, ErasedOperation, bytes_of, digest_of, digest_of_erased
from server.domain.refusals import Refusal, Refused
from server.domain.short_form import lengthen, shorten
from server.domain.vocabulary import Origin
from server.sealing.log_key import load_log_key
from server.storage.clock import as_instant, now_ms
from server.storage.evidence_store import EvidenceFiles
from server.storage.operation_log import PageEntry
from server.sync.carry import carry
from server.sync.custody import read_custody
from server.sync.hand_back import Begin, Line, Stretch, hand_back
from server.sync.left import LeftAudit, erased_in_left
from server.sync.listing import list_audits
from server.sync.pull import Page, Puller, pull
from server.sync.push import Batch, PushAnswer, push
from server.sync.receive import Sender
from server.sync.release import release_operation
from server.web.blueprint import Blueprint
from server.web.body import MAX_UNPACKED, checked_json
from server.web.security import current_account

_WORTH_PACKING = 2_000

blueprint = Blueprint("sync", __name__, url_prefix="/api", description="The operation log of audits")


@blueprint.get("/audits")
@blueprint.response(200, AuditListingSchema(many=True))
def get_audits() -> Any:
    """The audits of this account, with the head of each."""
    signed_in = current_account()
    return list_audits(signed_in.account, signed_in.roles)


@blueprint.post("/audits/left")
@blueprint.arguments(LeftAuditsSchema)
@blueprint.response(200, ErasedThereSchema(many=True))
def post_left(given: dict[str, Any]) -> Any:
    """What was erased in audits that a tablet has and that are not listed for its account any more."""
    signed_in = current_account()
    reader = Puller(signed_in.account, signed_in.roles, signed_in.installation)
    left = [LeftAudit(str(one["id"]), one["seq"], one["hash"], one["told"]) for one in given["audits"]]
    return [
        {
            "id": there.audit,
            "is_there": there.is_there,
            "told": there.told,
            "erased": [{"digest": digest, "evidence": evidence} for digest, evidence in there.erased],
        }
        for there in erased_in_left(reader, left)
    ]


@blueprint.post("/audits/<uuid:audit>/operations")
@blueprint.doc(requestBody={"required": True, "content": {"application/json": {"schema": PushSchema}}})
@blueprint.response(200, PushAnswerSchema)
def post_operations(audit: uuid.UUID) -> Any:
    """Store one batch of one chain. Every operation is answered with its verdict."""
    signed_in = current_account()
    given = _given_batch()
    if str(given["account"]) != signed_in.account:
        # Somebody else signed in on this browser meanwhile. As this account's work it would be misattributed.
        raise Refused(Refusal("account.sign_in_needed"))
    sender = Sender(signed_in.account, str(given["installation"]), signed_in.roles, signed_in.is_blocked)
    return _answer(str(audit), push(sender, _batch(str(audit), given)))


@blueprint.post("/audits/<uuid:audit>/operations/carried")
@blueprint.doc(requestBody={"required": True, "content": {"application/json": {"schema": CarriedPushSchema}}})
@blueprint.response(200, PushAnswerSchema)
def post_carried(audit: uuid.UUID) -> Any:
    """Store one batch of another tablet's chain, as that tablet signed it. Whoever is signed in brings it."""
    signed_in = current_account()
    if signed_in.installation is None:
        raise Refused(Refusal("account.installation_unknown"))
    given = _given_batch(CarriedPushSchema())
    carrier = Sender(signed_in.account, signed_in.installation, signed_in.roles)
    chain = ChainKey(str(given["installation"]), str(given["account"]), str(audit))
    return _answer(str(audit), carry(carrier, chain, _batch(str(audit), given), given["public_key"]))


def _given_batch(schema: PushSchema | None = None) -> dict[str, Any]:
    given: dict[str, Any] = (schema or PushSchema()).load(checked_json())
    if given["protocol"] != PROTOCOL:
        raise Refused(Refusal("sync.protocol", {"got": given["protocol"], "expected": PROTOCOL}))
    return given


def _batch(audit: str, given: dict[str, Any]) -> Batch:
    return Batch(
        audit=audit,
        announced_dseq=given["announced"]["dseq"],
        announced_digest=given["announced"]["digest"],
        head_signature=given["head_signature"],
        operations=_whole(given["operations"]) if given["form"] == "short" else given["operations"],
    )


def _whole(operations: Sequence[ErasedOperation | str]) -> list[ErasedOperation | str]:
    """A batch that came in the short form."""

    def digest_at(place: int, whole: str) -> str:
        sent = operations[place]
        data = bytes_of(whole)
        if isinstance(sent, str):
            return digest_of(data)
        return digest_of_erased(data.partition(b"\n")[0], sent.content_sha256)

    try:
        texts = lengthen([sent if isinstance(sent, str) else sent.header for sent in operations], digest_at)
    except ValueError:
        raise Refused(Refusal("sync.short_form")) from None
    if sum(map(len, texts)) > MAX_UNPACKED:
        raise Refused(Refusal("request.too_large", {"limit": MAX_UNPACKED}))
    return [
        text if isinstance(sent, str) else ErasedOperation(text, sent.content_sha256)
        for text, sent in zip(texts, operations, strict=True)
    ]


@blueprint.get("/audits/<uuid:audit>/operations")
@blueprint.arguments(PullQuerySchema, location="query")
@blueprint.response(200, PullPageSchema)
def get_operations(query: dict[str, Any], audit: uuid.UUID) -> Any:
    """One page of the log, behind the cursor."""
    signed_in = current_account()
    puller = Puller(signed_in.account, signed_in.roles, signed_in.installation)
    epoch = None if query["epoch"] is None else str(query["epoch"])
    without = None if query["without"] is None else str(query["without"])
    page = pull(puller, str(audit), epoch, query["after"], query["limit"], without)
    return _page(str(audit), page, is_short=query["form"] == "short")


@blueprint.get("/audits/<uuid:audit>/custody")
@blueprint.arguments(CustodyQuerySchema, location="query")
@blueprint.response(200, CustodySchema)
def get_custody(query: dict[str, Any], audit: uuid.UUID) -> dict[str, Any]:
    """What the server holds of this audit, entries and files, signed; and what is lacking."""
    signed_in = current_account()
    config: Config = current_app.config["AUDITBOOK"]
    reader = Puller(signed_in.account, signed_in.roles, signed_in.installation)
    epoch = None if query["epoch"] is None else str(query["epoch"])
    held = read_custody(EvidenceFiles(config), reader, str(audit), epoch, query["seq"])
    key, at = load_log_key(config), as_instant(now_ms())
    signed = {name: value for name, value in asdict(held.custody).items() if name != "audit"}
    return {
        "protocol": PROTOCOL,
        **signed,
        "lacking": held.lacking,
        "tablets": [asdict(tablet) for tablet in held.tablets],
        "receipt": {"at": at, "key": key.name, "signature": key.sign_custody(held.custody, at)},
    }


@blueprint.post("/audits/<uuid:audit>/operations/handed-back")
@blueprint.doc(requestBody={"required": True, "content": {"application/json": {"schema": HandBackSchema}}})
@blueprint.response(200, HandedBackSchema)
def post_handed_back(audit: uuid.UUID) -> Any:
    """Hand the server a stretch of its own old log, after a backup was put back."""
    signed_in = current_account()
    if signed_in.installation is None:
        raise Refused(Refusal("account.installation_unknown"))
    given = HandBackSchema().load(checked_json())
    if given["protocol"] != PROTOCOL:
        raise Refused(Refusal("sync.protocol", {"got": given["protocol"], "expected": PROTOCOL}))
    stretch = Stretch(
        audit=str(audit),
        epoch=str(given["epoch"]),
        after=given["after"],
        lines=[_line(entry) for entry in given["entries"]],
        operations=given["operations"],
        begin=None if given["begin"] is None else Begin(**given["begin"]),
        **given["receipt"],
    )
    log_key = load_log_key(current_app.config["AUDITBOOK"])
    handed = hand_back(signed_in.account, signed_in.roles, log_key, stretch)
    return {"protocol": PROTOCOL, "epoch": handed.epoch, "taken": handed.taken, "next": handed.next}


def _line(entry: str) -> Line:
    digest, origin, received_at = entry.split(" ")
    return Line(digest, Origin(origin), int(received_at))


@blueprint.post("/audits/<uuid:audit>/operations/<digest>/release")
@blueprint.response(204)
def post_release(audit: uuid.UUID, digest: str) -> None:
    """Let an operation count that was kept in quarantine. The decision stands in the log."""
    signed_in = current_account()
    sha256_hex().deserialize(digest)
    release_operation(signed_in.account, signed_in.roles, str(audit), digest)


def _answer(audit: str, answer: PushAnswer) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "epoch": answer.epoch,
        "head": {"seq": answer.head_seq, "hash": answer.head_hash},
        "held": answer.held,
        "verdicts": [
            {
                "digest": verdict.digest,
                "verdict": verdict.verdict,
                "seq": verdict.seq,
                "reason": None if verdict.reason is None else _reason(verdict.reason),
            }
            for verdict in answer.verdicts
        ],
        "next_dseq": answer.next_dseq,
        "receipt": None if answer.is_held else _receipt(audit, answer.epoch, answer.head_seq, answer.head_hash),
    }


def _receipt(audit: str, epoch: str, seq: int, running_hash: str) -> dict[str, str]:
    """The server's signature under how far a log goes. What it signs stands around it in the answer."""
    key = load_log_key(current_app.config["AUDITBOOK"])
    receipt = key.sign(audit, epoch, seq, running_hash, as_instant(now_ms()))
    return {"at": receipt.at, "key": receipt.key, "signature": receipt.signature}


def _reason(reason: Refusal) -> dict[str, Any]:
    return {"code": reason.code, "detail": reason.sentence, "facts": dict(reason.facts)}


def _page(audit: str, page: Page, *, is_short: bool) -> Response:
    """Written without the schema: a page of a thousand entries would cost ten times as much. A test holds both together."""
    whole = ["" if entry.data is None else entry.data.decode() for entry in page.entries]
    short = shorten(whole, [entry.digest for entry in page.entries]) if is_short else None
    body = json.dumps(
        {
            "protocol": PROTOCOL,
            "epoch": page.epoch,
            "next": page.next,
            "hash": page.hash,
            "head": {"seq": page.head_seq, "hash": page.head_hash},
            "receipt": _receipt(audit, page.epoch, page.next, page.hash),
            "form": "whole" if short is None else "short",
            "operations": [
                {
                    "seq": entry.seq,
                    **_named(entry, text),
                    "origin": entry.origin.value,
                    "received_at": as_instant(entry.received_at),
                }
                for entry, text in zip(page.entries, whole if short is None else short, strict=True)
            ],
        }
    ).encode()
    answer = Response(body, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Accept-Encoding"
    if len(body) > _WORTH_PACKING and request.accept_encodings.quality("gzip") > 0:
        answer.set_data(gzip.compress(body, compresslevel=6, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _named(entry: PageEntry, text: str) -> dict[str, str]:
    if entry.data is None:
        return {"digest": entry.digest}
    if entry.content_sha256 is not None:
        return {"data": text, "content_sha256": entry.content_sha256}
    return {"data": text}
