"""Inviting somebody into a workspace, and accepting."""

from typing import Any
from uuid import UUID

from flask import current_app

from schemas.account import AcceptInvitationSchema, InvitationSchema
from server.domain.permissions import Action
from server.domain.refusals import Refused
from server.domain.vocabulary import Role
from server.identity.accept import accept
from server.identity.invite import invite
from server.identity.signed_in import SignedIn
from server.web.blueprint import Blueprint
from server.web.security import current_account, permitted, remote_address

blueprint = Blueprint("invitation", __name__, url_prefix="/api", description="Invitations.")


@blueprint.route("/workspaces/<uuid:workspace>/invitations", methods=["POST"])
@blueprint.arguments(InvitationSchema)
@blueprint.response(204)
def send_invitation(given: dict[str, Any], workspace: UUID) -> None:
    """Invite somebody by mail, with roles in this workspace."""
    signed_in = permitted(workspace, Action.MANAGE_ACCOUNTS)
    roles = [Role(role) for role in given["roles"]]
    config = current_app.config["AUDITBOOK"]
    invite(signed_in, str(workspace), email=given["email"], name=given["name"], roles=roles, config=config)


@blueprint.route("/invitations/accept", methods=["POST"])
@blueprint.arguments(AcceptInvitationSchema)
@blueprint.response(204)
def accept_invitation(given: dict[str, Any]) -> None:
    """Join with the code from the mail, then sign in. Somebody who has an account already signs in first."""
    accept(
        given["token"],
        name=given["name"],
        password=given["password"],
        address=remote_address(),
        signed_in=_signed_in(),
        email=given.get("email"),
        workspace_name=given.get("workspace_name"),
    )


def _signed_in() -> SignedIn | None:
    try:
        return current_account()
    except Refused as refused:
        if refused.refusal.code != "account.sign_in_needed":
            raise
        return None
