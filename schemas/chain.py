"""What the server alone knows about one file of evidence: that it came whole, what was made of it, and who was handed it."""

from marshmallow import fields, validate

from schemas.base import StrictSchema, instant, line, sha256_hex, whole

CREDENTIAL_STATES = ("waiting", "none", "valid", "not_valid", "unreadable", "elsewhere", "not_read")


def _said() -> fields.String:
    """What the file says; null where it does not."""
    return fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))


class CredentialsSchema(StrictSchema):
    """
    Content credentials (C2PA) as they were found in the file. `valid`: the signature and every hash fit the file, whoever signed; a
    signer whom nobody here knows is still `valid`, and `is_signer_known` is false. `not_valid`: something does not fit. `unreadable`:
    the file has some and they cannot be read. `elsewhere`: the file says that they lie at another place, which is not asked. `not_read`:
    reading them took too much. `waiting`: nobody has looked yet.

    `signed_at` is the time of a time stamp, null where there is none. `actions` and `sources` (IPTC digital source types) are what the
    tool says that it did. `problems` are C2PA's own codes, or the words of the library.
    """

    state = fields.String(required=True, validate=validate.OneOf(CREDENTIAL_STATES))
    signed_by = _said()
    organisation = _said()
    signed_at = _said()
    is_signer_known = fields.Boolean(load_default=False)
    tool = _said()
    actions = fields.List(line(), load_default=list, validate=validate.Length(max=20))
    sources = fields.List(line(), load_default=list, validate=validate.Length(max=20))
    problems = fields.List(line(), load_default=list, validate=validate.Length(max=20))


class SendingSchema(StrictSchema):
    """Somebody sent the file whole."""

    account = fields.UUID(required=True)
    began_at = instant(required=True)
    arrived_at = instant(required=True)


class StoredFileSchema(StrictSchema):
    """The server holds the bytes; every one of them was hashed before it said so. `is_backed_up`: so does a whole backup."""

    verified_at = instant(required=True)
    size = whole(required=True)
    is_backed_up = fields.Boolean(required=True)


class MadePictureSchema(StrictSchema):
    """A picture for the report. `made_from` is the hash of the bytes that it was made from; `made_by` names programs and versions."""

    made_from = sha256_hex(required=True)
    sha256 = sha256_hex(required=True)
    size = whole(required=True)
    long_edge = whole(required=True)
    is_drawn_on = fields.Boolean(required=True)
    made_by = fields.List(line(), required=True)
    made_at = instant(required=True)


class OpeningSchema(StrictSchema):
    """The original of a photo of which something is covered was handed out."""

    account = fields.UUID(required=True)
    at = instant(required=True)


class ChainOfCustodySchema(StrictSchema):
    """
    Of one file in one audit. `stored` is null where the server does not hold it (any more). `names` says how the accounts are called
    that occur in here.
    """

    sha256 = sha256_hex(required=True)
    is_withdrawn = fields.Boolean(required=True)
    stored = fields.Nested(StoredFileSchema, required=True, allow_none=True)
    sendings = fields.List(fields.Nested(SendingSchema), required=True)
    pictures = fields.List(fields.Nested(MadePictureSchema), required=True)
    openings = fields.List(fields.Nested(OpeningSchema), required=True)
    credentials = fields.Nested(CredentialsSchema, required=True, allow_none=True)
    names = fields.Dict(keys=fields.UUID(), values=fields.String(), required=True)
