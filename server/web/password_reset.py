"""A new password by mail."""

from typing import Any

from schemas.account import PasswordResetRequestSchema, PasswordResetSchema
from server.identity.reset import confirm_reset, request_reset
from server.web.blueprint import Blueprint
from server.web.security import remote_address

blueprint = Blueprint("password_reset", __name__, url_prefix="/api/password-resets", description="New passwords.")


@blueprint.route("", methods=["POST"])
@blueprint.arguments(PasswordResetRequestSchema)
@blueprint.response(202)
def ask_for_reset(given: dict[str, Any]) -> None:
    """Ask for a code by mail. The answer does not tell whether there is such an account."""
    request_reset(given["email"], address=remote_address())


@blueprint.route("/confirm", methods=["POST"])
@blueprint.arguments(PasswordResetSchema)
@blueprint.response(204)
def set_password(given: dict[str, Any]) -> None:
    """Set a new password with the code from the mail. Every session of the account ends."""
    confirm_reset(given["token"], given["password"], address=remote_address())
