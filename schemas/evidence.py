"""Objective evidence: what was kept, and what it bears out."""

from schemas.base import (
    EntitySchema,
    criterion_id,
    entity_reference,
    flag,
    instant,
    line,
    media_type_text,
    one_of,
    sha256_hex,
    whole,
)
from server.domain.vocabulary import EvidenceKind, EvidenceSource

MAX_EVIDENCE_BYTES = 200 * 1024 * 1024


class EvidenceSchema(EntitySchema):
    """A file as it left the shutter: exact bytes, hashed on the device before anything else."""

    kind = one_of(EvidenceKind, born=True, required=True)
    sha256 = sha256_hex(born=True, required=True)
    size = whole(born=True, required=True, most=MAX_EVIDENCE_BYTES)
    media_type = media_type_text(born=True, required=True)
    source = one_of(EvidenceSource, born=True, required=True)
    file_name = line(born=True, required=True, nullable=True)
    captured_at = instant(born=True, required=True)
    caption = line(longest=2000)
    process = entity_reference()
    site = entity_reference()
    shift = entity_reference()
    is_in_report = flag()


class EvidenceLinkSchema(EntitySchema):
    """One piece of evidence bears out one finding or one criterion_id. Links are added and deleted, never changed."""

    evidence = entity_reference(born=True, required=True, nullable=False)
    finding = entity_reference(born=True, required=True)
    criterion = criterion_id(born=True, required=True, nullable=True)
