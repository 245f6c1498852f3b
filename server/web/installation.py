"""Enrolling an installation of the app."""

from typing import Any
from uuid import UUID

from schemas.account import EnrolSchema
from server.domain.refusals import Refusal, Refused
from server.identity.enrol import enrol
from server.web.blueprint import Blueprint
from server.web.security import current_account

blueprint = Blueprint(
    "installation", __name__, url_prefix="/api/installations", description="Installations of the app."
)


@blueprint.route("/<uuid:installation>", methods=["PUT"])
@blueprint.arguments(EnrolSchema)
@blueprint.response(200, EnrolSchema)
def enrol_installation(given: dict[str, Any], installation: UUID) -> dict[str, Any]:
    """Enrol this installation for the signed-in account. Repeating it changes nothing; another key is added to the others."""
    signed_in = current_account()
    if given["id"] != installation:
        raise Refused(Refusal("request.malformed", {"why": "id: differs from the address"}))
    enrol(signed_in, str(installation), name=given["name"], public_key=given["public_key"])
    return given
