"""
Audit clients with their sites, and the settings of a workspace.

Nobody's work is overwritten unseen: a change names the version that it was made from, and a stale one is refused with both.
"""

from collections.abc import Mapping
from typing import Any

from server.database import reading, unit_of_work
from server.domain.refusals import Refusal, Refused
from server.identity.signed_in import SignedIn
from server.storage import clients
from server.storage.clients import Saved
from server.storage.clock import now_ms
from server.storage.workspaces import workspace_name

Content = Mapping[str, Any]


def list_clients(signed_in: SignedIn, workspace: str) -> list[Saved]:
    with reading(signed_in.scope()) as session:
        return clients.audit_clients(session, workspace)


def show_client(signed_in: SignedIn, workspace: str, client: str) -> Saved:
    """Raises Refused for one that is not of this workspace."""
    with reading(signed_in.scope()) as session:
        found = clients.audit_client(session, workspace, client)
    if found is None:
        raise Refused(Refusal("request.not_found"))
    return found


def add_client(signed_in: SignedIn, workspace: str, content: Content) -> Saved:
    with unit_of_work(signed_in.scope()) as session:
        return clients.add_audit_client(session, workspace, content, by=signed_in.account, now=now_ms())


def change_client(signed_in: SignedIn, workspace: str, client: str, content: Content, *, replaces: int) -> Saved:
    """Raises Refused with both versions when somebody else was faster."""
    with unit_of_work(signed_in.scope()) as session:
        outcome = clients.change_audit_client(
            session, workspace, client, content, replaces=replaces, by=signed_in.account, now=now_ms()
        )
    if outcome is None:
        raise Refused(Refusal("request.not_found"))
    is_saved, saved = outcome
    if not is_saved:
        raise _stale(content, saved)
    return saved


def show_settings(signed_in: SignedIn, workspace: str) -> Saved:
    """As long as nothing was decided: the name of the workspace, and English."""
    with reading(signed_in.scope()) as session:
        return _with_defaults(clients.settings(session, workspace), workspace_name(session, workspace) or "")


def change_settings(signed_in: SignedIn, workspace: str, content: Content, *, replaces: int) -> Saved:
    """Raises Refused with both versions when somebody else was faster."""
    with unit_of_work(signed_in.scope()) as session:
        is_saved, saved = clients.change_settings(
            session, workspace, content, replaces=replaces, by=signed_in.account, now=now_ms()
        )
        saved = _with_defaults(saved, workspace_name(session, workspace) or "")
    if not is_saved:
        raise _stale(content, saved)
    return saved


def _with_defaults(saved: Saved, name: str) -> Saved:
    defaults = {"body_name": name, "body_address": "", "report_recipient": "", "language": "en"}
    return Saved(saved.id, saved.version, defaults | dict(saved.content))


def _stale(yours: Content, theirs: Saved) -> Refused:
    facts = {"yours": dict(yours), "theirs": {"version": theirs.version, **theirs.content}}
    return Refused(Refusal("request.stale", facts))
