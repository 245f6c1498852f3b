"""How a refusal looks on the wire (RFC 9457, problem details)."""

from marshmallow import fields

from schemas.base import StrictSchema


class ProblemSchema(StrictSchema):
    """`code` is stable and translated by the tablet; `detail` is the English sentence; `facts` fill its places."""

    type = fields.String(required=True, metadata={"example": "about:blank"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"example": "report.content_missing"})
    detail = fields.String(required=True)
    facts = fields.Dict(keys=fields.String(), values=fields.Raw(), required=True)
    reference = fields.String(
        metadata={"description": "Quote it when asking for help; given with faults of the server."}
    )
