"""Who may ask for a report, and bring what it lacks: the audit team leader."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.database import Scope
from server.domain.permissions import Action, is_permitted
from server.domain.refusals import Refusal, Refused
from server.domain.vocabulary import Role
from server.storage import Session, audits, report_store
from server.storage.tables.audit import Audit


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, with the roles that decide what is seen."""

    account: str
    roles: Mapping[str, frozenset[Role]]

    @property
    def scope(self) -> Scope:
        return Scope(frozenset(self.roles))


def led_audit(session: Session, asker: Asker, audit: str) -> Audit:
    """The audit, if this account leads it and may have reports issued. Raises Refused otherwise."""
    row = audits.visible_audit(session, audit, asker.account, asker.roles)
    if row is None:
        raise Refused(Refusal("request.not_found"))
    may = is_permitted(asker.roles[row.workspace_id], Action.ISSUE_REPORT)
    if not may or not report_store.leads_audit(session, audit, asker.account):
        raise Refused(Refusal("account.not_permitted", {"who": "the audit team leader"}))
    return row
