"""
Begin the demonstration in an empty database: the people, the client, two audits that are over, and the one that starts today.

Before: company.py, works.py and the audits' own files say what there is. After: the same rows, operations and seals that people would
have made by hand; the reports of the finished audits wait for the worker, which makes, signs and mails them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from server.database import SERVER, reading, unit_of_work
from server.demo.audit import Audit
from server.demo.company import AUDIT_CLIENT, CERTIFICATION_BODY, PEOPLE, PERSON
from server.demo.fieldwork import FinishedAudit
from server.demo.moment import stage_1_day, stage_2_first_day
from server.demo.prepare import set_up
from server.demo.repeat import left_out, repeated_stage_2
from server.demo.replay import Replay
from server.demo.stage_1 import stage_1
from server.demo.stage_2 import stage_2
from server.demo.tablet import Tablet, TeamLog
from server.demo.works import HEADCOUNT, SHIFTS, SITES, Headcount, headcount_of
from server.domain.vocabulary import WorkspaceKind
from server.identity.passwords import hash_password
from server.reports.asking import Asker
from server.reports.request import ask_for_report
from server.storage import Session, accounts, clients, workspaces
from server.storage.clock import now_ms
from server.storage.evidence_store import EvidenceFiles
from server.storage.server_state import server_identity
from server.sync.office import Change, create_audit

PASSWORD = "hall three torque wrench"

_SHIFT = {shift.id: shift for shift in SHIFTS}


@dataclass(frozen=True, slots=True)
class _Office:
    """What the office keeps, and what the audits need of it."""

    body: str
    client: str
    account_of: Mapping[str, str]
    epoch: str
    tablets: Mapping[str, Tablet]

    def set_up(self, audit: Audit, audit_id: str) -> Iterator[Change]:
        """An audit as it is prepared here."""
        return set_up(audit, audit_id=audit_id, workspace=self.body, client=self.client, account_of=self.account_of)


def sign_ins() -> list[tuple[str, str]]:
    """Address and function of everybody who can sign in, the lead auditor first."""
    return [(person.email, person.function) for person in PEOPLE if person.roles]


def is_seeded() -> bool:
    """Whether this database holds the demonstration."""
    with reading(SERVER) as session:
        return accounts.account_by_email(session, sign_ins()[0][0]) is not None


def seed(today: date, files: EvidenceFiles) -> bool:
    """Fill an empty database. Says whether it was one; a database with accounts is left alone."""
    finished = stage_1(stage_1_day(today)), stage_2(stage_2_first_day(today))
    with unit_of_work(SERVER) as session:
        if accounts.has_accounts(session):
            return False
        office = _open_office(session)
        leader = office.account_of[PEOPLE[0].id]
        # The one that people are here for comes first: should the power go now, it is whole.
        audit = str(uuid.uuid4())
        changes = [*office.set_up(repeated_stage_2(today, finished[-1].audit.ends_on), audit), *left_out()]
        create_audit(session, workspace=office.body, account=leader, audit=audit, changes=changes)
    for one in finished:
        _hold(one, office, files)
    return True


def _open_office(session: Session) -> _Office:
    now = now_ms()
    body = workspaces.add_workspace(
        session, kind=WorkspaceKind.CERTIFICATION_BODY, name=CERTIFICATION_BODY.name, now=now
    )
    audited = workspaces.add_workspace(session, kind=WorkspaceKind.AUDIT_CLIENT, name=AUDIT_CLIENT.name, now=now)
    account_of: dict[str, str] = {}
    tablets: dict[str, Tablet] = {}
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
        if person.team_role is not None:
            tablet = tablets[person.id] = Tablet(
                account, {workspace: frozenset(person.roles)}, f"{person.name}, tablet"
            )
            tablet.enrol(session, now)
    clients.change_settings(session, body, _settings(), replaces=0, by=None, now=now)
    client = clients.add_audit_client(session, body, _client(), by=None, now=now)
    return _Office(body, client.id, account_of, server_identity(session).epoch, tablets)


def _hold(finished: FinishedAudit, office: _Office, files: EvidenceFiles) -> None:
    """Play a finished audit again, and ask for each of its reports."""
    audit = str(uuid.uuid4())
    log = TeamLog(audit, office.epoch)
    replay = Replay(finished, log, office.tablets, files)
    replay.set_up(office.set_up(finished.audit, audit))
    closing = replay.hold()
    leader = office.tablets[finished.audit.team[0]]
    for record in replay.report(closing):
        ask_for_report(Asker(leader.account, leader.roles), audit, record, is_provisional=False)


def _settings() -> dict[str, str]:
    return {
        "body_name": CERTIFICATION_BODY.name,
        "body_address": CERTIFICATION_BODY.address,
        "report_recipient": CERTIFICATION_BODY.report_email,
        "language": CERTIFICATION_BODY.language,
    }


def _client() -> dict[str, object]:
    representative = PERSON[AUDIT_CLIENT.representative]
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
                "headcount": headcount_of(site.id),
            }
            for site in SITES
        ],
    }


def _rows(site: str) -> list[Headcount]:
    return [row for row in HEADCOUNT if row.site == site]
