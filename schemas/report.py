"""Reports: asked for, made, sent."""

from marshmallow import fields, validate

from schemas.base import StrictSchema, instant, line, sha256_hex, whole


class ReportRequestSchema(StrictSchema):
    """Names the sealed report record. Asked twice, it is made once."""

    report_record = line(required=True)
    is_provisional = fields.Boolean(load_default=False)


class MailStateSchema(StrictSchema):
    """
    Where one mail stands: waiting, sent, written (to var/mail, no SMTP configured) or failed for good. `queued_at` is the mail's
    date, `attempted_at` is when the last attempt began.
    """

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["waiting", "sent", "written", "failed"]))
    to = line(required=True)
    subject = line(required=True)
    queued_at = instant(required=True)
    attempts = whole(required=True)
    attempted_at = instant(nullable=True)
    next_attempt_at = instant(nullable=True)
    last_error = line(nullable=True, longest=2000)
    sent_at = instant(nullable=True)


class MailSchema(MailStateSchema):
    """A mail to be read. `text` is null where it carried a code; `attachments` are the names of files."""

    text = fields.String(required=True, allow_none=True)
    attachments = fields.List(fields.String(), required=True)


class ReportSchema(StrictSchema):
    id = fields.UUID(required=True)
    audit = fields.UUID(required=True)
    report_record = line(required=True)
    revision = whole(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["waiting", "made", "failed"]))
    is_provisional = fields.Boolean(required=True)
    requested_at = instant(required=True)
    made_at = instant(required=True, nullable=True)
    pdf_sha256 = sha256_hex(required=True, nullable=True)
    pages = fields.Integer(required=True, allow_none=True)
    error = fields.Dict(keys=fields.String(), values=fields.Raw(), allow_none=True, required=True)
    mail = fields.Nested(MailStateSchema, required=True, allow_none=True)


class ServerStateSchema(StrictSchema):
    """
    What the app says about its server: the version, the public half of the key that signs how far logs go (SPKI, base64url without
    padding), and what is only for trying out.
    """

    version = line(required=True)
    epoch = fields.UUID(required=True)
    installation = fields.UUID(required=True)
    log_key = line(required=True)
    is_signing_for_development = fields.Boolean(required=True)
    is_mail_sent = fields.Boolean(required=True)
    public_url = line(required=True, nullable=True)
