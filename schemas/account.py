"""Signing in, enrolling an installation, inviting people."""

from marshmallow import fields, validate

from schemas.base import StrictSchema, line, list_of, one_of, whole
from server.domain.vocabulary import Role, WorkspaceKind

LEAST_PASSWORD = 12


class SignInSchema(StrictSchema):
    email = line(required=True)
    password = line(required=True, longest=1000)


class WorkspaceSchema(StrictSchema):
    id = fields.UUID(required=True)
    kind = one_of(WorkspaceKind, required=True)
    name = line(required=True)
    roles = list_of(one_of(Role))


class SessionSchema(StrictSchema):
    """
    Who is signed in, and where. `installation` is the one that was enrolled last in this session, null before the first time;
    `server_time` lets the tablet state its clock's skew. `brought_in_name` counts entries in this person's name that somebody else brought
    from a tablet that the server does not know, and that wait until this person brings them.
    """

    account = fields.UUID(required=True)
    email = line(required=True)
    name = line(required=True)
    language = line(required=True)
    installation = fields.UUID(required=True, allow_none=True)
    workspaces = fields.List(fields.Nested(WorkspaceSchema), required=True)
    server_time = line(required=True)
    brought_in_name = whole(required=True)


class EnrolSchema(StrictSchema):
    """An installation of the app for the signed-in account. `public_key`: SPKI of an ECDSA P-256 key, base64url, or null."""

    id = fields.UUID(required=True)
    name = line(required=True)
    public_key = line(required=True, nullable=True)


class InvitationSchema(StrictSchema):
    email = line(required=True)
    name = line(required=True)
    roles = fields.List(one_of(Role), required=True, validate=validate.Length(min=1, max=7))


class AcceptInvitationSchema(StrictSchema):
    """`email` and `workspace_name` are for the first administrator, whose invitation was printed and not mailed."""

    token = line(required=True)
    name = line(required=True)
    password = line(required=True, longest=1000)
    email = line()
    workspace_name = line()


class PasswordResetRequestSchema(StrictSchema):
    email = line(required=True)


class PasswordResetSchema(StrictSchema):
    token = line(required=True)
    password = line(required=True, longest=1000)


class PersonSchema(StrictSchema):
    """Somebody with an account in this workspace, as teams are put together from."""

    account = fields.UUID(required=True)
    name = line(required=True)
    email = line(required=True)
    roles = list_of(one_of(Role))
