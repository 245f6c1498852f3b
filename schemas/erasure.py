"""Erasing: a person's decision that words, or a piece of evidence, leave an audit for good."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.base import StrictSchema, list_of, sha256_hex

MAX_ERASED_AT_ONCE = 200
MAX_REASON = 2000
MAX_WORDS = 100_000
"""Every word that was ever written about one piece of evidence."""


class ErasureSchema(StrictSchema):
    """
    What goes, and why: entries of the log by their digest, or one piece of evidence by its id, with its file and every word about it.
    The reason stays in the log and on every tablet.
    """

    operations = fields.List(sha256_hex(), validate=validate.Length(min=1, max=MAX_ERASED_AT_ONCE))
    evidence = fields.UUID()
    reason = fields.String(required=True, validate=[validate.Length(max=MAX_REASON), validate.Regexp(r"[\s\S]*\S")])

    @validates_schema
    def _names_one_thing(self, given: dict[str, Any], **_: Any) -> None:
        if ("operations" in given) == ("evidence" in given):
            raise ValidationError("Name either operations or one piece of evidence.")


class ErasedSchema(StrictSchema):
    """What is gone: entries by their digest, and files of evidence by their SHA-256. Said again, it is answered alike."""

    operations = list_of(sha256_hex(), most=MAX_WORDS, required=True)
    evidence = list_of(sha256_hex(), most=MAX_ERASED_AT_ONCE, required=True)
