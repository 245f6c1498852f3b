"""The closing meeting and the two seals."""

import hashlib
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.base import (
    EntitySchema,
    StrictSchema,
    entity_reference,
    flag,
    instant,
    line,
    list_of,
    one_of,
    sha256_hex,
    uuid_text,
    whole,
)
from server.domain.vocabulary import FindingGrade, RecommendationOutcome, SealPurpose, SigningOutcome, SigningParty


class AttendanceSchema(EntitySchema):
    name = line()
    function = line()
    at_opening = flag()
    at_closing = flag()


class ConsideredFindingSchema(StrictSchema):
    """A nonconformity that stood in the standard when the team recommended, with its grade there."""

    finding = entity_reference(required=True, nullable=False)
    grade = one_of(FindingGrade, required=True)


class RecommendationSchema(EntitySchema):
    """The team's recommendation for one standard. A recommendation, not a decision. The entity id is the standard's id."""

    outcome = one_of(RecommendationOutcome)
    text = line(longest=4000)
    considered = list_of(fields.Nested(ConsideredFindingSchema), most=1000)
    """What stood when it was last given or confirmed, by the id of the finding (see `considered_now` in the domain)."""


class SealSchema(StrictSchema):
    """
    What a device vouches for: which record, of which audit, to what purpose, and with which of its keys. `device_signature` is
    ECDSA P-256 with SHA-256 (raw r and s, base64url without padding) over the RFC 8785 form of this object without
    `device_signature`; null, like `public_key`, where the device has lost its key.
    """

    purpose = one_of(SealPurpose, required=True)
    audit = uuid_text(required=True)
    sha256 = sha256_hex(required=True)
    signatures = list_of(sha256_hex(), most=20, required=True)
    """The digests of the operations that wrote the handwritten signatures, in the order of their ids: salted, unlike what they say."""
    supersedes = sha256_hex(required=True, nullable=True)
    """The record whose place this one takes, as it says itself. Which one counts is known even where its words were erased."""
    sealed_at = instant(required=True)
    installation = uuid_text(required=True)
    account = uuid_text(required=True)
    public_key = line(required=True, nullable=True, longest=200)
    """The public half of the key that signs (SPKI, base64url without padding): what the seal says of itself, to be compared."""
    device_signature = line(required=True, nullable=True, longest=120)


class SealedRecordSchema(EntitySchema):
    """Canonical bytes themselves and their hash. See domain/record."""

    record = fields.String(required=True, metadata={"born": True})
    sha256 = sha256_hex(born=True, required=True)
    seal = fields.Nested(SealSchema)

    @validates_schema(skip_on_field_errors=True)
    def _is_named_by_its_hash(self, data: dict[str, Any], **_: Any) -> None:
        """Seals, words on the glass and reports name a record by it: under another one's hash it would stand in that one's place."""
        if "record" in data and hashlib.sha256(data["record"].encode()).hexdigest() != data.get("sha256"):
            raise ValidationError("not the hash of the record", "sha256")


class ClosingRecordSchema(SealedRecordSchema):
    """What people sign on the glass."""


class StrokeSchema(StrictSchema):
    """One stroke: points of x and y in thousandths of the pad's width, and milliseconds since the first point."""

    points = list_of(list_of(whole(least=-2000, most=10_000_000), most=3), most=5000, required=True)


class HandwrittenSignatureSchema(EntitySchema):
    """One party's word under a closing record: intent, not proof; the proof is the seal."""

    closing_record = entity_reference(born=True, required=True, nullable=False)
    closing_sha256 = sha256_hex(born=True, required=True)
    party = one_of(SigningParty, born=True, required=True)
    outcome = one_of(SigningOutcome, born=True, required=True)
    name = line(born=True, required=True)
    function = line(born=True, required=True)
    statement = line(born=True, required=True, longest=2000)
    reason = line(born=True, required=True, nullable=True, longest=2000)
    strokes = fields.List(
        fields.Nested(StrokeSchema),
        required=True,
        allow_none=True,
        validate=validate.Length(max=300),
        metadata={"born": True},
    )
    signed_at = instant(born=True, required=True)


class ReportRecordSchema(SealedRecordSchema):
    """The whole report, sealed after the closing record (its hash is inside)."""

    closing_sha256 = sha256_hex(born=True, required=True)
    closing_seal_sha256 = sha256_hex(born=True, required=True)
    """Over the RFC 8785 form of the seal under the closing record: two tablets may have sealed it, the report rests on one."""
    revision = whole(born=True, required=True, least=1, most=999)
    reason = line(born=True, required=True, nullable=True, longest=2000)
