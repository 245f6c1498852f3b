"""What evidence is by its kind: whether a file belongs to it, and how it was collected. pwa/src/domain/evidence.ts says the same."""

from collections.abc import Mapping

from server.domain.vocabulary import EvidenceKind, EvidenceMethod

FACTS_OF_A_FILE = ("file_name", "media_type", "sha256", "size", "source")
"""What evidence is born with where it is a file. Of a file without a name of its own, `file_name` is null."""

WITH_FILE = frozenset({EvidenceKind.PHOTO, EvidenceKind.FILE, EvidenceKind.VOICE_NOTE, EvidenceKind.DRAWING})
"""The others are words alone: a document and a record of the client are referenced, and what was heard or seen is told."""

_USUAL: Mapping[str, EvidenceMethod] = {
    EvidenceKind.PHOTO: EvidenceMethod.OBSERVATION,
    EvidenceKind.FILE: EvidenceMethod.DOCUMENTATION,
    EvidenceKind.DOCUMENT: EvidenceMethod.DOCUMENTATION,
    EvidenceKind.RECORD: EvidenceMethod.DOCUMENTATION,
    EvidenceKind.INTERVIEW: EvidenceMethod.INTERVIEW,
    EvidenceKind.OBSERVATION: EvidenceMethod.OBSERVATION,
    EvidenceKind.VOICE_NOTE: EvidenceMethod.OBSERVATION,
    EvidenceKind.DRAWING: EvidenceMethod.OBSERVATION,
}


FULL_TURN = 180 * 10_000_000
"""Half a circle in the unit of a position, ten-millionths of a degree: what is hashed has no fractions."""
_CLOCK_TOLERANCE = 120_000
"""Milliseconds. A clock that is off by more is worth a word to a person."""


def is_off(skew: int) -> bool:
    """Whether a tablet's clock that differs by so many milliseconds from the server's is off."""
    return abs(skew) >= _CLOCK_TOLERANCE


def method_of(kind: str | None, said: str | None) -> str | None:
    """How it was collected: what somebody said of it, else what is usual for its kind; None for a kind that is not known here."""
    return said or _USUAL.get(kind or "")


def fits_its_file(facts: Mapping[str, object]) -> bool:
    """Whether the birth names a file where its kind has one, and none where it has not."""
    is_named = [facts.get(name) is not None for name in FACTS_OF_A_FILE if name != "file_name"]
    if facts.get("kind") in WITH_FILE:
        return all(is_named)
    return not any(is_named) and facts.get("file_name") is None
