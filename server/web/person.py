"""The people of a workspace, as teams are put together from."""

from uuid import UUID

from schemas.account import PersonSchema
from server.database import reading
from server.domain.permissions import Action
from server.storage import accounts
from server.web.blueprint import Blueprint
from server.web.security import permitted

blueprint = Blueprint(
    "person", __name__, url_prefix="/api/workspaces/<uuid:workspace>/people", description="People of a workspace."
)


@blueprint.route("", methods=["GET"])
@blueprint.response(200, PersonSchema(many=True))
def list_people(workspace: UUID) -> list[accounts.Person]:
    """Everybody with a role in this workspace, by name."""
    signed_in = permitted(workspace, Action.CREATE_AUDIT, Action.MANAGE_ACCOUNTS)
    with reading(signed_in.scope()) as session:
        return accounts.people(session, str(workspace))
