"""The audits that an account may take along, with the head of each: what differs is pulled."""

from collections.abc import Mapping
from typing import Any

from server.database import Scope, reading
from server.storage import audits
from server.storage.audits import Roles
from server.storage.clock import as_instant
from server.storage.server_state import last_backup_at, server_identity


def list_audits(account: str, roles: Roles) -> list[Mapping[str, Any]]:
    """In the shape of `AuditListingSchema`."""
    with reading(Scope(frozenset(roles))) as session:
        epoch, backed_up_at = server_identity(session).epoch, last_backup_at(session)
        return [
            {
                "id": audit.id,
                "workspace": audit.workspace_id,
                "epoch": epoch,
                "head": {"seq": audit.head_seq, "hash": audit.head_hash},
                "backed_up": None
                if backed_up_at is None
                else {"seq": audit.backed_up_seq, "at": as_instant(backed_up_at)},
                **{name: getattr(audit, name) for name in audits.LISTED},
                "team_role": team_role,
            }
            for audit, team_role in audits.visible_audits(session, account, roles)
        ]
