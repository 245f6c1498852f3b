"""Push and pull: what a tablet sends, what it gets back. The operations themselves travel as opaque strings."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.base import StrictSchema, instant, line, list_of, sha256_hex, whole
from server.domain.operation import ErasedOperation

PROTOCOL = 1
MAX_BATCH_OPERATIONS = 500
MAX_PAGE = 1000
MAX_LEFT = 500
"""Audits that one request asks about."""
MAX_STRETCH = 50_000
"""
Lines of the old log in one request: an audit has some thousand, and a day's loss some hundred. A tablet keeps a receipt every 20,000,
and goes on from one to the next.
"""


class AnnouncedSchema(StrictSchema):
    """The chain's high-water mark on the device, sent first: the server knows what exists even if the rest never comes."""

    dseq = whole(required=True)
    digest = sha256_hex(required=True)


class ErasedOperationSchema(StrictSchema):
    """An operation whose content was erased: its header, and the hash that stands for the content in its digest."""

    header = fields.String(required=True)
    content_sha256 = sha256_hex(required=True)


class OperationField(fields.Field[Any]):
    """The text of an operation as it was made; an object (`ErasedOperationSchema`) where its content was erased."""

    def __init__(self) -> None:
        text: dict[str, Any] = {"type": "string"}
        erased: dict[str, Any] = {"type": "object", "properties": {"header": text, "content_sha256": text}}
        erased |= {"required": ["header", "content_sha256"], "additionalProperties": False}
        super().__init__(metadata={"oneOf": [text, erased]})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> ErasedOperation | str:
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise ValidationError("Neither a text nor an erased operation.")
        return ErasedOperation(**ErasedOperationSchema().load(value))


def form() -> fields.String:
    """`short`: the texts of operations stand in their short form (`server/domain/short_form.py`). Whole where nothing is said."""
    return fields.String(load_default="whole", validate=validate.OneOf(["whole", "short"]))


class PushSchema(StrictSchema):
    """
    One batch of one chain, contiguous in `dseq`.

    `head_signature` signs the last operation of this batch (`head_statement` in the domain): ECDSA P-256 with SHA-256,
    raw r and s, base64url without padding; null where the device has lost its key.
    """

    protocol = whole(required=True)
    installation = fields.UUID(required=True)
    account = fields.UUID(required=True)
    announced = fields.Nested(AnnouncedSchema, required=True)
    head_signature = line(required=True, nullable=True, longest=120)
    form = form()
    operations = fields.List(OperationField(), required=True, validate=validate.Length(min=1, max=MAX_BATCH_OPERATIONS))


class CarriedPushSchema(PushSchema):
    """
    One batch of another tablet's chain. `public_key` is the one that it had (SPKI, base64url without padding). Where it is of the
    account that brings it, and the server knows no key of that tablet, this says that it was theirs.
    """

    public_key = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=300))


class ReasonSchema(StrictSchema):
    """Why an operation is in quarantine: a code of refusals.py and its facts."""

    code = fields.String(required=True)
    detail = fields.String(required=True)
    facts = fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)


class VerdictSchema(StrictSchema):
    """What became of one operation that was not simply stored. Both mean that the server holds its bytes durably."""

    digest = sha256_hex(required=True)
    verdict = fields.String(required=True, validate=validate.OneOf(["duplicate", "quarantined"]))
    seq = whole(required=True, least=1)
    reason = fields.Nested(ReasonSchema, required=True, allow_none=True)


class HeadSchema(StrictSchema):
    """Where a log ends: the last number, and the running hash up to it."""

    seq = whole(required=True)
    hash = sha256_hex(required=True)


class ReceiptSchema(StrictSchema):
    """
    The server's signature under how far the log goes (`receipt_statement` in the domain): ECDSA P-256 with SHA-256, raw r and s,
    base64url without padding. Audit, epoch, number and running hash stand around it; `key` is the SHA-256 of the public key.
    """

    at = instant(required=True)
    key = sha256_hex(required=True)
    signature = line(required=True, longest=120)


class PushAnswerSchema(StrictSchema):
    """
    Every operation of the batch is held durably: `held` is SHA-256 over their raw digests in the order of the batch, which
    nobody on the way can make up. Those that `verdicts` does not name were stored and count. `receipt` signs `head`; null where
    the batch is held for an audit that is not known here.
    """

    protocol = whole(required=True)
    epoch = fields.UUID(required=True)
    head = fields.Nested(HeadSchema, required=True)
    held = sha256_hex(required=True)
    verdicts = fields.List(fields.Nested(VerdictSchema), required=True)
    next_dseq = whole(required=True, least=1)
    receipt = fields.Nested(ReceiptSchema, required=True, allow_none=True)


class PullQuerySchema(StrictSchema):
    epoch = fields.UUID(load_default=None)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=MAX_PAGE))
    form = form()
    without = fields.UUID(
        load_default=None,
        metadata={
            "description": "An installation of this account: what it made itself comes as digests, without its text."
        },
    )


class PulledEntrySchema(StrictSchema):
    """
    One entry: `data` is the exact text of the operation. Where its content was erased, `data` is the header and
    `content_sha256` stands for the content; what the app has made itself (`without`), and what somebody who left the team may
    not see, is only named by its `digest`.
    """

    seq = whole(required=True, least=1)
    data = fields.String()
    content_sha256 = sha256_hex()
    digest = sha256_hex()
    origin = fields.String(required=True, validate=validate.OneOf(["device", "server"]))
    received_at = instant(required=True)


class PullPageSchema(StrictSchema):
    """Entries after the cursor in the order of `seq`, without a gap. `hash` is the running hash at `next`; `receipt` signs both."""

    protocol = whole(required=True)
    epoch = fields.UUID(required=True)
    next = whole(required=True)
    hash = sha256_hex(required=True)
    head = fields.Nested(HeadSchema, required=True)
    form = form()
    operations = fields.List(fields.Nested(PulledEntrySchema), required=True)
    receipt = fields.Nested(ReceiptSchema, required=True)


class BeginSchema(ReceiptSchema):
    """A receipt under which a stretch begins: the running hash there is not the server's any more, and its signature proves it."""

    hash = sha256_hex(required=True)


class HandBackSchema(StrictSchema):
    """
    A stretch of the old log, handed back to a server that was restored from a backup: the entries behind the first `after`, up to the
    number that the receipt signs (`after` and the number of `entries`). Both have what is before, in the same places; or `begin` is
    the receipt there. An entry is a line as it enters the running hash: digest, origin, milliseconds of receipt. `operations` are the
    next ones that the server lacks, in their order, and the texts of those of which it has the header alone; none to ask.
    """

    protocol = whole(required=True)
    epoch = fields.UUID(required=True, metadata={"description": "The epoch of the old log, as the receipt signs it."})
    after = whole(required=True)
    begin = fields.Nested(BeginSchema, load_default=None, allow_none=True)
    receipt = fields.Nested(ReceiptSchema, required=True)
    entries = fields.List(
        fields.String(validate=validate.Regexp(r"\A[0-9a-f]{64} (device|server) (0|[1-9][0-9]{0,14})\Z")),
        required=True,
        validate=validate.Length(min=1, max=MAX_STRETCH),
    )
    operations = fields.List(OperationField(), required=True, validate=validate.Length(max=MAX_BATCH_OPERATIONS))


class HandedBackSchema(StrictSchema):
    """How many were taken in, and the old number of the first entry that is still lacking; null where none is."""

    protocol = whole(required=True)
    epoch = fields.UUID(required=True)
    taken = whole(required=True)
    next = fields.Integer(required=True, allow_none=True, strict=True)


class BackedUpSchema(StrictSchema):
    """What the last whole backup of the server holds of a log: every entry up to `seq`. `at` is when its snapshot was taken."""

    seq = whole(required=True)
    at = instant(required=True)


class AuditListingSchema(StrictSchema):
    """One audit that this account may take along. `backed_up` counts in this epoch; null where no backup was ever taken."""

    id = fields.UUID(required=True)
    workspace = fields.UUID(required=True)
    epoch = fields.UUID(required=True)
    head = fields.Nested(HeadSchema, required=True)
    backed_up = fields.Nested(BackedUpSchema, required=True, allow_none=True)
    title = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    type = fields.String(required=True, allow_none=True)
    client_name = fields.String(required=True, allow_none=True)
    starts_on = fields.String(required=True, allow_none=True)
    team_role = fields.String(required=True, allow_none=True)


class LeftAuditSchema(StrictSchema):
    """
    An audit that a tablet has and that is not listed (any more). `seq` and `hash` are where its log ends there, which proves what it
    has; `told` is what the server said last (`ErasedThereSchema`).
    """

    id = fields.UUID(required=True)
    seq = whole(required=True)
    hash = sha256_hex(required=True)
    told = fields.String(required=True, allow_none=True, validate=validate.Regexp(r"\A[0-9a-f]{64}\Z"))


class LeftAuditsSchema(StrictSchema):
    audits = fields.List(fields.Nested(LeftAuditSchema), required=True, validate=validate.Length(min=1, max=MAX_LEFT))


class ErasedEntrySchema(StrictSchema):
    """An entry whose content was erased, and the SHA-256 of the file that went with it; null where none did."""

    digest = sha256_hex(required=True)
    evidence = fields.String(required=True, allow_none=True)


class ErasedThereSchema(StrictSchema):
    """
    What was erased in an audit that is not listed, of the entries that the tablet has. Named again as `told`, it is not said again.
    `is_there`: whether a log ends here like that; where none does, a backup may have been put back, and what the tablet sent has to be
    sent again. Of an audit that nobody here has heard of the same is said.
    """

    id = fields.UUID(required=True)
    is_there = fields.Boolean(required=True)
    told = fields.String(required=True, allow_none=True)
    erased = fields.List(fields.Nested(ErasedEntrySchema), required=True)


class CustodyQuerySchema(StrictSchema):
    """The number up to which the tablet has the log, and the epoch that it counts in; the whole log where neither is named."""

    epoch = fields.UUID(load_default=None)
    seq = fields.Integer(load_default=None, validate=validate.Range(min=0))


class WaitingTabletSchema(StrictSchema):
    """A tablet that announced more entries than have arrived: those behind `arrived`, up to `announced`, are lacking."""

    account = fields.UUID(required=True)
    name = fields.String(required=True)
    installation = fields.UUID(required=True)
    arrived = whole(required=True)
    announced = whole(required=True)


class CustodySchema(StrictSchema):
    """
    What the server holds of an audit up to `seq`: the log, whose running hash there is `hash`, and of the files of evidence that it
    names all but the `lacking` ones. `receipt` signs it (`custody_statement` in the domain); `lacking` follows from what is signed,
    `tablets` is what the server has heard and nobody can prove.
    """

    protocol = whole(required=True)
    epoch = fields.UUID(required=True)
    seq = whole(required=True)
    hash = sha256_hex(required=True)
    evidence_count = whole(required=True)
    evidence_sha256 = sha256_hex(required=True)
    lacking = fields.List(sha256_hex(), required=True)
    tablets = fields.List(fields.Nested(WaitingTabletSchema), required=True)
    receipt = fields.Nested(ReceiptSchema, required=True)


class KnownEvidenceQuerySchema(StrictSchema):
    sha256 = list_of(sha256_hex(), most=1000)


class KnownEvidenceSchema(StrictSchema):
    """
    Those of the asked hashes whose bytes the audit holds, verified; those of them that a whole backup of the server holds, with
    their row; and those of which smaller pictures were sent ahead, by size.
    """

    stored = list_of(sha256_hex(), most=1000)
    backed_up = list_of(sha256_hex(), most=1000)
    thumbnails = list_of(sha256_hex(), most=1000)
    views = list_of(sha256_hex(), most=1000)
