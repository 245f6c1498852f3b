"""
What every schema of the contract stands on: strict fields and the shape of an entity.

An entity's schema lists its fields. Each field is written by operations of its own (`set finding.grade`), so each is checked
by itself. Fields marked `born` are facts that an entity has from its first operation on and that never change.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

LINE = 300
"""Longest single-line text, in characters."""
TEXT = 20_000
"""Longest text of several paragraphs, in characters."""

_INSTANT = re.compile(r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]{1,3})?Z")
_LOCAL_TIME = re.compile(r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]")
_DAY = re.compile(r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CRITERION = re.compile(r"[a-z0-9-]{3,40}:[A-Za-z0-9.]{1,20}")


class StrictSchema(Schema):
    """A shape of the wire. What it does not name is refused."""

    class Meta:
        unknown = RAISE


class EntitySchema(StrictSchema):
    """The fields of one kind of entity in the operation log."""

    @classmethod
    def born_fields(cls) -> dict[str, fields.Field[Any]]:
        return {name: field for name, field in _declared(cls).items() if field.metadata.get("born")}

    @classmethod
    def settable_fields(cls) -> dict[str, fields.Field[Any]]:
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


def _matching(pattern: re.Pattern[str], example: str, born: bool, required: bool, nullable: bool) -> fields.String:
    return fields.String(
        required=required,
        allow_none=nullable,
        validate=validate.Regexp(re.compile(rf"\A(?:{pattern.pattern})\Z")),
        metadata={"example": example} | ({"born": True} if born else {}),
    )


def instant(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """An instant in UTC, as text: what is hashed must not be written twice in two ways."""
    return _matching(_INSTANT, "2026-11-24T09:41:07.250Z", born, required, nullable)


def local_time(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """A time of day on site as the plan shows it, without a zone."""
    return _matching(_LOCAL_TIME, "2026-11-24T10:40", born, required, nullable)


def day(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    return _matching(_DAY, "2026-11-24", born, required, nullable)


def sha256_hex(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    return _matching(_SHA256, "0" * 64, born, required, nullable)


def criterion_id(*, born: bool = False, required: bool = False, nullable: bool = False) -> fields.String:
    """Standard with edition and clause: numbers of different standards are never joined on the number alone."""
    return _matching(_CRITERION, "iso9001-2015:7.1.5.1", born, required, nullable)


def entity_reference(*, born: bool = False, required: bool = False, nullable: bool = True) -> fields.String:
    """The id of another entity of the same audit, or null."""
    return line(born=born, required=required, nullable=nullable, longest=200)


def whole(*, born: bool = False, required: bool = False, least: int = 0, most: int = 2**53 - 1) -> fields.Integer:
    return fields.Integer(
        strict=True,
        required=required,
        validate=validate.Range(min=least, max=most),
        metadata={"born": True} if born else {},
    )


def flag(*, born: bool = False, nullable: bool = False) -> StrictBoolean:
    return StrictBoolean(allow_none=nullable, metadata={"born": True} if born else {})


def list_of(inner: fields.Field[Any], *, most: int = 200, born: bool = False) -> "fields.List[Any]":
    return fields.List(inner, validate=validate.Length(max=most), metadata={"born": True} if born else {})


def spoken(problem: ValidationError) -> str:
    """The first thing that marshmallow found, as one short phrase."""
    return "; ".join(_flatten(problem.messages))[:300]


def _flatten(messages: Any, path: str = "") -> Iterable[str]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flatten(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flatten(inner, path)
    else:
        yield f"{path}: {messages}" if path else str(messages)
