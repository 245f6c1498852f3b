"""Objective evidence: what was kept or seen or heard, where and when, and what it bears out."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.base import (
    EntitySchema,
    StrictSchema,
    criterion_id,
    entity_reference,
    flag,
    instant,
    line,
    list_of,
    media_type_text,
    one_of,
    sha256_hex,
    whole,
)
from server.domain.annotation import LONGEST_TEXT, MOST_POINTS, MOST_POINTS_IN_ALL, MOST_SHAPES, UNITS
from server.domain.evidence import FULL_TURN, fits_its_file
from server.domain.vocabulary import (
    AnnotationColour,
    AnnotationKind,
    EvidenceKind,
    EvidenceMethod,
    EvidenceSource,
    RecordingEnd,
)

MAX_EVIDENCE_BYTES = 200 * 1024 * 1024


class ShapeSchema(StrictSchema):
    """One shape on a photo. Its points are in ten-thousandths of the longer edge of the upright picture (server/domain/annotation.py)."""

    kind = one_of(AnnotationKind, required=True)
    colour = one_of(AnnotationColour, required=True, nullable=True)
    """Null for what covers, and for nothing else."""
    points = list_of(list_of(whole(most=UNITS), most=2), most=MOST_POINTS, required=True)
    """
    An arrow: where it begins, and what it points to. A box, and what covers: upper left and lower right corner. The pen: the way that it
    went. A text: where its first letter stands on the line.
    """
    text = line(required=True, nullable=True, longest=LONGEST_TEXT)
    """Null for everything but a text, which says something."""

    @validates_schema(skip_on_field_errors=True)
    def _is_one_that_can_be_drawn(self, data: dict[str, Any], **_: Any) -> None:
        kind, points, text = data["kind"], data["points"], data["text"]
        if any(len(point) != 2 for point in points):
            raise ValidationError("a point has two numbers", "points")
        if (data["colour"] is None) != (kind == AnnotationKind.REDACT):
            raise ValidationError("everything has a colour but what covers", "colour")
        if (text is None) != (kind != AnnotationKind.TEXT) or not _is_label(text):
            raise ValidationError("a text, and nothing else, says something on one line", "text")
        if not _FITTING[kind](points):
            raise ValidationError(f"no {kind} can be drawn through these", "points")


Points = Sequence[Sequence[int]]


def _is_label(text: str | None) -> bool:
    return text is None or (
        text != "" and text.strip(" ") == text and not any(ord(one) < 32 or one == "\x7f" for one in text)
    )


def _is_box(points: Points) -> bool:
    return len(points) == 2 and points[0][0] < points[1][0] and points[0][1] < points[1][1]


_FITTING = {
    AnnotationKind.ARROW: lambda points: len(points) == 2 and points[0] != points[1],
    AnnotationKind.BOX: _is_box,
    AnnotationKind.PEN: lambda points: len(points) >= 2,
    AnnotationKind.TEXT: lambda points: len(points) == 1,
    AnnotationKind.REDACT: _is_box,
}


class _FewPoints(validate.Validator):
    def __call__(self, shapes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(len(shape["points"]) for shape in shapes) > MOST_POINTS_IN_ALL:
            raise ValidationError(f"more than {MOST_POINTS_IN_ALL} points")
        return shapes


def drawn_shapes() -> "fields.List[Any]":
    """What is drawn on the photo, from the lowest shape to the uppermost; empty where all of it was taken back."""
    return fields.List(fields.Nested(ShapeSchema), validate=[validate.Length(max=MOST_SHAPES), _FewPoints()])


class ClockSchema(StrictSchema):
    """
    How far the tablet's clock was off when it was last compared with the server's before this was recorded, at `compared_at` by the
    server's: `skew` milliseconds have to be added to the tablet's time. It is as good as the request was quick, some tenths of a second
    as a rule, and knows nothing of a clock that somebody moved since.
    """

    skew = whole(required=True, least=-(2**53 - 1))
    compared_at = instant(required=True)


class PositionSchema(StrictSchema):
    """
    Where the tablet was, as its browser said (W3C Geolocation): WGS 84, in ten-millionths of a degree, since what is hashed has no
    fractions. `accuracy`: metres, within which it is with 95 % certainty.
    """

    latitude = whole(required=True, least=-FULL_TURN // 2, most=FULL_TURN // 2)
    longitude = whole(required=True, least=-FULL_TURN, most=FULL_TURN)
    accuracy = whole(required=True, most=50_000_000)
    measured_at = instant(required=True)


class RecordingSchema(StrictSchema):
    """
    Of a voice note: how long it is, in milliseconds as the recorder counted them, pauses left out, and how it ended. The file itself
    may not say: WebM that is written while one speaks has no length.
    """

    length = whole(required=True, most=86_400_000)
    end = one_of(RecordingEnd, required=True)


class EvidenceSchema(EntitySchema):
    """
    A file as it left the shutter (exact bytes, hashed on the device before anything else), or what was seen or heard in words:
    then what a file is born with is null. Of the client's documents the facts are kept, and a copy only where `allowed_by` says
    who of the client said yes.

    `captured_at` is when it was recorded. `observed_at` is when it was seen, where that was another time, as on paper in an
    explosive area. `clock`, `position` and, of a voice note, `recording` were
    written by the app when it was recorded. `interviewee` is a role, not a name. `samples` are the identifiers of what was drawn from `population`. `retakes` is the earlier
    photo that it shows again: what was put right is seen beside what was wrong.
    """

    kind = one_of(EvidenceKind, born=True, required=True)
    sha256 = sha256_hex(born=True, required=True, nullable=True)
    size = whole(born=True, required=True, nullable=True, most=MAX_EVIDENCE_BYTES)
    media_type = media_type_text(born=True, required=True, nullable=True)
    source = one_of(EvidenceSource, born=True, required=True, nullable=True)
    file_name = line(born=True, required=True, nullable=True)
    captured_at = instant(born=True, required=True)
    observed_at = instant(nullable=True)
    method = one_of(EvidenceMethod, nullable=True)
    caption = line(longest=2000)
    title = line()
    identifier = line(longest=120)
    revision = line(longest=60)
    found_in = line()
    interviewee = line()
    samples = list_of(line(longest=120), most=100)
    population = line()
    process = entity_reference()
    site = entity_reference()
    shift = entity_reference()
    area = entity_reference()
    allowed_by = line()
    is_in_report = flag()
    annotation = drawn_shapes()
    clock = fields.Nested(ClockSchema, allow_none=True)
    position = fields.Nested(PositionSchema, allow_none=True)
    retakes = entity_reference()
    recording = fields.Nested(RecordingSchema, allow_none=True)

    @validates_schema
    def _check_file(self, data: Mapping[str, Any], **_: Any) -> None:
        if "kind" in data and not fits_its_file(data):
            raise ValidationError("What a file is born with does not fit the kind.", "kind")


class EvidenceLinkSchema(EntitySchema):
    """One piece of evidence bears out one finding or one criterion_id. Links are added and deleted, never changed."""

    evidence = entity_reference(born=True, required=True, nullable=False)
    finding = entity_reference(born=True, required=True)
    criterion = criterion_id(born=True, required=True, nullable=True)
