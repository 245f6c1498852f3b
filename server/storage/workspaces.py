"""Workspaces, and which of them somebody belongs to."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.domain.vocabulary import Role, WorkspaceKind
from server.storage.accounts import OwnWorkspace, roles_of
from server.storage.identifiers import new_id
from server.storage.tables.workspace import Workspace


def add_workspace(
    session: Session, *, kind: WorkspaceKind, name: str, now: int, workspace_id: str | None = None
) -> str:
    """A new workspace's id. `workspace_id` where it was given out before, by an invitation that founds it."""
    workspace = Workspace(id=workspace_id or new_id(now), kind=kind.value, name=name, created_at=now)
    session.add(workspace)
    session.flush()
    return workspace.id


def workspace_ids(session: Session) -> set[str]:
    return set(session.scalars(sa.select(Workspace.id)))


def workspace_name(session: Session, workspace: str) -> str | None:
    row = session.get(Workspace, workspace)
    return None if row is None else row.name


def workspace_by_name(session: Session, name: str) -> str | None:
    """The id of the workspace; of several with one name, the oldest."""
    statement = sa.select(Workspace.id).where(Workspace.name == name).order_by(Workspace.created_at).limit(1)
    return session.scalar(statement)


def workspaces_of(session: Session, account: str) -> list[OwnWorkspace]:
    """The workspaces in which the account has a role, by name."""
    roles = roles_of(session, account)
    rows = session.scalars(sa.select(Workspace).where(Workspace.id.in_(sorted(roles))).order_by(Workspace.name))
    return [
        OwnWorkspace(row.id, WorkspaceKind(row.kind), row.name, tuple(role for role in Role if role in roles[row.id]))
        for row in rows
    ]
