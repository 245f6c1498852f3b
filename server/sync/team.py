"""Who is in the team of an audit, folded from the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.domain import team
from server.domain.fold import BORN, Entry, fold_log
from server.domain.operation import Operation
from server.domain.team import Team
from server.storage import Session
from server.storage import operation_log as log
from server.storage.tables.audit import Audit


@dataclass(frozen=True, slots=True)
class TeamInLog:
    """`roles` by account, and of every entry in the team its account."""

    roles: Team
    accounts: Mapping[str, str | None]


def load_team(session: Session, audit: Audit) -> Team:
    """The team as the log says it now."""
    return fold_team(log.load_team_entries(session, audit.id), audit.audit_id).roles


def fold_team(entries: Iterable[Entry], audit: str) -> TeamInLog:
    """The team as these entries say it: those of its members, and the birth of the audit."""
    view = fold_log(entries)
    return TeamInLog(team.fold_team(view, audit), team.accounts_of_members(view))


def concerns_team(operation: Operation) -> bool:
    """Whether it is one of those entries."""
    return operation.entity_kind == "team_member" or (operation.entity_kind == "audit" and operation.field == BORN)
