"""Somebody who is signed in, as every use case and every route sees them. The right to do something is asked here."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.database import Scope
from server.domain.permissions import Action, is_permitted
from server.domain.vocabulary import Role


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account with its roles, by workspace, in one session. What it may see follows from these alone."""

    session: str
    account: str
    email: str
    name: str
    roles: Mapping[str, frozenset[Role]]
    language: str = "en"
    installation: str | None = None
    """Of the app, as it was enrolled last in this session; None before the first time."""
    is_blocked: bool = False
    """The session is that of a blocked tablet. web/security.py decides what it may still do."""

    def scope(self) -> Scope:
        """Every workspace in which this account has a role: the wall of its transactions."""
        return Scope(frozenset(self.roles))

    def may(self, workspace: str, action: Action) -> bool:
        """Whether one of its roles in this workspace allows the action; never in a workspace that is not its own."""
        return is_permitted(self.roles.get(workspace, frozenset()), action)
