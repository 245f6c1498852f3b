"""What became of a workspace's mails, and what stands in them."""

from uuid import UUID

from schemas.report import MailSchema, MailStateSchema
from server.database import reading
from server.domain.permissions import Action
from server.domain.refusals import Refusal, Refused
from server.storage.mailbox import MailState, WholeMail, mail_in, mails_of
from server.web.blueprint import Blueprint
from server.web.security import permitted

blueprint = Blueprint(
    "mail", __name__, url_prefix="/api/workspaces/<uuid:workspace>/mails", description="Mails and where they stand."
)


@blueprint.route("", methods=["GET"])
@blueprint.response(200, MailStateSchema(many=True))
def list_mails(workspace: UUID) -> list[MailState]:
    """The workspace's latest mails: waiting, sent, written to a file, or failed for good."""
    signed_in = permitted(workspace, Action.SEE_MAIL)
    with reading(signed_in.scope()) as session:
        return mails_of(session, str(workspace))


@blueprint.route("/<uuid:mail>", methods=["GET"])
@blueprint.response(200, MailSchema)
def show_mail(workspace: UUID, mail: UUID) -> WholeMail:
    """One mail with its text, and the names of the files that go along."""
    signed_in = permitted(workspace, Action.SEE_MAIL)
    with reading(signed_in.scope()) as session:
        found = mail_in(session, str(workspace), str(mail))
    if found is None:
        raise Refused(Refusal("request.not_found"))
    return found
