"""Audit clients and a workspace's settings. Each save names the version that it replaces, and leaves a row in the history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.storage.history import record_change
from server.storage.identifiers import new_id
from server.storage.tables.client import AuditClient, WorkspaceSettings

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Saved:
    """A record with the version that a change of it must name."""

    id: str
    version: int
    content: Content


def audit_clients(session: Session, workspace: str) -> list[Saved]:
    """The workspace's clients, by name."""
    rows = session.scalars(
        sa.select(AuditClient).where(AuditClient.workspace_id == workspace).order_by(AuditClient.name, AuditClient.id)
    )
    return [_saved(row) for row in rows]


def audit_client(session: Session, workspace: str, client: str) -> Saved | None:
    row = _row(session, workspace, client)
    return _saved(row) if row else None


def add_audit_client(session: Session, workspace: str, content: Content, *, by: str | None, now: int) -> Saved:
    row = AuditClient(
        id=new_id(),
        workspace_id=workspace,
        version=1,
        name=content["name"],
        content=_text(content),
        changed_at=now,
    )
    session.add(row)
    session.flush()
    _record(session, row, "audit_client", row.id, before=None, by=by)
    return _saved(row)


def change_audit_client(
    session: Session, workspace: str, client: str, content: Content, *, replaces: int, by: str, now: int
) -> tuple[bool, Saved] | None:
    """Whether it was saved, and the record as it is now: somebody else's, if `replaces` is not the current version."""
    row = _row(session, workspace, client, locked=True)
    if row is None:
        return None
    if row.version != replaces:
        return False, _saved(row)
    before = row.content
    row.version, row.name, row.content, row.changed_at = replaces + 1, content["name"], _text(content), now
    session.flush()
    _record(session, row, "audit_client", row.id, before=before, by=by)
    return True, _saved(row)


def settings(session: Session, workspace: str) -> Saved:
    """What the workspace has decided; version 0 as long as it has decided nothing."""
    row = session.get(WorkspaceSettings, workspace)
    return _saved_settings(workspace, row)


def change_settings(
    session: Session, workspace: str, content: Content, *, replaces: int, by: str | None, now: int
) -> tuple[bool, Saved]:
    """Whether they were saved, and as they are now."""
    row = session.scalar(
        sa.select(WorkspaceSettings).where(WorkspaceSettings.workspace_id == workspace).with_for_update()
    )
    if (row.version if row else 0) != replaces:
        return False, _saved_settings(workspace, row)
    before = row.content if row else None
    if row is None:
        row = WorkspaceSettings(workspace_id=workspace)
        session.add(row)
    row.version, row.content, row.changed_at = replaces + 1, _text(content), now
    session.flush()
    _record(session, row, "settings", workspace, before=before, by=by)
    return True, _saved_settings(workspace, row)


def _row(session: Session, workspace: str, client: str, *, locked: bool = False) -> AuditClient | None:
    statement = sa.select(AuditClient).where(AuditClient.id == client, AuditClient.workspace_id == workspace)
    return session.scalar(statement.with_for_update() if locked else statement)


def _record(
    session: Session,
    row: AuditClient | WorkspaceSettings,
    noun: str,
    row_id: str,
    *,
    before: str | None,
    by: str | None,
) -> None:
    record_change(
        session,
        workspace=row.workspace_id,
        noun=noun,
        row_id=row_id,
        version=row.version,
        changed_by=by,
        before=before,
        after=row.content,
        now=row.changed_at,
    )


def _saved(row: AuditClient) -> Saved:
    return Saved(row.id, row.version, json.loads(row.content))


def _saved_settings(workspace: str, row: WorkspaceSettings | None) -> Saved:
    return Saved(workspace, row.version, json.loads(row.content)) if row else Saved(workspace, 0, {})


def _text(content: Content) -> str:
    return json.dumps(dict(content), ensure_ascii=False, sort_keys=True)
