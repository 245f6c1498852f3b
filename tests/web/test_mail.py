"""What became of a mail, and what stood in it, for those who may see the workspace's mails."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, unit_of_work
from server.jobs.send_mail import send_mail
from server.mail.smtp import Attachment
from server.storage.clock import as_instant
from server.storage.identifiers import new_id
from server.storage.job_queue import TryLater
from server.storage.mailbox import PAUSES, queue_mail
from server.storage.tables.report import Report
from tests.devices import new_audit
from tests.mail.post_office import PostOffice, open_post_office
from tests.people import Person

NOON = 1_795_000_000_000
LETTER = {"to": "reports@nordcert.example", "subject": "Report A-2026-017", "body": "The report is attached.\n"}


@pytest.fixture
def time_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def set_clock(at: int) -> None:
        monkeypatch.setattr("server.storage.mailbox.now_ms", lambda: at)
        monkeypatch.setattr("server.jobs.send_mail.now_ms", lambda: at)

    set_clock(NOON)
    return set_clock


def queued(person: Person, **changed: Any) -> str:
    with unit_of_work(SERVER) as session:
        return queue_mail(session, workspace=person.workspace, **LETTER | changed)


def opened(person: Person, mail: str) -> Any:
    return person.get(f"/api/workspaces/{person.workspace}/mails/{mail}")


def no_report(_report: str) -> Attachment:
    raise LookupError("The report has not been made.")


def test_a_mail_is_read_as_it_was_sent(paula: Person, time_is: Callable[[int], None]):
    answer = opened(paula, queued(paula))
    assert answer.status_code == 200
    told = answer.json
    assert (told["to"], told["subject"], told["text"]) == (LETTER["to"], LETTER["subject"], LETTER["body"])
    assert told["queued_at"] == as_instant(NOON)
    assert (told["state"], told["attachments"], told["attempted_at"]) == ("waiting", [], None)


def test_the_list_leads_to_each_mail(paula: Person):
    mail = queued(paula)
    (listed,) = paula.get(f"/api/workspaces/{paula.workspace}/mails").json
    assert listed["id"] == mail
    assert "text" not in listed, "a list of two hundred mails is not two hundred letters"


def test_a_mail_that_did_not_go_out_says_when_it_was_tried_and_when_it_is_tried_again(
    config: Config, paula: Person, time_is: Callable[[int], None]
):
    mail = queued(paula)
    time_is(NOON + 5_000)
    with open_post_office(PostOffice(refusals=1)) as office, pytest.raises(TryLater):
        send_mail(mail, replace(config, smtp_host="127.0.0.1", smtp_port=str(office.port), smtp_tls="none"), no_report)
    told = opened(paula, mail).json
    assert told["last_error"] == "451 4.7.1 Greylisted, try again later"
    assert told["attempted_at"] == as_instant(NOON + 5_000)
    assert told["next_attempt_at"] == as_instant(NOON + 5_000 + PAUSES[0])


def test_a_report_that_goes_along_is_named(paula: Person):
    audit = new_audit(paula)
    audit.push()
    report = new_id()
    with unit_of_work(SERVER) as session:
        session.add(
            Report(
                id=report,
                workspace_id=paula.workspace,
                audit_id=audit.audit,
                report_record="report_record/r1",
                revision=1,
                state="made",
                is_provisional=False,
                requested_by=paula.account,
                requested_at=NOON,
                made_at=NOON,
                file_name="A-2026-017-rev1.pdf",
            )
        )
    assert opened(paula, queued(paula, report=report)).json["attachments"] == ["A-2026-017-rev1.pdf"]


def test_a_code_that_opens_something_is_shown_to_nobody_but_its_recipient(paula: Person):
    mail = queued(paula, body="Your code: ABCD-EFGH\n", holds_code=True)
    told = opened(paula, mail).json
    assert told["text"] is None
    assert "ABCD" not in str(told)


def test_a_mail_of_another_workspace_is_not_there(otto: Person, paula: Person):
    theirs = queued(otto)
    assert opened(paula, theirs).status_code == 404
    assert opened(otto, theirs).status_code == 200


def test_a_reader_opens_no_mail(app: Flask, paula: Person, ruth: Person):
    mail = queued(paula)
    assert (opened(ruth, mail).status_code, opened(paula, mail).status_code) == (403, 200)
