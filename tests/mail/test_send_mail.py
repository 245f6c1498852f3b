"""A mail from the queue to the mail server: tried again ever more slowly, sent once, given up loudly."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.jobs.send_mail import send_mail
from server.jobs.worker import run_next_job
from server.mail.smtp import Attachment
from server.storage import clock, mailbox
from server.storage.job_queue import GiveUp, TryLater, claim_job
from server.storage.mailbox import PAUSES, MailState, queue_mail
from server.storage.tables.mail import Mail
from tests.mail.post_office import PostOffice, open_post_office
from tests.people import Person

NOON = 1_795_000_000_000


def no_report(report: str) -> Attachment:
    raise AssertionError(f"{report} was not asked for")


@pytest.fixture
def time_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the clock that mails are queued and attempted by."""

    def set_clock(at: int) -> None:
        monkeypatch.setattr("server.storage.mailbox.now_ms", lambda: at)
        monkeypatch.setattr("server.jobs.send_mail.now_ms", lambda: at)

    set_clock(NOON)
    return set_clock


def queued(workspace: str | None = None, **changed: object) -> str:
    given = {"to": "reports@nordcert.example", "subject": "Report", "body": "Attached.\n"} | changed
    with unit_of_work(SERVER) as session:
        return queue_mail(session, workspace=workspace, **given)


def state_of(mail: str) -> Mail:
    with unit_of_work(SERVER) as session:
        row = mailbox.find_mail(session, mail)
        assert row is not None
        return row


def at(office: PostOffice, config: Config) -> Config:
    return replace(config, smtp_host="127.0.0.1", smtp_port=str(office.port), smtp_tls="none")


def test_a_mail_is_queued_with_its_job_or_not_at_all(app: Flask):
    mail = queued()
    with unit_of_work(SERVER) as session:
        job = claim_job(session)
    assert job is not None
    assert (job.name, job.args) == ("send_mail", {"mail": mail})
    with contextlib.suppress(ZeroDivisionError), unit_of_work(SERVER) as session:
        queue_mail(session, to="a@b.example", subject="", body="")
        raise ZeroDivisionError
    with unit_of_work(SERVER) as session:
        assert claim_job(session) is None


def test_the_worker_sends_what_was_asked_for_in_the_web(app: Flask, config: Config, paula: Person):
    invitation = {"email": "nora@example.org", "name": "Nora", "roles": ["auditor"]}
    assert paula.post(f"/api/workspaces/{paula.workspace}/invitations", json=invitation).status_code == 204
    assert paula.post("/api/password-resets", json={"email": paula.email}).status_code == 202
    for _ in range(3):  # the invitation, the request, and the mail that follows from it
        assert run_next_job(app)
    assert not run_next_job(app)
    letters = [path.read_text() for path in sorted((config.data_folder / "mail").iterdir())]
    assert len(letters) == 2
    assert "nora@example.org" in letters[0]
    assert "paula@example.org" in letters[1]


def test_a_mail_is_sent_and_only_once(app: Flask, config: Config):
    mail = queued()
    with open_post_office(PostOffice()) as office:
        send_mail(mail, at(office, config), no_report)
        send_mail(mail, at(office, config), no_report)
    assert len(office.letters) == 1
    row = state_of(mail)
    assert (row.state, row.attempts, row.next_attempt_at, row.last_error) == ("sent", 1, None, None)
    assert row.sent_at is not None


def test_a_server_that_refuses_twice_gets_the_same_mail_a_third_time(
    app: Flask, config: Config, time_is: Callable[[int], None]
):
    mail = queued()
    with open_post_office(PostOffice(refusals=2)) as office:
        for pause in PAUSES[:2]:
            with pytest.raises(TryLater) as later:
                send_mail(mail, at(office, config), no_report)
            row = state_of(mail)
            assert row.state == "waiting"
            assert row.last_error == "451 4.7.1 Greylisted, try again later"
            assert later.value.at == row.next_attempt_at
            now = later.value.at - pause
            time_is(later.value.at)
            assert now in (NOON, NOON + PAUSES[0])
        send_mail(mail, at(office, config), no_report)
    (letter,) = office.letters
    assert letter["Message-ID"] == f"<{mail}@localhost>" == state_of(mail).message_id
    assert letter["Date"] == "Wed, 18 Nov 2026 11:06:40 +0000", "when it was queued, not when it got through"
    assert (state_of(mail).state, state_of(mail).attempts, state_of(mail).last_error) == ("sent", 3, None)


@pytest.mark.slow
def test_pauses_grow_and_the_twelfth_failure_is_the_last(app: Flask, config: Config, time_is: Callable[[int], None]):
    mail = queued()
    waited = []
    moment = NOON
    with open_post_office(PostOffice(refusals=99, refusal="550 5.1.1 No such mailbox")) as office:
        for _ in range(11):
            with pytest.raises(TryLater) as later:
                send_mail(mail, at(office, config), no_report)
            waited.append((later.value.at - moment) // clock.MINUTE)
            moment = later.value.at
            time_is(moment)
        with pytest.raises(GiveUp, match="No such mailbox"):
            send_mail(mail, at(office, config), no_report)
    assert waited == [1, 5, 15, 60, 240, 240, 240, 240, 240, 240, 240]
    row = state_of(mail)
    assert (row.state, row.attempts, row.next_attempt_at) == ("failed", 12, None)
    assert row.last_error == "550 5.1.1 No such mailbox"


def test_without_a_mail_server_it_is_written_and_said_so(app: Flask, config: Config):
    mail = queued()
    send_mail(mail, config, no_report)
    assert state_of(mail).state == "written"
    assert len(list((config.data_folder / "mail").iterdir())) == 1


def test_the_report_goes_along(app: Flask, config: Config):
    report = "0190a000-0000-7000-8000-00000000000a"
    mail = queued(report=report)
    asked: list[str] = []

    def report_pdf(which: str) -> Attachment:
        asked.append(which)
        return Attachment("NL-1.pdf", "application/pdf", b"%PDF-1.7")

    with open_post_office(PostOffice()) as office:
        send_mail(mail, at(office, config), report_pdf)
    assert asked == [report]
    (attached,) = office.letters[0].iter_attachments()
    assert attached.get_content() == b"%PDF-1.7"


def test_a_report_that_cannot_be_read_is_a_failed_attempt(app: Flask, config: Config):
    mail = queued(report="0190a000-0000-7000-8000-00000000000a")

    def missing(which: str) -> Attachment:
        raise FileNotFoundError("the disk is not there")

    with pytest.raises(TryLater):
        send_mail(mail, config, missing)
    assert state_of(mail).last_error == "the disk is not there"
    assert not (config.data_folder / "mail").exists()


def test_a_code_is_forgotten_as_soon_as_it_is_out(app: Flask, config: Config):
    with_code, without = queued(holds_code=True, body="7QX2-M0KD"), queued(body="Attached.")
    assert state_of(with_code).body == "7QX2-M0KD"
    send_mail(with_code, config, no_report)
    send_mail(without, config, no_report)
    assert (state_of(with_code).body, state_of(without).body) == ("", "Attached.")


def test_a_mail_that_is_not_there_any_more_is_no_fault(app: Flask, config: Config):
    send_mail("0190a000-0000-7000-8000-00000000000f", config, no_report)


def test_a_workspace_sees_its_own_mails_the_latest_first(config: Config, paula: Person, otto: Person):
    queued(paula.workspace, subject="First")
    second = queued(paula.workspace, subject="Second")
    queued(None, subject="A new password")
    send_mail(second, config, no_report)
    shown = paula.get(f"/api/workspaces/{paula.workspace}/mails").json
    assert [(mail["subject"], mail["state"], mail["attempts"]) for mail in shown] == [
        ("Second", "written", 1),
        ("First", "waiting", 0),
    ]
    assert {name for mail in shown for name in mail} == set(MailState.__slots__)
    assert otto.get(f"/api/workspaces/{otto.workspace}/mails").json == []


def test_a_report_s_mail_is_found_by_the_report(app: Flask):
    report = "0190a000-0000-7000-8000-00000000000a"
    queued(report=report, subject="First try")
    queued(report=report, subject="Sent again")
    with reading(SERVER) as session:
        found = mailbox.mail_of_report(session, report)
        assert mailbox.mail_of_report(session, "0190a000-0000-7000-8000-00000000000b") is None
    assert found is not None
    assert found.subject == "Sent again"


def test_the_queue_holds_on_both_databases(database: str, app: Flask, config: Config, tmp_path: Path):
    mail = queued(holds_code=True)
    with open_post_office(PostOffice(refusals=1)) as office:
        with pytest.raises(TryLater):
            send_mail(mail, at(office, config), no_report)
        send_mail(mail, at(office, config), no_report)
    assert (state_of(mail).state, state_of(mail).attempts, state_of(mail).body) == ("sent", 2, "")
