"""The office's records: clients with their sites, and a workspace's settings. Ordinary REST with ETag and If-Match."""

from marshmallow import fields, validate

from schemas.base import StrictSchema, language_tag, line, list_of, paragraphs


class ClientSiteSchema(StrictSchema):
    name = line(required=True)
    address = line()
    shifts = list_of(line(), most=10)
    headcount = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=10_000_000))


class AuditClientSchema(StrictSchema):
    """An organization that is audited, with its sites. `version` is the ETag that a change must name."""

    id = fields.UUID(dump_only=True)
    version = fields.Integer(dump_only=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=300))
    address = line()
    representative = line()
    email = line()
    scope = paragraphs()
    sites = list_of(fields.Nested(ClientSiteSchema), most=200)


class SettingsSchema(StrictSchema):
    """What a workspace has decided for itself."""

    version = fields.Integer(dump_only=True)
    body_name = line()
    body_address = line()
    report_recipient = line()
    language = language_tag()
