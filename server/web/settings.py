"""What a workspace has decided for itself: its name on reports, and where reports go."""

from typing import Any
from uuid import UUID

from schemas.office import SettingsSchema
from server.certification import client as use_cases
from server.domain.permissions import Action
from server.storage.clients import Saved
from server.web.blueprint import Blueprint
from server.web.security import permitted
from server.web.version import etag, replaced_version

blueprint = Blueprint(
    "settings", __name__, url_prefix="/api/workspaces/<uuid:workspace>/settings", description="A workspace's settings."
)
Answer = tuple[dict[str, Any], int, dict[str, str]]


@blueprint.route("", methods=["GET"])
@blueprint.response(200, SettingsSchema)
def show_settings(workspace: UUID) -> Answer:
    """The settings. The ETag is what a change must name; it is 0 as long as nothing was decided."""
    signed_in = permitted(workspace, Action.SEE_CLIENTS)
    return _answer(use_cases.show_settings(signed_in, str(workspace)))


@blueprint.route("", methods=["PUT"])
@blueprint.arguments(SettingsSchema)
@blueprint.response(200, SettingsSchema)
def change_settings(given: dict[str, Any], workspace: UUID) -> Answer:
    """Save the settings. `If-Match` names the version that was changed."""
    signed_in = permitted(workspace, Action.MANAGE_SETTINGS)
    replaces = replaced_version()
    return _answer(use_cases.change_settings(signed_in, str(workspace), given, replaces=replaces))


def _answer(saved: Saved) -> Answer:
    return {"version": saved.version, **saved.content}, 200, etag(saved.version)
