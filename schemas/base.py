"""
What every schema of the contract stands on: strict fields and the shape of an entity.

An entity's schema lists its fields. Each field is written by operations of its own (`set finding.grade`), so each is checked
by itself. Fields marked `born` are facts that an entity has from its first operation on and that never change.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from server.domain.spelling import PATTERNS, Form, is_spelled

LINE = 300
"""Longest single-line text, in characters."""
TEXT = 20_000
"""Longest text of several paragraphs, in characters."""


class StrictSchema(Schema):
    """A shape of the wire. What it does not name is refused."""

    class Meta:
        unknown = RAISE


_UNKNOWN = StrictSchema().error_messages["unknown"]


class EntitySchema(StrictSchema):
    """The fields of one kind of entity in the operation log."""

    @classmethod
    @cache
    def born_fields(cls) -> Mapping[str, fields.Field[Any]]:
        return {name: field for name, field in _declared(cls).items() if field.metadata.get("born")}

    @classmethod
    @cache
    def settable_fields(cls) -> Mapping[str, fields.Field[Any]]:
        return {name: field for name, field in _declared(cls).items() if not field.metadata.get("born")}


def _declared(schema: type[Schema]) -> dict[str, fields.Field[Any]]:
    return schema._declared_fields  # noqa: SLF001  the only list of fields that marshmallow offers on the class


class StrictBoolean(fields.Boolean):
    """true or false and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not a boolean.")
        return value


def line(*, born: bool = False, required: bool = False, nullable: bool = False, longest: int = LINE) -> fields.String:
    return fields.String(
        required=required,
        allow_none=nullable,
        validate=validate.Length(max=longest),
        metadata={"born": True} if born else {},
    )


def paragraphs(*, longest: int = TEXT) -> fields.String:
    return fields.String(validate=validate.Length(max=longest))


def one_of(
    values: type[StrEnum], *, born: bool = False, required: bool = False, nullable: bool = False
) -> fields.String:
    choices: list[Any] = [value.value for value in values]
    return fields.String(
        required=required,
        allow_none=nullable,
        validate=validate.OneOf(choices),
        metadata={"born": True} if born else {},
    )


class Spelled(validate.Validator):
    """A text in one of the forms in which facts are written."""

    def __init__(self, form: Form, example: str):
        self.form, self.example = form, example

    def __call__(self, value: str) -> str:
        if not is_spelled(self.form, value):
            raise ValidationError(f"Not written like {self.example}.")
        return value


def _spelled(form: Form, example: str, born: bool, required: bool, nullable: bool, **more: str) -> fields.String:
    shown = {"example": example, "pattern": f"^(?:{PATTERNS[form]})$", "x-spelling": form.value, **more}
    return fields.String(
        required=required,
        allow_none=nullable,
        validate=Spelled(form, example),
        metadata=shown | ({"born": True} if born else {}),
    )


def instant(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """An instant in UTC, as text: what is hashed must not be written twice in two ways."""
    return _spelled(Form.INSTANT, "2026-11-24T09:41:07.250Z", born, required, nullable)


def local_time(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """A time of day on site as the plan shows it, without a zone."""
    return _spelled(Form.LOCAL_TIME, "2026-11-24T10:40", born, required, nullable)


def day(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    return _spelled(Form.DAY, "2026-11-24", born, required, nullable)


def uuid_text(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """
    A UUID inside an operation: compared and hashed as text, so in small letters with hyphens. At the edge of HTTP, where
    it is read into a UUID at once, `fields.UUID` takes every spelling.
    """
    example = "0191e6a0-0000-7000-8000-0000000000a1"
    return _spelled(Form.UUID, example, born, required, nullable, format="uuid")


def sha256_hex(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    return _spelled(Form.SHA256, "0" * 64, born, required, nullable)


def standard_id(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """One edition of a standard, as the catalogue names it."""
    return _spelled(Form.STANDARD, "iso9001-2015", born, required, nullable)


def criterion_id(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """Standard with edition and clause: numbers of different standards are never joined on the number alone."""
    return _spelled(Form.CRITERION, "iso9001-2015:7.1.5.1", born, required, nullable)


def language_tag(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    return _spelled(Form.LANGUAGE, "de-AT", born, required, nullable)


def media_type_text(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    return _spelled(Form.MEDIA_TYPE, "image/jpeg", born, required, nullable)


def entity_reference(*, born: bool = False, required: bool = False, nullable: bool = True) -> fields.String:
    """The id of another entity of the same audit, or null. Nowhere is null: an empty text would be a second way to say it."""
    return _spelled(Form.REFERENCE, "0191e6a0-0000-7000-8000-0000000000a1", born, required, nullable)


def whole(
    *, born: bool = False, required: bool = False, nullable: bool = False, least: int = 0, most: int = 2**53 - 1
) -> fields.Integer:
    return fields.Integer(
        strict=True,
        required=required,
        allow_none=nullable,
        validate=validate.Range(min=least, max=most),
        metadata={"born": True} if born else {},
    )


def flag(*, born: bool = False, nullable: bool = False) -> StrictBoolean:
    return StrictBoolean(allow_none=nullable, metadata={"born": True} if born else {})


def list_of(
    inner: fields.Field[Any], *, most: int = 200, born: bool = False, required: bool = False
) -> "fields.List[Any]":
    return fields.List(
        inner, required=required, validate=validate.Length(max=most), metadata={"born": True} if born else {}
    )


def spoken(problem: ValidationError) -> str:
    """What marshmallow found, as one short phrase."""
    return "; ".join(_flatten(problem.messages))[:300]


def spoken_for_good(problem: ValidationError) -> str:
    """
    The same for a verdict, which is never erased: it names fields of ours and no other. What somebody else calls a key is content,
    and would outlast an erasure of it.
    """
    return "; ".join(dict.fromkeys(_flatten(problem.messages, names_unknown=False)))[:300]


def _flatten(messages: Any, path: str = "", *, names_unknown: bool = True) -> Iterable[str]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            is_named = names_unknown or inner != [_UNKNOWN]
            yield from _flatten(
                inner, ".".join(filter(None, (path, str(key) if is_named else ""))), names_unknown=names_unknown
            )
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flatten(inner, path, names_unknown=names_unknown)
    else:
        yield f"{path}: {messages}" if path else str(messages)
