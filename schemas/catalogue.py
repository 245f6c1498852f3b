"""The clauses of one edition of a standard, as records name them by a hash (server/standards/catalogue.py, `catalogue_tree`)."""

from marshmallow import fields, validate

from schemas.base import StrictBoolean, StrictSchema, criterion_id, line, list_of, standard_id, whole

MOST_CLAUSES = 2000
"""Twenty times the longest edition that there is."""


def _text(longest: int = 300) -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=longest))


class WordingSchema(StrictSchema):
    """One text in each language that the catalogue is kept in."""

    en = _text()
    de = _text()


class ClauseInTreeSchema(StrictSchema):
    criterion = criterion_id(required=True)
    number = _text(40)
    title = fields.Nested(WordingSchema, required=True)
    level = whole(required=True, least=1, most=9)
    auditable = StrictBoolean(required=True)
    parent = line(required=True, nullable=True, longest=40)


class CatalogueTreeSchema(StrictSchema):
    id = standard_id(required=True)
    standard = _text(100)
    edition = _text(20)
    title = fields.Nested(WordingSchema, required=True)
    amendments = list_of(_text(), most=50, required=True)
    clauses = list_of(fields.Nested(ClauseInTreeSchema), most=MOST_CLAUSES, required=True)
