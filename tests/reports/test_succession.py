"""Which report may be made next, and that what was issued stands in the audit's log."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, unit_of_work
from server.domain.refusals import Refused
from server.domain.vocabulary import Origin, Role
from server.reports.asking import Asker
from server.reports.issue import issue_report
from server.reports.request import ask_for_report
from server.sealing.canonical import sha256_hex
from server.storage import decision_register
from server.storage.report_store import ReportFiles
from server.storage.tables.evidence import Blob
from server.storage.tables.job import Job
from server.storage.tables.mail import Mail
from server.storage.tables.report import Report
from server.sync.issuance import note_issuance, register_issuance
from server.sync.restore import begin_again, catch_up_with_register
from tests.devices import Device
from tests.old_log import TABLES, Backup, back_up, hand_back, put_back, remember
from tests.reports.issuing import (
    OTHER,
    THIRD,
    ask,
    asked,
    keep_pictures,
    listed,
    no_pictures,
    refusal_of,
    seal_again,
    sent,
    states_of,
    work,
)
from tests.reports.sample import (
    REPORT,
    seal,
    seal_report,
)

pytestmark = pytest.mark.slow


def test_of_two_that_sealed_the_same_revision_the_first_that_is_asked_for_is_made(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """The other synchronises and seals the next one, in the place of the one that was made."""
    first = tablet.view_of_made().entity(REPORT).get("sha256")
    dead = seal_report(tablet, ref=OTHER)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert asked(tablet, REPORT) == (202, None)
    assert asked(tablet, OTHER) == (409, "report.revision_taken")
    work(app)
    assert asked(tablet, OTHER) == (409, "report.revision_taken")
    seal_report(tablet, 2, "Built on the one that was not made", THIRD, supersedes=dead)
    sent(tablet)
    refused = ask(tablet, THIRD)
    assert (refused.status_code, refused.json["code"]) == (409, "report.not_the_next")
    assert refused.json["facts"] == {"revision": 1}
    seal_report(tablet, 2, "A comment of the client", "report_record/report-4", supersedes=first)
    sent(tablet)
    assert asked(tablet, "report_record/report-4") == (202, None)
    work(app)
    assert states_of(tablet) == {"report-1": "made", "report-4": "made"}


def test_when_both_ask_at_the_same_moment_one_is_made(database: str, tablet: Device, app: Flask):
    for number in range(2, 6):
        seal_report(tablet, ref=f"report_record/report-{number}")
    sent(tablet)
    asker = Asker(tablet.person.account, {tablet.person.workspace: frozenset({Role.LEAD_AUDITOR})})
    at_once = threading.Barrier(5)

    def bring(number: int) -> str:
        with app.app_context():
            at_once.wait()
            try:
                return ask_for_report(asker, tablet.audit, f"report-{number}", is_provisional=False).state
            except Refused as refused:
                return refused.refusal.code

    with ThreadPoolExecutor(5) as threads:
        answers = sorted(threads.map(bring, range(1, 6)))
    assert answers == ["report.revision_taken"] * 4 + ["waiting"]


def test_one_that_failed_leaves_its_number_and_is_not_made_any_more(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    seal_report(tablet, ref=OTHER)
    sent(tablet)
    assert asked(tablet, REPORT) == (202, None)
    work(app)
    assert states_of(tablet) == {"report-1": "failed"}
    keep_pictures(tablet, config, tmp_path)
    assert asked(tablet, OTHER) == (202, None)
    assert asked(tablet, REPORT) == (409, "report.revision_taken")
    work(app)
    assert states_of(tablet) == {"report-1": "failed", "report-2": "made"}


def test_a_revision_that_was_never_made_is_passed_over(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    """The first failed, so the team sealed a second: there is nothing that it could follow on, and it is made."""
    first = tablet.view_of_made().entity(REPORT).get("sha256")
    sent(tablet)
    ask(tablet)
    work(app)
    seal_report(tablet, 2, "The pictures were late", OTHER, supersedes=first)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert asked(tablet, OTHER) == (202, None)
    work(app)
    assert states_of(tablet) == {"report-1": "failed", "report-2": "made"}
    assert asked(tablet, REPORT) == (409, "report.not_the_next")


def test_of_two_that_wait_in_one_chain_the_later_keeps_the_earlier_from_being_made_after_it(
    tablet: Device, config: Config, tmp_path: Path
):
    first = tablet.view_of_made().entity(REPORT).get("sha256")
    seal_report(tablet, 2, "A comment of the client", OTHER, supersedes=first)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    jobs = [ask(tablet, ref).json["id"] for ref in (REPORT, OTHER)]
    for report in reversed(jobs):
        issue_report(report, config, no_pictures, note_issuance, register_issuance)
    assert states_of(tablet) == {"report-1": "failed", "report-2": "made"}


def issued(tablet: Device) -> list[dict[str, Any]]:
    """What the log says on any tablet that pulls it."""
    reader = Device(tablet.person, tablet.audit)
    reader.pull()
    return [dict(word) for words in reader.view().issued.values() for word in words]


def test_every_file_that_was_issued_stands_in_the_log(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    """First without its pictures, then whole: two files, one revision. A tablet learns of both without asking for the list."""
    sent(tablet)
    keep_pictures(tablet, config, tmp_path, but=2)
    ask(tablet, is_provisional=True)
    work(app)
    (first,) = listed(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    (second,) = listed(tablet)
    record = tablet.view_of_made().entity(REPORT).get("sha256")
    told = [
        (word["state"], word["revision"], word["sha256"], word["pdf_sha256"], word["at"]) for word in issued(tablet)
    ]
    assert told == [
        ("provisional", 1, record, first["pdf_sha256"], first["made_at"]),
        ("draft", 1, record, second["pdf_sha256"], second["made_at"]),
    ]
    assert {word["by"] for word in issued(tablet)} == {tablet.person.account}


def test_a_report_that_could_not_be_kept_was_not_issued(
    tablet: Device, app: Flask, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    report = ask(tablet).json["id"]

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ReportFiles, "publish", fail)
    with pytest.raises(OSError, match="disk full"):
        issue_report(report, config, no_pictures, note_issuance, register_issuance)
    assert issued(tablet) == []


def as_before(backup: Backup) -> None:
    """The backup is put back, and what was sent and asked for since is gone with its rows."""
    with unit_of_work(SERVER) as session:
        for table in (Report, Mail, Job, Blob):
            session.query(table).delete()
    put_back(backup)


def test_after_a_restore_no_second_first_revision_is_made(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """What was issued comes back with the log. The very same report is made again: its file may be gone."""
    seal_report(tablet, ref=OTHER)
    sent(tablet)
    backup = back_up()
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    (before,) = listed(tablet)
    old = remember(tablet.person, tablet.audit)
    as_before(backup)
    keep_pictures(tablet, config, tmp_path)
    assert issued(tablet) == []
    answer = hand_back(tablet.person, old, len(old.entries) - 1)
    assert (answer.status_code, answer.json["taken"]) == (200, 1)
    assert [word["pdf_sha256"] for word in issued(tablet)] == [before["pdf_sha256"]]
    assert asked(tablet, OTHER) == (409, "report.revision_taken")
    assert asked(tablet, REPORT) == (202, None)
    work(app)
    (again,) = listed(tablet)
    assert (again["state"], again["revision"]) == ("made", 1)
    files = [word["pdf_sha256"] for word in issued(tablet)]
    assert files == [before["pdf_sha256"], again["pdf_sha256"]]
    assert ReportFiles(config.data_folder).path(before["id"]).is_file(), "nothing takes the first file away"
    seal_report(
        tablet, 2, "A comment of the client", THIRD, supersedes=tablet.view_of_made().entity(REPORT).get("sha256")
    )
    sent(tablet)
    assert asked(tablet, THIRD) == (202, None)


def test_that_a_report_was_issued_is_no_late_entry_and_changes_no_record(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """The next revision is sealed on a tablet that has pulled the entry: nobody's chain ends in it, nobody was late."""
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    reader = Device(tablet.person, tablet.audit)
    reader.pull()
    (entry,) = [one for one in reader.pulled if one.operation.kind == "issuance"]
    assert (entry.origin, entry.operation.chain.account) == (Origin.SERVER, "server")
    first = tablet.view_of_made().entity(REPORT).get("sha256")
    tablet.epoch, tablet.cursor, tablet.hash, tablet.pulled = reader.epoch, reader.cursor, reader.hash, reader.pulled
    seal_report(tablet, 2, "A comment of the client", OTHER, view=reader.view(), supersedes=first)
    sent(tablet)
    assert asked(tablet, OTHER) == (202, None)
    work(app)
    assert states_of(tablet) == {"report-1": "made", "report-2": "made"}
    newest = listed(tablet)[0]
    from tests.reports.test_render import text_of

    text = " ".join(text_of(ReportFiles(config.data_folder).path(newest["id"]).read_bytes()).split())
    assert "everything that the server has received is covered by the seal" in text


def test_a_report_whose_seal_or_birth_names_another_place_is_refused(tablet: Device, app: Flask):
    seal_again(tablet, supersedes="b" * 64)
    sent(tablet)
    assert asked(tablet, REPORT) == (202, None)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "which revision it is"})


def test_a_report_before_that_never_arrives_holds_up_no_first_report(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """Nothing was made, so there is nothing to follow on."""
    seal_report(tablet, 2, "The first one is on a tablet that is gone", OTHER, supersedes="b" * 64)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert asked(tablet, OTHER) == (202, None)
    work(app)
    assert states_of(tablet) == {"report-2": "made"}


def test_a_revision_is_the_next_after_the_one_whose_place_it_takes(tablet: Device, app: Flask):
    """One that leaps to the last number there is would be the last that can be made."""
    first = tablet.view_of_made().entity(REPORT).get("sha256")
    seal_report(tablet, 999, "A leap", OTHER, supersedes=first)
    seal_report(tablet, 7, None, THIRD)
    sent(tablet)
    assert asked(tablet, OTHER) == (409, "report.seal_does_not_match")
    assert asked(tablet, THIRD) == (409, "report.seal_does_not_match")


def test_what_went_out_is_known_after_a_restore_that_nobody_hands_the_old_log_back_to(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """The register beside the backups tells it: its revision is not made twice, nor a number given twice."""
    seal_report(tablet, ref=OTHER)
    sent(tablet)
    backup = back_up()
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    before = issued(tablet)
    old = remember(tablet.person, tablet.audit)
    as_before(backup)
    began = begin_again()
    assert began.issued == 1
    assert issued(tablet) == before
    assert asked(tablet, OTHER) == (409, "report.revision_taken")
    assert catch_up_with_register().issued == 0
    assert issued(tablet) == before
    assert hand_back(tablet.person, old, len(old.entries) - 1).status_code == 200
    assert issued(tablet) == before, "the old word has come back behind the one from the register"
    assert catch_up_with_register().issued == 0


def test_what_went_out_of_an_audit_that_the_backup_lacks_is_told_when_a_tablet_brings_it(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    before = issued(tablet)
    as_before({table: [] for table in TABLES})
    assert begin_again().issued == 0
    tablet.push(tablet.made)
    assert issued(tablet) == before


def test_what_the_log_alone_knows_of_reports_is_added_to_the_register(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """It was lost, or the power went between the report and its line."""
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    before = config.decision_register_path.read_text().splitlines()
    config.decision_register_path.unlink()
    catch_up_with_register()
    (after,) = decision_register.read(config.decision_register_path).issuances
    assert len(before) == 1
    assert after.said["pdf_sha256"] == listed(tablet)[0]["pdf_sha256"]


def test_a_seal_under_the_hash_of_another_report_holds_up_no_revision(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """Another leader's modified tablet seals its own record by the hash of the report that went out."""
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    first = tablet.view_of_made().entity(REPORT).get("sha256")
    said = {"closing_sha256": "a" * 64, "closing_seal_sha256": "b" * 64, "revision": 7, "reason": None}
    tablet.add("report_record/report-9", record="{}", sha256=sha256_hex(b"{}"), **said)
    seal(tablet, "report_record/report-9", first, "2026-11-27T08:15:30.000Z")
    seal_report(tablet, 2, "A comment of the client", OTHER, supersedes=first)
    sent(tablet)
    assert asked(tablet, OTHER) == (202, None)
