"""
Who may do what: one table for what an account may do in a workspace, one for what a team member may write in an audit.

tests/web/test_permissions.py walks every route with every role; the tablet asks pwa/src/domain/permissions.ts the same.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from server.domain.vocabulary import OperationKind, Role, TeamRole


class Action(StrEnum):
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_SETTINGS = "manage_settings"
    EDIT_CLIENTS = "edit_clients"
    SEE_CLIENTS = "see_clients"
    CREATE_AUDIT = "create_audit"
    SEE_EVERY_AUDIT = "see_every_audit"
    SEE_ASSIGNED_AUDITS = "see_assigned_audits"
    ISSUE_REPORT = "issue_report"
    SEE_REPORTS = "see_reports"
    SEE_MAIL = "see_mail"
    RELEASE_QUARANTINE = "release_quarantine"
    ERASE_CONTENT = "erase_content"


_FIELD = {Action.SEE_CLIENTS, Action.SEE_ASSIGNED_AUDITS, Action.SEE_REPORTS}

PERMITTED: dict[Role, frozenset[Action]] = {
    Role.ADMINISTRATOR: frozenset(
        {Action.MANAGE_ACCOUNTS, Action.MANAGE_SETTINGS, Action.SEE_CLIENTS, Action.EDIT_CLIENTS, Action.SEE_MAIL}
    ),
    Role.PROGRAMME_MANAGER: frozenset(
        {
            Action.MANAGE_ACCOUNTS,
            Action.MANAGE_SETTINGS,
            Action.EDIT_CLIENTS,
            Action.CREATE_AUDIT,
            Action.SEE_EVERY_AUDIT,
            Action.SEE_MAIL,
            Action.ERASE_CONTENT,
            *_FIELD,
        }
    ),
    Role.LEAD_AUDITOR: frozenset(
        {
            Action.EDIT_CLIENTS,
            Action.CREATE_AUDIT,
            Action.ISSUE_REPORT,
            Action.SEE_MAIL,
            Action.RELEASE_QUARANTINE,
            *_FIELD,
        }
    ),
    Role.AUDITOR: frozenset(_FIELD),
    Role.TECHNICAL_REVIEWER: frozenset({Action.SEE_EVERY_AUDIT, *_FIELD}),
    Role.QUALITY_MANAGER: frozenset({Action.EDIT_CLIENTS, Action.CREATE_AUDIT, Action.SEE_EVERY_AUDIT, *_FIELD}),
    Role.READER: frozenset({Action.SEE_CLIENTS}),
}


def is_permitted(roles: Iterable[Role], action: Action) -> bool:
    """Whether any of the account's roles in the workspace allows the action."""
    return any(action in PERMITTED[role] for role in roles)


SETUP = frozenset({"audit", "team_member", "site", "process", "shift", "area", "plan_slot", "previous_finding"})
"""What is prepared in the office as well as on the way."""

_CAPTURE = frozenset({"note", "evidence", "evidence_link", "attendance", "deviation"})
_JUDGE = frozenset(
    {"judgement", "finding", "finding_grade", "previous_finding", "plan_slot", "site", "process", "shift", "area"}
)
_LEAD = frozenset(
    {"audit", "team_member", "recommendation", "closing_record", "handwritten_signature", "report_record"}
)

WRITABLE: dict[TeamRole, frozenset[str]] = {
    TeamRole.AUDIT_TEAM_LEADER: _CAPTURE | _JUDGE | _LEAD,
    TeamRole.AUDITOR: _CAPTURE | _JUDGE,
    TeamRole.AUDITOR_IN_TRAINING: _CAPTURE | _JUDGE,
    TeamRole.TECHNICAL_EXPERT: _CAPTURE,
    TeamRole.INTERPRETER: frozenset(),
    TeamRole.OBSERVER: frozenset(),
}
"""Kinds of entity per role in the team. Experts, interpreters and observers never grade (ISO/IEC 17021-1:2015, 9.2.2.2)."""


def may_write(team_role: TeamRole | None, roles: Iterable[Role], entity_kind: str) -> bool:
    """Whether somebody with this role in the team, and these roles in the workspace, may write entities of this kind."""
    if team_role is not None and entity_kind in WRITABLE[team_role]:
        return True
    return entity_kind in SETUP and Role.PROGRAMME_MANAGER in roles


def may_open_covered(team_role: TeamRole | None, roles: Iterable[Role]) -> bool:
    """
    Whether somebody with this role in the team, and these roles in the workspace, may have the original of a photo of which something is
    covered for privacy: whoever answers for the audit, and for the programme.
    """
    return team_role is TeamRole.AUDIT_TEAM_LEADER or Role.PROGRAMME_MANAGER in roles


def may_speak_as(
    member: str,
    accounts: Mapping[str, str | None],
    account: str,
    team_role: TeamRole | None,
    kind: OperationKind,
) -> bool:
    """
    Whether this account may judge, or raise a finding, in the name of that member of the team. `accounts`: of each entry in the
    team its account, None for a guest without one.

    A judgement is one person's word, and nobody else's, the leader's included: she judges the same place under her own name. What
    a guest said she writes down, and where somebody's own two tablets differ she settles it.
    """
    if accounts.get(member, member) == account:
        return True
    is_guest = member in accounts and accounts[member] is None
    is_settled = kind in (OperationKind.RESOLVE, OperationKind.DELETE)
    return team_role is TeamRole.AUDIT_TEAM_LEADER and (is_guest or is_settled)
