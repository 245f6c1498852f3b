"""
Who is in the team of an audit and as what: from the log alone, so that the server and every tablet say the same.

The same rule stands in pwa/src/domain/team.ts; schemas/vectors/team holds both together.
"""

from collections.abc import Mapping

from server.domain.fold import BORN, EntityView, LogView
from server.domain.operation import Operation
from server.domain.vocabulary import TeamRole

NOBODY = ""
"""In place of the account of a member whose birth was erased."""
Team = Mapping[str, TeamRole | None]
"""Role in the team by account. None: in the team, without a role yet."""


def fold_team(view: LogView, audit: str) -> Team:
    """
    Whoever began the audit leads it until an entry gives that account a role. Of several entries for one account the one
    that may do most counts. `view` needs no more than the entries of the team and the birth of the audit.
    """
    ranked = list(TeamRole)
    team: dict[str, TeamRole | None] = {}
    for member in view.of_kind("team_member"):
        account, said = member.get("account"), member.get("role")
        if not isinstance(account, str):
            continue
        role = TeamRole(said) if said in ranked else None
        held = team.get(account)
        team[account] = min((one for one in (held, role) if one is not None), key=ranked.index, default=None)
    beginner = _begun_by(view, audit)
    if beginner is not None and team.get(beginner) is None:
        team[beginner] = TeamRole.AUDIT_TEAM_LEADER
    return team


def accounts_of_members(view: LogView) -> Mapping[str, str | None]:
    """
    Of every entry that there ever was in the team its account; None for a guest without one. Where the birth was erased it is
    nobody's: who it was is not known any more, and a guest it was not for certain.
    """
    members = [entity for entity in view.entities.values() if entity.kind == "team_member" and entity.born is not None]
    return {entity.id: _account_of(entity) for entity in members}


def _account_of(member: EntityView) -> str | None:
    if member.born_view is not None and member.born_view.is_erased:
        return NOBODY
    account = (member.born or {}).get("account")
    return account if isinstance(account, str) else None


def named_member(operation: Operation) -> str | None:
    """In whose name it is said: who judges, who raised the finding. None where only its author stands for it."""
    if operation.entity_kind == "judgement":
        return operation.entity_id.rpartition("~")[2]
    if operation.entity_kind == "finding" and operation.field == BORN and isinstance(operation.value, dict):
        return str(operation.value.get("raised_by"))
    return None


def _begun_by(view: LogView, audit: str) -> str | None:
    """The author of the birth that counts; None while there is none, as in a log that is held for an audit not known here."""
    shown = view.entity(f"audit/{audit}")
    if shown is None or shown.born_view is None or shown.born is None:
        return None
    return shown.born_view.heads[-1].chain.account
