"""Who is in the team of an audit, and what a list shows of it: both folded from the log."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from server.domain.fold import Entry, LogView, fold_log
from server.domain.vocabulary import TeamRole

LISTED = ("reference", "title", "type", "client_name", "starts_on")
"""Fields of the audit that its row repeats."""

Team = Mapping[str, TeamRole | None]
"""Role in the team by account. None: in the team, without a role yet."""


def fold_team(entries: Iterable[Entry], creator: str) -> Team:
    """
    The team as these entries say it. Whoever created the audit leads it until an entry gives that account a role;
    of several entries for one account the one that may do most counts.
    """
    ranked = list(TeamRole)
    team: dict[str, TeamRole | None] = {}
    for member in fold_log(entries).of_kind("team_member"):
        account, said = _account(member.get("account")), member.get("role")
        if account is None:
            continue
        role = TeamRole(said) if said in ranked else None
        held = team.get(account)
        team[account] = min((one for one in (held, role) if one is not None), key=ranked.index, default=None)
    if team.get(creator) is None:
        team[creator] = TeamRole.AUDIT_TEAM_LEADER
    return team


def _account(said: object) -> str | None:
    """The contract takes a UUID in every spelling; tables and sessions know one."""
    try:
        return str(uuid.UUID(said)) if isinstance(said, str) else None
    except ValueError:
        return None


def listed_fields(view: LogView, audit: str) -> Mapping[str, Any]:
    """The columns of a list, from the folded audit."""
    shown = view.entity(f"audit/{audit}")
    return {name: None if shown is None else shown.get(name) for name in LISTED}
