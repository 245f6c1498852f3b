"""
Begin the demonstration in an empty database: the people, the client, and the audit that starts today.

Before: server/demo/company.py says what there is. After: the same rows and operations that people would have made by hand; the
audit is prepared, and nothing of it is judged yet.
"""

import uuid
from collections.abc import Iterator
from datetime import date

from server.database import SERVER, reading, unit_of_work
from server.demo import company
from server.demo.company import AUDIT_CLIENT, CERTIFICATION_BODY, PEOPLE, Person
from server.domain.vocabulary import SlotState, WorkspaceKind
from server.identity.passwords import hash_password
from server.storage import accounts, clients, workspaces
from server.storage.clock import now_ms
from server.sync.office import Change, create_audit

PASSWORD = "hall three torque wrench"

_PERSON = {person.id: person for person in PEOPLE}
_SITE = {site.id: site for site in company.SITES}
_SHIFT = {shift.id: shift for shift in company.SHIFTS}


def sign_ins() -> list[tuple[str, str]]:
    """Address and function of everybody who can sign in, the lead auditor first."""
    return [(person.email, person.function) for person in PEOPLE if person.roles]


def is_seeded() -> bool:
    """Whether this database holds the demonstration."""
    with reading(SERVER) as session:
        return accounts.account_by_email(session, sign_ins()[0][0]) is not None


def seed(today: date) -> bool:
    """Fill an empty database. Says whether it was one; a database with accounts is left alone."""
    with unit_of_work(SERVER) as session:
        if accounts.has_accounts(session):
            return False
        now = now_ms()
        body = workspaces.add_workspace(
            session, kind=WorkspaceKind.CERTIFICATION_BODY, name=CERTIFICATION_BODY.name, now=now
        )
        audited = workspaces.add_workspace(session, kind=WorkspaceKind.AUDIT_CLIENT, name=AUDIT_CLIENT.name, now=now)
        account_of: dict[str, str] = {}
        for person in PEOPLE:
            if not person.roles:
                continue
            account = account_of[person.id] = accounts.add_account(
                session,
                email=person.email,
                name=person.name,
                language=CERTIFICATION_BODY.language,
                password_hash=hash_password(PASSWORD),
                now=now,
            )
            workspace = body if person.belongs_to == CERTIFICATION_BODY.id else audited
            accounts.add_roles(session, workspace, account, person.roles)
        clients.change_settings(session, body, _settings(), replaces=0, by=None, now=now)
        client = clients.add_audit_client(session, body, _client(), by=None, now=now)
        leader = account_of[company.certification_audit(today).team[0]]
        audit = str(uuid.uuid4())
        changes = _audit(audit, body, client.id, account_of, today)
        create_audit(session, workspace=body, account=leader, audit=audit, changes=changes)
    return True


def _settings() -> dict[str, str]:
    return {
        "body_name": CERTIFICATION_BODY.name,
        "body_address": CERTIFICATION_BODY.address,
        "report_recipient": CERTIFICATION_BODY.report_email,
        "language": CERTIFICATION_BODY.language,
    }


def _client() -> dict[str, object]:
    representative = _PERSON[AUDIT_CLIENT.representative]
    return {
        "name": AUDIT_CLIENT.name,
        "address": AUDIT_CLIENT.address,
        "representative": f"{representative.name}, {representative.function}",
        "email": representative.email,
        "scope": AUDIT_CLIENT.certification_scope,
        "sites": [
            {
                "name": site.name,
                "address": site.address,
                "shifts": [f"{_SHIFT[row.shift].name} {_SHIFT[row.shift].hours}" for row in _rows(site.id)],
                "headcount": company.headcount_of(site.id),
            }
            for site in company.SITES
        ],
    }


def _rows(site: str) -> list[company.Headcount]:
    return [row for row in company.HEADCOUNT if row.site == site]


def _audit(audit_id: str, workspace: str, client: str, account_of: dict[str, str], today: date) -> Iterator[Change]:
    """The prepared audit, the `add` of the audit itself first."""
    audit = company.certification_audit(today)
    representative = _PERSON[AUDIT_CLIENT.representative]
    yield from _entity(
        f"audit/{audit_id}",
        {"workspace": workspace, "type": audit.type.value},
        reference=audit.reference,
        title=audit.title,
        language=audit.language,
        body_name=CERTIFICATION_BODY.name,
        body_address=CERTIFICATION_BODY.address,
        audit_client=client,
        client_name=AUDIT_CLIENT.name,
        client_address=AUDIT_CLIENT.address,
        client_representative=f"{representative.name}, {representative.function}",
        scope=audit.audit_scope,
        objectives=audit.objectives,
        criteria=[audit.standard],
        starts_on=audit.starts_on.isoformat(),
        ends_on=audit.ends_on.isoformat(),
    )
    yield from _team([_PERSON[person] for person in audit.team], account_of)
    yield from _places()
    yield from _plan(today)
    for previous in company.previous_findings(today):
        yield Change.add(
            f"previous_finding/{previous.id}",
            {
                "number": previous.number,
                "grade": previous.grade.value,
                "statement": previous.statement,
                "criteria": list(previous.criteria),
                "raised_on": previous.raised_on.isoformat(),
            },
        )


def _team(team: list[Person], account_of: dict[str, str]) -> Iterator[Change]:
    for person in team:
        yield from _entity(
            f"team_member/{person.id}",
            {"account": account_of.get(person.id)},
            name=person.name,
            role=person.team_role.value if person.team_role else None,
        )


def _places() -> Iterator[Change]:
    for site in company.SITES:
        yield from _entity(f"site/{site.id}", {}, name=site.name, address=site.address)
    for shift in company.SHIFTS:
        yield from _entity(f"shift/{shift.id}", {}, name=shift.name, hours=shift.hours)
    for process in company.PROCESSES:
        yield from _entity(f"process/{process.id}", {}, name=process.name, owner=_PERSON[process.owner].name)


def _plan(today: date) -> Iterator[Change]:
    for slot in company.audit_plan(today):
        yield from _entity(
            f"plan_slot/{slot.id}",
            {},
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            title=slot.title,
            site=slot.site,
            process=slot.process,
            shift=slot.shift,
            auditors=list(slot.auditors),
            auditees=", ".join(_PERSON[person].name for person in slot.auditees),
            criteria=list(slot.criteria),
            state=SlotState.PLANNED.value,
        )


def _entity(entity: str, born: dict[str, object], **fields: object) -> Iterator[Change]:
    """An entity with what it is born with and what is known of it; what is unknown is no operation."""
    yield Change.add(entity, born)
    for name, value in fields.items():
        if value not in (None, "", []):
            yield Change(entity, name, value)
