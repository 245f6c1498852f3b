"""From the sealed record on a tablet to the PDF and its mail, through the real routes and the real queue."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading
from server.domain.operation import digest_of
from server.domain.recommendation import considered_now
from server.reports.issue import issue_report, report_attachment
from server.sealing.verify import Weight, verify_report
from server.storage import report_store
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from server.storage.mailbox import mails_of
from server.storage.report_store import ReportFiles
from server.sync.issuance import note_issuance, register_issuance
from tests.devices import Device, new_audit, value_of
from tests.evidence.sending import send
from tests.people import Cast, Person
from tests.reports.issuing import (
    OTHER,
    RECIPIENT,
    ask,
    asked,
    keep_pictures,
    listed,
    no_pictures,
    refusal_of,
    reseal,
    seal_again,
    sent,
    states_of,
    tablet_with_sample,
    work,
)
from tests.reports.sample import (
    seal_closing,
    seal_report,
    view_of,
    write_audit,
)
from tests.reports.test_render import text_of

pytestmark = pytest.mark.slow


def test_a_sealed_record_becomes_a_report_that_verifies_and_is_mailed(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path, is_first_report=True)
    asked = ask(tablet)
    assert (asked.status_code, asked.json["state"], asked.json["revision"]) == (202, "waiting", 1)
    work(app)
    (report,) = listed(tablet)
    assert report["state"] == "made", report
    assert report["pages"] > 10
    assert report["mail"]["to"] == RECIPIENT
    assert report["mail"]["state"] == "written"

    fetched = tablet.person.get(f"/api/reports/{report['id']}.pdf")
    assert fetched.status_code == 200
    assert fetched.headers["Content-Type"] == "application/pdf"
    assert "NL-2026-0417-rev1.pdf" in fetched.headers["Content-Disposition"]
    assert hashlib.sha256(fetched.data).hexdigest() == report["pdf_sha256"]
    path = tmp_path / "fetched.pdf"
    path.write_bytes(fetched.data)
    fetched.close()
    verdict = verify_report(path, trust=[config.data_folder / "signing" / "development-root.pem"])
    assert verdict.exit_code == 0, [check for check in verdict.checks if check.weight is Weight.BROKEN]
    assert {"device.verified", "chain.verified", "pictures.listed"} <= {check.code for check in verdict.checks}
    with pikepdf.open(io.BytesIO(fetched.data)) as pdf:
        assert sum(len(page.get_images()) for page in pdf.pages) == 6
        record = json.loads(pdf.attachments["report-record.json"].get_file().read_bytes())
    assert record["audit"]["reference"] == "NL-2026-0417"


def test_asked_twice_it_is_made_and_mailed_once(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    first, second = ask(tablet), ask(tablet)
    assert first.json["id"] == second.json["id"]
    work(app)
    made = ReportFiles(config.data_folder).path(first.json["id"]).read_bytes()
    assert ask(tablet).json["state"] == "made"
    work(app)
    issue_report(first.json["id"], config, no_pictures, note_issuance, register_issuance)
    assert ReportFiles(config.data_folder).path(first.json["id"]).read_bytes() == made
    with reading(SERVER) as session:
        assert len(mails_of(session, tablet.person.workspace)) == 1


def test_pictures_on_their_way_are_waited_for(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path, but=2)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.evidence_pending", {"count": 2})
    keep_pictures(tablet, config, tmp_path)
    assert ask(tablet).json["state"] == "waiting"
    work(app)
    assert listed(tablet)[0]["state"] == "made"


def test_a_provisional_report_says_so_and_is_replaced_by_the_whole_one(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path, but=2)
    ask(tablet, is_provisional=True)
    work(app)
    (report,) = listed(tablet)
    assert (report["state"], report["is_provisional"]) == ("made", True)
    assert "PROVISIONAL" in report["mail"]["subject"]
    assert report_attachment(report["id"], config).file_name == "NL-2026-0417-rev1-provisional.pdf"
    said = " ".join(text_of(ReportFiles(config.data_folder).path(report["id"]).read_bytes()).split())
    assert "3 of 7 photos and files under the closing seal had not arrived when this report was made." in said
    assert "On their way: pictures" in said
    assert said.count("not on the server yet") == 3, "each stands so in the register"
    keep_pictures(tablet, config, tmp_path)
    assert ask(tablet).json["state"] == "waiting"
    work(app)
    (report,) = listed(tablet)
    assert (report["state"], report["is_provisional"]) == ("made", False)
    assert "PROVISIONAL" not in report["mail"]["subject"]


def test_a_picture_whose_file_is_gone_is_waited_for_and_missing_in_a_provisional_report(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    gone = next(iter(tablet.sample.pictures))
    EvidenceFiles(config).blobs.path(BlobKey(tablet.person.workspace, tablet.audit, gone)).unlink()
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.evidence_pending", {"count": 1})
    ask(tablet, is_provisional=True)
    work(app)
    (report,) = listed(tablet)
    assert (report["state"], report["is_provisional"]) == ("made", True)


def test_a_report_takes_no_picture_out_of_another_audit(database: str, tablet: Device, app: Flask, config: Config):
    """The same photos lie in the workspace, but they were never sent to this audit."""
    sample = tablet.sample
    sent(tablet)
    other = new_audit(tablet.person)
    other.push()
    for data in sample.pictures.values():
        send(other, data)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.evidence_pending", {"count": len(sample.pictures)})
    ask(tablet, is_provisional=True)
    work(app)
    (report,) = listed(tablet)
    assert (report["state"], report["is_provisional"]) == ("made", True)
    with pikepdf.open(ReportFiles(config.data_folder).path(report["id"])) as pdf:
        assert sum(len(page.get_images()) for page in pdf.pages) == 0


def test_a_record_that_the_log_does_not_give_is_refused(tablet: Device, app: Flask, config: Config):
    """Somebody sealed other words than those that were recorded."""
    record = json.loads(value_of(tablet.made[-2])["record"])
    record["summary"]["conformity"] = "Everything is perfect."
    reseal(tablet, record)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "its content"})


def test_a_report_that_leaves_clauses_out_is_refused(tablet: Device, app: Flask, config: Config):
    record = json.loads(value_of(tablet.made[-2])["record"])
    record["clauses"] = record["clauses"][5:]
    reseal(tablet, record)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "the list of clauses"})


@pytest.mark.parametrize(
    ("grade", "expected"),
    [
        (
            "major_nonconformity",
            (
                "closing.nonconformity_incomplete",
                {"missing": "requirement, failure, objective_evidence, criteria"},
            ),
        ),
        (None, ("closing.grade_missing", {})),
    ],
)
def test_a_report_over_a_finding_that_says_nothing_is_refused(
    office: Person, app: Flask, grade: str | None, expected: tuple[str, dict[str, str]]
):
    """Raised after the closing, on a tablet whose app does not ask for its parts before the report."""
    tablet = Device(office, new_id())
    write_audit(tablet)
    seal_closing(tablet)
    tablet.add("finding/late", raised_at="2026-11-27T07:00:00.000Z", raised_by="lena")
    if grade:
        tablet.set("finding/late", "grade", grade)
    seal_report(tablet)
    sent(tablet)
    ask(tablet)
    work(app)
    code, facts = refusal_of(tablet)
    assert (code, {name: facts[name] for name in expected[1]}) == expected
    assert facts["finding"] == "late"


def test_a_report_whose_recommendation_is_older_than_a_nonconformity_is_refused_until_it_is_confirmed(
    office: Person, app: Flask, config: Config, tmp_path: Path
):
    """Regraded on the way out, and a tablet whose app does not ask sealed the recommendation of the closing meeting."""
    tablet = tablet_with_sample(office)
    seal_closing(tablet)
    tablet.set("finding/f3", "grade", "major_nonconformity")
    first = seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == (
        "closing.recommendation_outdated",
        {"standard": "iso9001-2015", "findings": "03"},
    )
    tablet.set("recommendation/iso9001-2015", "considered", considered_now(view_of(tablet), "iso9001-2015"))
    seal_report(tablet, 2, "The recommendation was thought over", OTHER, supersedes=first)
    sent(tablet)
    assert asked(tablet, OTHER) == (202, None)
    work(app)
    assert states_of(tablet) == {"report-1": "failed", "report-2": "made"}


def test_a_report_over_an_open_dispute_is_refused_until_somebody_has_decided(
    office: Person, app: Flask, config: Config, tmp_path: Path
):
    """Two people wrote different titles after the closing, and a tablet whose app does not ask sealed the one that it showed."""
    tablet = tablet_with_sample(office)
    seal_closing(tablet)
    one = tablet.set("finding/f1", "title", "As Lena saw it")
    other = tablet.make("set", "finding/f1", "title", "As Aron saw it", bases=[])
    first = seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    code, facts = refusal_of(tablet)
    assert (code, facts["entity"], facts["field"]) == ("report.conflict_open", "finding/f1", "title")
    both = [digest_of(text.encode()) for text in (one, other)]
    tablet.make("resolve", "finding/f1", "title", "As both saw it", bases=both)
    seal_report(tablet, 2, "The title was disputed", OTHER, supersedes=first)
    sent(tablet)
    assert asked(tablet, OTHER) == (202, None)
    work(app)
    assert states_of(tablet) == {"report-1": "failed", "report-2": "made"}


def test_a_seal_with_a_wrong_signature_is_refused(tablet: Device, app: Flask, config: Config):
    seal_again(tablet, device_signature=value_of(tablet.made[-1])["device_signature"][::-1])
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet)[0] == "report.device_signature_invalid"


def test_a_seal_without_a_signature_is_allowed_and_printed_as_such(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    seal_again(tablet, device_signature=None, public_key=None)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    assert report["state"] == "made", report
    verdict = verify_report(ReportFiles(config.data_folder).path(report["id"]))
    assert "device.unsigned" in {check.code for check in verdict.checks}


def test_what_comes_after_the_seal_is_counted_and_stays_out(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    sent(tablet)
    tablet.set("finding/f3", "title", "Changed after the seal")
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    assert report["state"] == "made", report
    text = text_of(ReportFiles(config.data_folder).path(report["id"]).read_bytes())
    assert "Changed after the seal" not in text
    said = " ".join(text.split())
    assert "1 entry by Lena Hartmann" in said
    assert "1 of 7 photos and files under the closing seal had not arrived when this report was made." in said


def test_entries_that_have_not_arrived_hold_the_report_up(tablet: Device, aron: Person, app: Flask, config: Config):
    """Lena's tablet saw Aron's entries over the local network; the server has not."""
    record = json.loads(value_of(tablet.made[-2])["record"])
    record["heads"].append({"installation": aron.installation, "account": aron.account, "dseq": 7, "digest": "a" * 64})
    reseal(tablet, record)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "entries of a tablet have not arrived"})


def test_right_to_left_text_is_refused_before_anything_is_printed(
    office: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    tablet.set(f"audit/{tablet.audit}", "scope", "ייצור חלקים")
    seal_closing(tablet)
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.script_unsupported", {"letter": "HEBREW LETTER YOD"})


def test_a_key_that_cannot_be_read_is_said_and_the_report_can_be_asked_for_again(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    report = ask(tablet).json["id"]
    broken = replace(config, signing_pkcs12=str(tmp_path / "nothing.p12"))
    issue_report(report, broken, no_pictures, note_issuance, register_issuance)
    code, facts = refusal_of(tablet)
    assert code == "report.signing_unavailable"
    assert "cannot be read" in facts["why"]
    assert ask(tablet).json["state"] == "waiting"


def test_a_fault_leaves_the_report_waiting_for_the_queue(
    tablet: Device, app: Flask, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    report = ask(tablet).json["id"]

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ReportFiles, "write_draft", fail)
    with pytest.raises(OSError, match="disk full"):
        issue_report(report, config, no_pictures, note_issuance, register_issuance)
    with reading(SERVER) as session:
        row = report_store.find_report(session, report)
        assert row is not None
        assert (row.state, row.pdf_sha256) == ("waiting", None)
        assert mails_of(session, tablet.person.workspace) == []


def test_a_report_that_was_exchanged_on_disk_is_not_mailed(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    report = ask(tablet).json["id"]
    work(app)
    ReportFiles(config.data_folder).path(report).write_bytes(b"%PDF-1.7 another")
    with pytest.raises(LookupError, match="not the one that was made"):
        report_attachment(report, config)


def test_only_the_audit_team_leader_asks(tablet: Device, cast: Cast):
    sent(tablet)
    address = f"/api/audits/{tablet.audit}/reports"
    for person in cast.everybody():
        answer = person.post(address, json={"report_record": "report-1"})
        expected = 202 if person is cast.lena else 403 if person is cast.paula else 404
        assert answer.status_code == expected, (person.name, answer.json)


def test_reports_are_seen_by_those_who_may_see_the_audit(
    tablet: Device, app: Flask, cast: Cast, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    report = ask(tablet).json["id"]
    work(app)
    for person in cast.everybody():
        may = person in (cast.lena, cast.paula)
        assert person.get(f"/api/audits/{tablet.audit}/reports").status_code == (200 if may else 404), person.name
        with person.get(f"/api/reports/{report}.pdf") as answer:
            assert answer.status_code == (200 if may else 404), person.name


def test_a_workspace_without_an_address_is_told_at_once(lena: Person):
    tablet = tablet_with_sample(lena)
    seal_closing(tablet)
    seal_report(tablet)
    sent(tablet)
    answer = ask(tablet)
    assert (answer.status_code, answer.json["code"]) == (409, "report.recipient_missing")


def test_a_record_that_has_not_arrived_is_told_at_once(tablet: Device):
    sent(tablet)
    answer = tablet.person.post(f"/api/audits/{tablet.audit}/reports", json={"report_record": "another"})
    assert (answer.status_code, answer.json["code"]) == (409, "report.seal_does_not_match")


def test_what_does_not_fit_the_contract_is_refused(tablet: Device):
    sent(tablet)
    address = f"/api/audits/{tablet.audit}/reports"
    assert tablet.person.post(address, json={}).status_code == 422
    assert tablet.person.post(address, json={"report_record": "x", "more": 1}).status_code == 422
    assert tablet.person.get("/api/reports/0192a7c4-11aa-7000-8000-00000000a001.pdf").status_code == 404
