"""Audit clients with their sites, as the office keeps them."""

from typing import Any
from uuid import UUID

from schemas.office import AuditClientSchema
from server.certification import client as use_cases
from server.domain.permissions import Action
from server.storage.clients import Saved
from server.web.blueprint import Blueprint
from server.web.security import permitted
from server.web.version import etag, replaced_version

blueprint = Blueprint(
    "client", __name__, url_prefix="/api/workspaces/<uuid:workspace>/clients", description="Audit clients."
)
Answer = tuple[dict[str, Any], int, dict[str, str]]


@blueprint.route("", methods=["GET"])
@blueprint.response(200, AuditClientSchema(many=True))
def list_clients(workspace: UUID) -> list[dict[str, Any]]:
    """The workspace's clients, by name."""
    signed_in = permitted(workspace, Action.SEE_CLIENTS)
    return [_shown(saved) for saved in use_cases.list_clients(signed_in, str(workspace))]


@blueprint.route("", methods=["POST"])
@blueprint.arguments(AuditClientSchema)
@blueprint.response(201, AuditClientSchema)
def add_client(given: dict[str, Any], workspace: UUID) -> Answer:
    """Add a client."""
    signed_in = permitted(workspace, Action.EDIT_CLIENTS)
    return _answer(use_cases.add_client(signed_in, str(workspace), given), 201)


@blueprint.route("/<uuid:client>", methods=["GET"])
@blueprint.response(200, AuditClientSchema)
def show_client(workspace: UUID, client: UUID) -> Answer:
    """One client. The ETag is what a change must name."""
    signed_in = permitted(workspace, Action.SEE_CLIENTS)
    return _answer(use_cases.show_client(signed_in, str(workspace), str(client)))


@blueprint.route("/<uuid:client>", methods=["PUT"])
@blueprint.arguments(AuditClientSchema)
@blueprint.response(200, AuditClientSchema)
def change_client(given: dict[str, Any], workspace: UUID, client: UUID) -> Answer:
    """Save a client. `If-Match` names the version that was changed."""
    signed_in = permitted(workspace, Action.EDIT_CLIENTS)
    replaces = replaced_version()
    return _answer(use_cases.change_client(signed_in, str(workspace), str(client), given, replaces=replaces))


def _shown(saved: Saved) -> dict[str, Any]:
    return {"id": saved.id, "version": saved.version, **saved.content}


def _answer(saved: Saved, status: int = 200) -> Answer:
    return _shown(saved), status, etag(saved.version)
