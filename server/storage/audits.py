"""Audits as rows: which there are, whose they are, who may see them."""

import uuid
from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.domain.fold import LogView
from server.domain.operation import GENESIS
from server.domain.permissions import Action, is_permitted
from server.domain.vocabulary import Role, TeamRole
from server.storage.server_state import server_identity
from server.storage.tables.audit import Audit, AuditTeam
from server.storage.tables.operation import Chain

Roles = Mapping[str, frozenset[Role]]
"""An account's roles by workspace."""
LISTED = ("reference", "title", "type", "client_name", "starts_on")
"""Fields of the audit that its row repeats."""


def held_log_id(workspace: str, audit: str) -> str:
    """The row that keeps a workspace's operations for an audit that it does not know."""
    return str(uuid.uuid5(uuid.UUID(workspace), audit))


def find_audit(session: Session, audit: str) -> Audit | None:
    """The audit, if it is inside the scope of the transaction. Held logs are not audits."""
    row = session.get(Audit, audit)
    return None if row is None or row.is_held or row.audit_id != audit else row


def visible_audit(session: Session, audit: str, account: str, roles: Roles) -> Audit | None:
    """The audit, if this account may pull it: its team, who created it, and whoever sees every audit of the workspace."""
    row = find_audit(session, audit)
    if row is None or row.workspace_id not in roles:
        return None
    sees_all = is_permitted(roles[row.workspace_id], Action.SEE_EVERY_AUDIT)
    if sees_all or row.created_by == account or is_in_team(session, audit, account):
        return row
    return None


def visible_audits(session: Session, account: str, roles: Roles) -> list[tuple[Audit, str | None]]:
    """Every audit that this account may pull, the latest first, with the account's role in its team."""
    every = [workspace for workspace, held in roles.items() if is_permitted(held, Action.SEE_EVERY_AUDIT)]
    mine = (AuditTeam.audit_id == Audit.id) & (AuditTeam.account_id == account)
    rows = session.execute(
        sa.select(Audit, AuditTeam.team_role)
        .join(AuditTeam, mine, isouter=True)
        .where(
            Audit.is_held.is_(False),
            Audit.workspace_id.in_(sorted(roles)),
            sa.or_(
                AuditTeam.account_id.is_not(None),
                Audit.created_by == account,
                Audit.workspace_id.in_(every),
            ),
        )
        .order_by(Audit.starts_on.desc(), Audit.id)
    )
    return [(row.Audit, row.team_role) for row in rows]


def is_in_team(session: Session, audit: str, account: str) -> bool:
    return session.get(AuditTeam, (audit, account)) is not None


def has_written_in(session: Session, audit: str, account: str) -> bool:
    """Whether the log holds a chain of this account, which therefore had to do with this audit once."""
    chain = sa.select(Chain.audit_id).where(Chain.audit_id == audit, Chain.account == account)
    return session.scalar(sa.select(sa.exists(chain))) is True


def create_audit_row(
    session: Session, log: str, *, workspace: str, audit: str, is_held: bool, account: str, now: int
) -> None:
    """
    Begin an empty log. Two tablets may do so at once: the second finds the row of the first. Either of the two unique
    constraints may be the one that notices, so none is named.
    """
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert(Audit) if dialect == "postgresql" else sqlite.insert(Audit)
    was_restored = bool(server_identity(session).former)
    statement = insert.values(
        id=log,
        workspace_id=workspace,
        audit_id=audit,
        is_held=is_held,
        head_seq=0,
        head_hash=GENESIS,
        latest_receipt=0,
        backed_up_seq=0,
        # After a restore its whole log may be younger than that, or lost with its words.
        restored_seq=0 if was_restored else None,
        first_restored_seq=0 if was_restored else None,
        created_at=now,
        created_by=account,
    )
    session.execute(statement.on_conflict_do_nothing())


def lock_audit(session: Session, log: str) -> Audit | None:
    """The head row, locked until the transaction ends: numbers are given out in one order, so no reader ever skips one."""
    return cast(
        "Audit | None",
        session.scalar(
            sa.select(Audit).where(Audit.id == log).with_for_update().execution_options(populate_existing=True)
        ),
    )


def listed_fields(view: LogView, audit: str) -> Mapping[str, Any]:
    """What its row repeats, from the folded audit."""
    shown = view.entity(f"audit/{audit}")
    return {name: None if shown is None else shown.get(name) for name in LISTED}


def team_roles(session: Session, audit: Audit) -> dict[str, TeamRole | None]:
    """What lists know about the team: role by account."""
    rows = session.scalars(sa.select(AuditTeam).where(AuditTeam.audit_id == audit.id))
    return {row.account_id: None if row.team_role is None else TeamRole(row.team_role) for row in rows}


def save_team(session: Session, audit: Audit, team: Mapping[str, TeamRole | None]) -> None:
    """Replace what lists know about the team."""
    rows = {row.account_id: row for row in session.scalars(sa.select(AuditTeam).where(AuditTeam.audit_id == audit.id))}
    for account, row in rows.items():
        if account not in team:
            session.delete(row)
    for account, team_role in team.items():
        kept = rows.get(account) or AuditTeam(audit_id=audit.id, account_id=account, workspace_id=audit.workspace_id)
        kept.team_role = None if team_role is None else team_role.value
        session.add(kept)
    session.flush()
