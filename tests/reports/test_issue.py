"""From the sealed record on a tablet to the PDF and its mail, through the real routes and the real queue."""

import hashlib
import io
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from flask import Flask

from schemas.report import ReportSchema
from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.fold import read_entry
from server.domain.operation import digest_of
from server.domain.record import closing_record
from server.domain.refusals import Refused
from server.domain.vocabulary import Origin, Role
from server.jobs.registry import JOBS
from server.jobs.worker import run_next_job
from server.reports.asking import Asker
from server.reports.catalogues import known_catalogue
from server.reports.issue import issue_report, report_attachment
from server.reports.request import ask_for_report
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.development import ensure_development_authority
from server.sealing.verify import Weight, verify_report
from server.standards.catalogue import Standard, as_contract, catalogue_tree, load_catalogue, standard
from server.storage import accounts, audits, report_store
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.storage.evidence import add_blob
from server.storage.evidence_store import BlobKey, EvidenceFiles
from server.storage.identifiers import new_id
from server.storage.mailbox import mails_of
from server.storage.report_store import ReportFiles
from server.storage.server_state import server_identity
from server.storage.tables.account import InstallationKey
from server.storage.tables.evidence import Blob
from server.storage.tables.job import Job
from server.storage.tables.mail import Mail
from server.storage.tables.report import Report
from server.sync.erase import erase_content_of
from server.sync.issuance import note_issuance
from server.sync.receive import Receiver
from server.sync.restore import begin_again
from tests.devices import Device, codes, new_audit, value_of
from tests.evidence.sending import send
from tests.old_log import Backup, back_up, hand_back, put_back, remember
from tests.people import Cast, Person
from tests.reports.sample import (
    CATALOGUES,
    CLOSING,
    REPORT,
    Sample,
    change_after_closing,
    frozen,
    seal,
    seal_closing,
    seal_report,
    write_audit,
)

pytestmark = pytest.mark.slow

RECIPIENT = "reports@nordlicht.example"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: the keys of a new authority take longer than everything else here."""
    folder = tmp_path_factory.mktemp("authority")
    ensure_development_authority(folder, datetime.now(UTC))
    return folder / "signing"


@pytest.fixture(autouse=True)
def _signing(authority: Path, config: Config) -> None:
    shutil.copytree(authority, config.data_folder / "signing")


@pytest.fixture
def office(lena: Person, paula: Person) -> Person:
    """The workspace knows where reports go."""
    settings = {"body_name": "Nordcert", "report_recipient": RECIPIENT, "language": "en"}
    answer = paula.api.put(f"/api/workspaces/{paula.workspace}/settings", json=settings, headers={"If-Match": '"0"'})
    assert answer.status_code == 200, answer.json
    return lena


@dataclass
class TabletWithSample(Device):
    """A tablet on which the whole sample was recorded."""

    sample: Sample = field(init=False)


def tablet_with_sample(person: Person) -> TabletWithSample:
    tablet = TabletWithSample(person, new_id())
    tablet.sample = write_audit(tablet)
    return tablet


@pytest.fixture
def tablet(office: Person) -> TabletWithSample:
    """A whole audit, sealed twice, with nothing sent yet."""
    device = tablet_with_sample(office)
    seal_closing(device)
    change_after_closing(device)
    seal_report(device)
    return device


def sent(tablet: Device) -> Device:
    verdicts = tablet.push_all()
    assert {verdict["verdict"] for verdict in verdicts} == {"stored"}, [
        verdict for verdict in verdicts if verdict["verdict"] != "stored"
    ][:3]
    return tablet


def keep_pictures(tablet: TabletWithSample, config: Config, tmp_path: Path, *, but: int = 0) -> None:
    sample = tablet.sample
    files = EvidenceFiles(config.data_folder)
    for sha256, data in list(sample.pictures.items())[but:]:
        path = tmp_path / sha256
        path.write_bytes(data)
        key = BlobKey(tablet.person.workspace, tablet.audit, sha256)
        files.blobs.put(key, path)
        with unit_of_work(SERVER) as session:
            add_blob(session, key, len(data), "image/jpeg", 1)


def ask(tablet: Device, ref: str = REPORT, **more: Any) -> Any:
    record = ref.partition("/")[2]
    return tablet.person.post(f"/api/audits/{tablet.audit}/reports", json={"report_record": record} | more)


def listed(tablet: Device) -> list[dict[str, Any]]:
    answer = tablet.person.get(f"/api/audits/{tablet.audit}/reports")
    assert answer.status_code == 200, answer.json
    assert ReportSchema(many=True).dump(answer.json) == answer.json
    reports: list[dict[str, Any]] = answer.json
    return reports


def work(app: Flask) -> None:
    """Do everything that waits, with the mails written to a folder."""
    while run_next_job(app, jobs=JOBS):
        pass


def refusal_of(tablet: Device) -> tuple[str, dict[str, Any]]:
    (report,) = listed(tablet)
    assert report["state"] == "failed", report
    return report["error"]["code"], report["error"]["facts"]


def test_a_sealed_record_becomes_a_report_that_verifies_and_is_mailed(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
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


@pytest.mark.slow
def test_asked_twice_it_is_made_and_mailed_once(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    first, second = ask(tablet), ask(tablet)
    assert first.json["id"] == second.json["id"]
    work(app)
    made = ReportFiles(config.data_folder).path(first.json["id"]).read_bytes()
    assert ask(tablet).json["state"] == "made"
    work(app)
    issue_report(first.json["id"], config, lambda _key: None, note_issuance)
    assert ReportFiles(config.data_folder).path(first.json["id"]).read_bytes() == made
    with reading(SERVER) as session:
        assert len(mails_of(session, tablet.person.workspace)) == 1


@pytest.mark.slow
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


@pytest.mark.slow
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
    keep_pictures(tablet, config, tmp_path)
    assert ask(tablet).json["state"] == "waiting"
    work(app)
    (report,) = listed(tablet)
    assert (report["state"], report["is_provisional"]) == ("made", False)
    assert "PROVISIONAL" not in report["mail"]["subject"]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


# Two tablets, one revision

OTHER, THIRD = "report_record/report-2", "report_record/report-3"


def asked(tablet: Device, ref: str) -> tuple[int, str | None]:
    answer = ask(tablet, ref)
    return answer.status_code, answer.json.get("code")


def states_of(tablet: Device) -> dict[str, str]:
    return {report["report_record"]: report["state"] for report in listed(tablet)}


@pytest.mark.slow
def test_of_two_that_sealed_the_same_revision_the_first_that_is_asked_for_is_made(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_one_that_failed_leaves_its_number_and_is_not_made_any_more(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_of_two_that_wait_in_one_chain_the_later_keeps_the_earlier_from_being_made_after_it(
    tablet: Device, config: Config, tmp_path: Path
):
    first = tablet.view_of_made().entity(REPORT).get("sha256")
    seal_report(tablet, 2, "A comment of the client", OTHER, supersedes=first)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    jobs = [ask(tablet, ref).json["id"] for ref in (REPORT, OTHER)]
    for report in reversed(jobs):
        issue_report(report, config, lambda _key: None, note_issuance)
    assert states_of(tablet) == {"report-1": "failed", "report-2": "made"}


# What was issued stands in the audit's log


def issued(tablet: Device) -> list[dict[str, Any]]:
    """What the log says on any tablet that pulls it."""
    reader = Device(tablet.person, tablet.audit)
    reader.pull()
    return [dict(word) for words in reader.view().issued.values() for word in words]


@pytest.mark.slow
def test_every_file_that_was_issued_stands_in_the_log(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path
):
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


@pytest.mark.slow
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
        issue_report(report, config, lambda _key: None, note_issuance)
    assert issued(tablet) == []


def as_before(backup: Backup) -> None:
    """The backup is put back, and what was sent and asked for since is gone with its rows."""
    with unit_of_work(SERVER) as session:
        for table in (Report, Mail, Job, Blob):
            session.query(table).delete()
    put_back(backup)


@pytest.mark.slow
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


@pytest.mark.slow
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
    tablet.epoch, tablet.cursor, tablet.hash = reader.epoch, reader.cursor, reader.hash
    seal_report(tablet, 2, "A comment of the client", OTHER, view=reader.view(), supersedes=first)
    sent(tablet)
    assert asked(tablet, OTHER) == (202, None)
    work(app)
    assert states_of(tablet) == {"report-1": "made", "report-2": "made"}
    newest = listed(tablet)[0]
    from tests.reports.test_render import text_of

    text = " ".join(text_of(ReportFiles(config.data_folder).path(newest["id"]).read_bytes()).split())
    assert "everything that the server has received is covered by the seal" in text


@pytest.mark.slow
def test_a_report_whose_seal_or_birth_names_another_place_is_refused(tablet: Device, app: Flask):
    seal_again(tablet, supersedes="b" * 64)
    sent(tablet)
    assert asked(tablet, REPORT) == (409, "report.seal_does_not_match")


# The catalogue that a record was made with


def with_a_clause_more(edition: Standard) -> Standard:
    """As a later release may have it."""
    last = edition.auditable_clauses()[-1]
    return replace(edition, clauses=(*edition.clauses, replace(last, number="10.9")))


def of_a_later_release(monkeypatch: pytest.MonkeyPatch) -> None:
    later = {name: with_a_clause_more(edition) for name, edition in load_catalogue().items()}
    for module in ("server.reports.catalogues", "server.reports.telling", "server.web.standard"):
        monkeypatch.setattr(f"{module}.load_catalogue", lambda: later)


@pytest.mark.slow
def test_a_clause_more_in_todays_edition_fails_no_record_of_before(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The tablet lists the clauses of the catalogue that it was given, and the server still has that one."""
    for one in CATALOGUES:
        assert tablet.person.get(f"/api/standards/{one['standard']}").status_code == 200
        assert tablet.person.get(f"/api/standards/{one['standard']}").status_code == 200
    of_a_later_release(monkeypatch)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert made_text(tablet, app, config)


def tree_of(name: str) -> dict[str, Any]:
    return catalogue_tree(as_contract(standard(name)))


def bring(tablet: Device, tree: dict[str, Any], sha256: str | None = None) -> Any:
    named = sha256 or sha256_hex(canonical_bytes(tree))
    return tablet.person.api.put(f"/api/audits/{tablet.audit}/catalogues/{named}", json=tree)


def lacking(tablet: Device) -> dict[str, Any]:
    answer = ask(tablet)
    assert (answer.status_code, answer.json["code"]) == (409, "report.catalogue_unknown"), answer.json
    facts: dict[str, Any] = answer.json["facts"]
    return facts


@pytest.mark.slow
def test_a_catalogue_that_the_server_does_not_have_is_brought_by_the_tablet(
    database: str, tablet: Device, app: Flask, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The server was restored from before it handed the editions out, and today's release has a clause more."""
    of_a_later_release(monkeypatch)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    for one in CATALOGUES:
        assert lacking(tablet) == one
        assert bring(tablet, tree_of(one["standard"])).status_code == 204
        assert bring(tablet, tree_of(one["standard"])).status_code == 204, "twice does no harm"
    text = made_text(tablet, app, config)
    assert "never handed out by this server: the list of clauses of ISO 9001:2015, ISO 14001:2015." in text
    assert CATALOGUES[0]["sha256"] in text.replace(" ", "")
    assert text.count("it lacks, so that this report says nothing about them: 10.9.") == 2
    (report,) = listed(tablet)
    path = ReportFiles(config.data_folder).path(report["id"])
    assert "catalogues.brought" in {check.code for check in verify_report(path).checks}


@pytest.mark.slow
def test_a_tablet_that_invents_a_catalogue_with_fewer_clauses_is_shown_up(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """The nonconformities of 7.1.5.2 would not be looked for: the report says which clauses it says nothing about."""
    tree = tree_of("iso9001-2015")
    tree["clauses"] = [clause for clause in tree["clauses"] if clause["number"] not in ("8.7.1", "8.7.2", "8.7")]
    invented = {"standard": "iso9001-2015", "sha256": sha256_hex(canonical_bytes(tree))}
    record = json.loads(value_of(tablet.made[-2])["record"])
    record["clauses"] = [row for row in record["clauses"] if not row["criterion"].startswith("iso9001-2015:8.7")]
    reseal(tablet, record | {"catalogues": [invented, CATALOGUES[1]]})
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert lacking(tablet) == invented
    assert bring(tablet, tree).status_code == 204
    text = made_text(tablet, app, config)
    assert "so that this report says nothing about them: 8.7.1, 8.7.2." in text


def renamed(tree: dict[str, Any]) -> dict[str, Any]:
    return tree | {"clauses": [{**clause, "criterion": "iso9001-2015:9.9"} for clause in tree["clauses"]]}


def without_leaves(tree: dict[str, Any]) -> dict[str, Any]:
    return tree | {"clauses": [{**clause, "auditable": False} for clause in tree["clauses"]]}


def without_headings(tree: dict[str, Any]) -> dict[str, Any]:
    return tree | {"clauses": [clause for clause in tree["clauses"] if clause["auditable"]]}


UNFIT = {"renamed": renamed, "without leaves": without_leaves, "without headings": without_headings}


@pytest.mark.slow
@pytest.mark.parametrize("how", UNFIT)
def test_what_is_no_catalogue_is_not_kept(tablet: Device, how: str):
    """Also where a sealed record names the hash of the very thing."""
    tree = UNFIT[how](tree_of("iso9001-2015"))
    record = json.loads(value_of(tablet.made[-2])["record"])
    named = {"standard": "iso9001-2015", "sha256": sha256_hex(canonical_bytes(tree))}
    reseal(tablet, record | {"catalogues": [named, CATALOGUES[1]]})
    sent(tablet)
    answer = bring(tablet, tree)
    assert (answer.status_code, answer.json["code"]) == (422, "report.catalogue_unfit"), answer.json
    assert lacking(tablet) == named


def test_only_what_a_sealed_record_names_is_kept_and_only_from_who_leads_the_audit(
    tablet: Device, cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    of_a_later_release(monkeypatch)
    sent(tablet)
    tree = tree_of("iso9001-2015")
    strange = tree | {"edition": "2035"}
    for answer in (bring(tablet, strange), bring(tablet, strange, CATALOGUES[0]["sha256"])):
        assert (answer.status_code, answer.json["code"]) == (422, "report.catalogue_unfit")
    for odd in (tree | {"more": 1}, tree | {"clauses": [*tree["clauses"], 7]}, {}):
        assert bring(tablet, odd, CATALOGUES[0]["sha256"]).status_code == 422
    address = f"/api/audits/{tablet.audit}/catalogues/{CATALOGUES[0]['sha256']}"
    for person in cast.everybody():
        expected = 204 if person is cast.lena else 403 if person is cast.paula else 404
        assert person.api.put(address, json=tree).status_code == expected, person.name


@pytest.mark.slow
def test_what_a_tablet_had_brought_is_the_servers_own_as_soon_as_it_hands_it_out(
    database: str, tablet: Device, monkeypatch: pytest.MonkeyPatch
):
    sent(tablet)
    with pytest.MonkeyPatch.context() as later:
        of_a_later_release(later)
        assert bring(tablet, tree_of("iso9001-2015")).status_code == 204
        with reading(SERVER) as session:
            known = known_catalogue(session, CATALOGUES[0]["sha256"])
            assert known is not None and known.is_brought
    assert tablet.person.get("/api/standards/iso9001-2015").status_code == 200
    of_a_later_release(monkeypatch)
    assert bring(tablet, tree_of("iso9001-2015")).status_code == 204
    with reading(SERVER) as session:
        known = known_catalogue(session, CATALOGUES[0]["sha256"])
        assert known is not None and not known.is_brought


@pytest.mark.slow
def test_a_report_that_names_no_catalogue_or_that_of_another_standard_is_refused(tablet: Device, app: Flask):
    record = json.loads(value_of(tablet.made[-2])["record"])
    reseal(tablet, record | {"catalogues": [CATALOGUES[0], CATALOGUES[0] | {"standard": "iso14001-2015"}]})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.catalogue_unknown", CATALOGUES[0] | {"standard": "iso14001-2015"})


def reseal(tablet: Device, record: dict[str, Any]) -> None:
    """Take back the last two operations, and seal this record in their place."""
    add = value_of(tablet.made[-2])
    take_back(tablet, 2)
    data = canonical_bytes(record)
    tablet.add(REPORT, **(add | {"record": data.decode(), "sha256": sha256_hex(data)}))
    seal(tablet, REPORT, sha256_hex(data), "2026-11-27T08:14:30.000Z")


def take_back(tablet: Device, count: int) -> None:
    """As if the last operations had never been made; they were not sent yet."""
    del tablet.made[-count:]
    tablet.dseq = len(tablet.made)
    tablet.prev = digest_of(tablet.made[-1].encode())


def seal_again(tablet: Device, **changed: Any) -> None:
    """The report's seal once more, with other words in it, in place of the last operation."""
    said = value_of(tablet.made[-1])
    take_back(tablet, 1)
    seal(tablet, REPORT, said["sha256"], said["sealed_at"], signatures=said["signatures"], **changed)


@pytest.mark.slow
def test_a_seal_with_a_wrong_signature_is_refused(tablet: Device, app: Flask, config: Config):
    seal_again(tablet, device_signature=value_of(tablet.made[-1])["device_signature"][::-1])
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet)[0] == "report.device_signature_invalid"


@pytest.mark.slow
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


@pytest.mark.slow
def test_what_comes_after_the_seal_is_counted_and_stays_out(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    sent(tablet)
    tablet.set("finding/f3", "title", "Changed after the seal")
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    assert report["state"] == "made", report
    from tests.reports.test_render import text_of

    text = text_of(ReportFiles(config.data_folder).path(report["id"]).read_bytes())
    assert "Changed after the seal" not in text
    assert "1 entry by Lena Hartmann" in " ".join(text.split())


@pytest.mark.slow
def test_entries_that_have_not_arrived_hold_the_report_up(tablet: Device, aron: Person, app: Flask, config: Config):
    """Lena's tablet saw Aron's entries over the local network; the server has not."""
    record = json.loads(value_of(tablet.made[-2])["record"])
    record["heads"].append({"installation": aron.installation, "account": aron.account, "dseq": 7, "digest": "a" * 64})
    reseal(tablet, record)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "entries of a tablet have not arrived"})


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_key_that_cannot_be_read_is_said_and_the_report_can_be_asked_for_again(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    report = ask(tablet).json["id"]
    broken = replace(config, signing_pkcs12=str(tmp_path / "nothing.p12"))
    issue_report(report, broken, lambda _key: None, note_issuance)
    code, facts = refusal_of(tablet)
    assert code == "report.signing_unavailable"
    assert "cannot be read" in facts["why"]
    assert ask(tablet).json["state"] == "waiting"


@pytest.mark.slow
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
        issue_report(report, config, lambda _key: None, note_issuance)
    with reading(SERVER) as session:
        row = report_store.find_report(session, report)
        assert row is not None
        assert (row.state, row.pdf_sha256) == ("waiting", None)
        assert mails_of(session, tablet.person.workspace) == []


@pytest.mark.slow
def test_a_report_that_was_exchanged_on_disk_is_not_mailed(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    report = ask(tablet).json["id"]
    work(app)
    ReportFiles(config.data_folder).path(report).write_bytes(b"%PDF-1.7 another")
    with pytest.raises(LookupError, match="not the one that was made"):
        report_attachment(report, config)


# Who may


def test_only_the_audit_team_leader_asks(tablet: Device, cast: Cast):
    sent(tablet)
    address = f"/api/audits/{tablet.audit}/reports"
    for person in cast.everybody():
        answer = person.post(address, json={"report_record": "report-1"})
        expected = 202 if person is cast.lena else 403 if person is cast.paula else 404
        assert answer.status_code == expected, (person.name, answer.json)


@pytest.mark.slow
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


# What becomes of a seal when others go on


def made_text(tablet: Device, app: Flask, config: Config) -> str:
    """Ask, work, and read the PDF that must have been made."""
    from tests.reports.test_render import text_of

    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    assert report["state"] == "made", report
    path = ReportFiles(config.data_folder).path(report["id"])
    assert verify_report(path).exit_code == 0
    return " ".join(text_of(path.read_bytes()).split())


@pytest.mark.slow
def test_a_second_seal_under_the_closing_record_ends_nothing(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """Two tablets sealed the same meeting. The report rests on the one that it names; the other one is a late entry."""
    closing = tablet.view_of_made().entity(CLOSING)
    seal(tablet, CLOSING, closing.get("sha256"), "2026-11-26T15:43:00.000Z")
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert "26 November 2026" in made_text(tablet, app, config)


@pytest.mark.slow
def test_a_word_on_the_glass_after_the_seal_ends_nothing(tablet: Device, app: Flask, config: Config, tmp_path: Path):
    """The managing director comes back and signs after all; an earlier word is taken back. The seal names what it saw."""
    ref = "handwritten_signature/h2"
    born = dict(tablet.view_of_made().entity(ref).born)
    tablet.make("del", ref, "deleted", True, bases=[id for ids in tablet.heads.values() for id in ids][:900])
    tablet.add("handwritten_signature/h3", **(born | {"name": "Somebody Late"}))
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    text = made_text(tablet, app, config)
    assert "Katrin Kessler" in text
    assert "Somebody Late" not in text


@pytest.mark.slow
def test_a_seal_for_one_purpose_is_none_for_another(tablet: Device, app: Flask, config: Config):
    seal_again(tablet, purpose="closing")
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "no seal under it fits"})


@pytest.mark.slow
def test_a_seal_of_another_audit_is_none_here(tablet: Device, app: Flask, config: Config):
    seal_again(tablet, audit="0192a7c4-11aa-7000-8000-00000000dddd")
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "no seal under it fits"})


@pytest.mark.slow
def test_a_report_that_names_a_seal_that_nobody_made_is_refused(tablet: Device, app: Flask, config: Config):
    record = json.loads(value_of(tablet.made[-2])["record"])
    reseal(tablet, record | {"closing_seal_sha256": "a" * 64})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "the seal of the closing record"})


@pytest.mark.slow
def test_a_key_that_was_enrolled_after_the_seal_came_does_not_vouch_for_it(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    with unit_of_work(SERVER) as session:
        for key in session.query(InstallationKey):
            key.enrolled_at = now_ms() + 60_000
    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    verdict = verify_report(ReportFiles(config.data_folder).path(report["id"]))
    assert "device.key_unknown" in {check.code for check in verdict.checks}


@pytest.mark.slow
def test_a_closing_record_that_the_log_does_not_give_is_refused(office: Person, app: Flask, config: Config):
    """A minor was left out of what people signed on the glass, although everything under it is in the log."""
    tablet = tablet_with_sample(office)
    record = closing_record(
        tablet.view_of_made(),
        tablet.audit,
        [(tablet.chain, tablet.dseq, tablet.prev)],
        frozen(tablet, "2026-11-26T15:40:00.000Z"),
        supersedes=None,
        reason=None,
        catalogues=CATALOGUES,
    )
    record["findings"] = record["findings"][1:]
    data = canonical_bytes(record)
    tablet.add(CLOSING, record=data.decode(), sha256=sha256_hex(data))
    seal(tablet, CLOSING, sha256_hex(data), "2026-11-26T15:42:05.000Z")
    seal_report(tablet)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "the closing record"})


@pytest.mark.slow
def test_a_forged_twin_of_the_last_entry_does_not_hold_the_report_up(
    tablet: Device, aron: Person, app: Flask, config: Config, tmp_path: Path
):
    """Aron's tablet sends something under Lena's name and number: it is kept aside, and the seal covers what Lena wrote."""
    sent(tablet)
    tablet.add_member(aron)
    sent(tablet)
    record = json.loads(value_of(next(text for text in tablet.made if '"ent":"report_record/' in text))["record"])
    (head,) = record["heads"]
    his = Device(aron, tablet.audit)
    chain = {"installation": tablet.person.installation, "account": tablet.person.account, "audit": tablet.audit}
    forged = his.make("set", "finding/f1", "title", "forged", chain=chain, dseq=head["dseq"], prev="b" * 64)
    assert codes(his.push([forged])) == ["operation.not_yours"]
    keep_pictures(tablet, config, tmp_path)
    assert "forged" not in made_text(tablet, app, config)


@pytest.mark.slow
def test_evidence_that_came_after_the_meeting_is_among_the_changes(
    office: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    seal_closing(tablet)
    tablet.set("evidence/e1", "caption", "Another caption than at the meeting")
    tablet.add("evidence/late", **late_evidence())
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    text = made_text(tablet, app, config)
    assert "Another caption than at the meeting" in text
    assert "Added after the closing meeting" in text


def late_evidence() -> dict[str, Any]:
    return {
        "kind": "file",
        "sha256": "c" * 64,
        "size": 12,
        "media_type": "application/pdf",
        "source": "file",
        "file_name": "certificate.pdf",
        "captured_at": "2026-11-27T07:00:00.000Z",
    }


@pytest.mark.slow
def test_after_an_erasure_under_the_seal_the_report_says_so(
    office: Person, paula: Person, app: Flask, config: Config, tmp_path: Path
):
    """What no record shows is gone without a trace in them: both are still recomputed to the letter."""
    tablet = tablet_with_sample(office)
    slip = tablet.set("finding/f1", "title", "A name that does not belong here")
    tablet.set("finding/f1", "title", "Without the name")
    seal_closing(tablet)
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    erase(tablet, paula, slip)
    assert "The content of 1 entry under the seal was erased" in made_text(tablet, app, config)


@pytest.mark.slow
def test_what_was_erased_out_of_a_sealed_record_is_not_printed(tablet: Device, paula: Person, app: Flask):
    """The record still says it. So there is no report until another closing record has taken its place."""
    sent(tablet)
    erase(tablet, paula, next(text for text in tablet.made if '"fld":"caption"' in text))
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.closing_erased", {})


@pytest.mark.slow
def test_what_was_erased_out_of_the_report_alone_needs_another_revision(tablet: Device, paula: Person, app: Flask):
    sent(tablet)
    erase(tablet, paula, next(text for text in reversed(tablet.made) if '"fld":"objective_evidence"' in text))
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.content_erased", {})


# A closing record in the place of another


AGAIN = "closing_record/closing-2"


def close_again(tablet: Device, reason: str = "A sentence named a person.", ref: str = AGAIN, **more: Any) -> str:
    first = more.pop("instead_of", None) or tablet.view_of_made().entity(CLOSING).get("sha256")
    return seal_closing(tablet, ref=ref, instead_of=first, reason=reason, at="2026-11-26T17:40:00.000Z", **more)


@pytest.mark.slow
def test_the_report_rests_on_the_closing_record_that_took_the_place_of_the_first(
    database: str, office: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    first = seal_closing(tablet)
    tablet.set("finding/f1", "title", "Mended at the table")
    close_again(tablet)
    seal_report(tablet, closing_ref=AGAIN)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    text = made_text(tablet, app, config)
    assert "replaces the closing record whose SHA-256 stands below, because: A sentence named a person." in text
    assert first in text
    (report,) = listed(tablet)
    verdict = verify_report(ReportFiles(config.data_folder).path(report["id"]))
    said = {check.code: check.sentence for check in verdict.checks}
    assert first[:16] in said["records.replaced"]


@pytest.mark.slow
def test_a_report_over_a_closing_record_that_was_replaced_is_refused(database: str, tablet: Device, app: Flask):
    close_again(tablet)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.closing_superseded", {})


@pytest.mark.slow
def test_a_sentence_is_taken_out_of_a_sealed_record_by_law(
    database: str, office: Person, paula: Person, app: Flask, config: Config, tmp_path: Path
):
    """
    The record is replaced by one without the sentence, then the old entries are erased: the finding that went, the record that
    showed it. The others keep their numbers, although nothing can say any more how the first record had numbered them.
    """
    tablet = tablet_with_sample(office)
    tablet.add("finding/f5a", raised_at="2026-11-25T10:00:00.000Z", raised_by="lena")
    tablet.set("finding/f5a", "grade", "opportunity_for_improvement")
    words = tablet.set("finding/f5a", "failure", "Karl of hall 2 is ill.")
    seal_closing(tablet)
    (record,) = [text for text in tablet.made if '"ent":"closing_record/closing-1"' in text and '"fld":"born"' in text]
    numbers = {found["id"]: found["number"] for found in json.loads(value_of(record)["record"])["findings"]}
    tablet.make("del", "finding/f5a", "deleted", True, bases=[id for ids in tablet.heads.values() for id in ids][:900])
    close_again(tablet)
    after = json.loads(tablet.view_of_made().entity(AGAIN).get("record"))
    assert "f5a" in numbers
    assert {found["id"]: found["number"] for found in after["findings"]} == {
        one: number for one, number in numbers.items() if one != "f5a"
    }
    seal_report(tablet, closing_ref=AGAIN)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    erase(tablet, paula, words, record)
    text = made_text(tablet, app, config)
    assert "Karl of hall 2" not in text
    assert "replaces the closing record" in text


@pytest.mark.slow
def test_the_closing_record_that_counts_is_not_erased_before_another_takes_its_place(
    database: str, tablet: Device, paula: Person
):
    sent(tablet)
    with pytest.raises(Refused) as refused:
        erase(tablet, paula, birth_of_closing(tablet))
    assert refused.value.refusal.code == "closing.counts_still"


def test_an_erased_closing_record_that_still_counts_says_what_to_do(tablet: Device, paula: Person, app: Flask):
    """The one that took its place has not come back since a restore, and the register of erasures has."""
    sent(tablet)
    with unit_of_work(SERVER) as session:
        audit = audits.lock_audit(session, tablet.audit)
        entry = log.find_entry(session, tablet.audit, digest_of(birth_of_closing(tablet).encode()))
        assert audit is not None and entry is not None
        Receiver(session, audit, server_identity(session), now_ms()).erase(entry, "withdrawn", paula.account)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.closing_erased", {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"reason": None}, "what the closing record takes the place of"),
        ({"instead_of": "a" * 64}, "the closing record before has not arrived"),
    ],
)
def test_a_closing_record_that_replaces_nothing_or_says_no_reason_is_refused(
    office: Person, app: Flask, changed: dict[str, Any], what: str
):
    tablet = tablet_with_sample(office)
    if "reason" in changed:
        seal_closing(tablet)
    close_again(tablet, **changed)
    seal_report(tablet, closing_ref=AGAIN)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": what})


def birth_of_closing(tablet: Device) -> str:
    return next(text for text in tablet.made if '"ent":"closing_record/closing-1"' in text)


def erase(tablet: Device, paula: Person, *texts: str) -> None:
    """The programme manager decides it, as the law asks."""
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, tablet.audit, [digest_of(text.encode()) for text in texts], "withdrawn")


@pytest.mark.slow
def test_an_erased_handwritten_signature_stops_no_report_and_cannot_be_guessed(
    database: str, tablet: Device, paula: Person, app: Flask, config: Config, tmp_path: Path
):
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    word = next(text for text in tablet.made if '"ent":"handwritten_signature/h2"' in text)
    said = value_of(word)
    seal_under_closing = value_of(next(text for text in tablet.made if '"kind":"seal"' in text))
    assert seal_under_closing["signatures"][1] == digest_of(word.encode())
    assert sha256_hex(canonical_bytes(said)) not in seal_under_closing["signatures"]
    erase(tablet, paula, word)
    text = made_text(tablet, app, config)
    assert "Erased on request" in text
    assert digest_of(word.encode()) in text
    (report,) = listed(tablet)
    path = ReportFiles(config.data_folder).path(report["id"])
    assert "handwriting.erased" in {check.code for check in verify_report(path).checks}
    with pikepdf.open(path) as pdf:
        inside = pdf.attachments["device-signatures.json"].get_file().read_bytes()
    assert b"Katrin Kessler" not in inside
    assert str(said["strokes"][0]["points"][40]).replace(" ", "").encode() not in inside


@pytest.mark.slow
@pytest.mark.parametrize("is_lost", [False, True], ids=["fault", "worker lost"])
def test_a_report_that_faults_for_good_does_not_say_waiting_for_ever(
    tablet: Device, app: Flask, monkeypatch: pytest.MonkeyPatch, is_lost: bool
):
    """It says so with a number to quote, and asking once more makes it anew."""
    sent(tablet)
    ask(tablet)
    with unit_of_work(SERVER) as session:
        job = session.query(Job).filter_by(name="issue_report").one()
        job.attempt = job.max_attempts - (0 if is_lost else 1)

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("server.reports.issue.gather_material", fail)
    work(app)
    code, facts = refusal_of(tablet)
    assert (code, facts) == ("server.fault", {"reference": job.id})
    assert ask(tablet).json["state"] == "waiting"


@pytest.mark.slow
def test_two_branches_of_one_chain_that_both_count_are_both_under_the_seal(
    office: Person, app: Flask, config: Config, tmp_path: Path
):
    """A tablet was restored from a copy of itself, and the lead auditor let count what both had written."""
    tablet = tablet_with_sample(office)
    sent(tablet)
    copy = Device(office, tablet.audit, dseq=tablet.dseq, prev=tablet.prev, made=list(tablet.made), sent=tablet.sent)
    copy.heads = {place: list(heads) for place, heads in tablet.heads.items()}
    tablet.set("finding/f1", "title", "Written on the tablet")
    sent(tablet)
    branch = copy.set("finding/f2", "title", "Written on its copy")
    assert codes(copy.push([branch])) == ["chain.forked"]
    assert office.post(f"/api/audits/{tablet.audit}/operations/{digest_of(branch.encode())}/release").status_code == 204
    tablet.pull()
    heads = [(tablet.chain, tablet.dseq, tablet.prev), (copy.chain, copy.dseq, copy.prev)]
    seal_closing(tablet, view=tablet.view(), heads=heads)
    tablet.pulled += [
        entry for text in tablet.made[tablet.sent :] if (entry := read_entry(text.encode(), Origin.DEVICE))
    ]
    seal_report(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), heads[1]])
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    text = made_text(tablet, app, config)
    assert "Written on the tablet" in text
    assert "Written on its copy" in text


@pytest.mark.slow
def test_an_erased_note_does_not_open_the_records_to_other_words(
    office: Person, paula: Person, app: Flask, config: Config
):
    """A private note is in no record: what people signed is checked to the letter all the same."""
    tablet = tablet_with_sample(office)
    tablet.add("note/n9", observed_at="2026-11-24T10:00:00.000Z")
    note = tablet.set("note/n9", "text", "private")
    seal_closing(tablet)
    seal_report(tablet)
    record = json.loads(value_of(tablet.made[-2])["record"])
    record["summary"]["conformity"] = "Everything is perfect."
    reseal(tablet, record)
    sent(tablet)
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, tablet.audit, [digest_of(note.encode())], "withdrawn")
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "its content"})


@pytest.mark.slow
def test_verdicts_that_a_restored_server_has_lost_do_not_hold_the_report_up(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """They were the server's word, not the team's: no head of a record names them."""
    tablet.epoch, tablet.cursor, tablet.hash = new_id(), 400, "5" * 64
    take_back(tablet, 2)
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert made_text(tablet, app, config)


def test_what_the_server_said_of_an_operation_cannot_be_erased(database: str, office: Person, paula: Person):
    tablet = new_audit(office)
    tablet.set(f"audit/{tablet.audit}", "type", "no such type")
    tablet.push()
    tablet.pull()
    verdict = next(entry.operation for entry in tablet.pulled if entry.operation.kind == "verdict")
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    with pytest.raises(Refused) as refused:
        erase_content_of(paula.account, roles, tablet.audit, [verdict.digest], "withdrawn")
    assert refused.value.refusal.code == "operation.reserved"


# What was set aside when a record was frozen


def copied(tablet: Device) -> Device:
    """A tablet that was restored from a copy of this one."""
    copy = Device(
        tablet.person, tablet.audit, dseq=tablet.dseq, prev=tablet.prev, made=list(tablet.made), sent=tablet.sent
    )
    copy.heads = {place: list(heads) for place, heads in tablet.heads.items()}
    return copy


def seal_both(tablet: Device, *copies: Device) -> None:
    """Closing meeting and report by what the tablet has pulled, with the heads of every branch."""
    tablet.pull()
    branches = [(copy.chain, copy.dseq, copy.prev) for copy in copies]
    seal_closing(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), *branches])
    tablet.pulled += [
        entry for text in tablet.made[tablet.sent :] if (entry := read_entry(text.encode(), Origin.DEVICE))
    ]
    seal_report(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), *branches])


@pytest.mark.parametrize("is_restored", [False, True], ids=["same server", "restored server"])
def test_what_was_in_quarantine_at_the_meeting_and_was_released_since_is_told_as_late(
    office: Person, app: Flask, config: Config, tmp_path: Path, is_restored: bool
):
    """A restored server counts its log anew: no number of then says which verdicts the tablet had."""
    tablet = tablet_with_sample(office)
    sent(tablet)
    copy = copied(tablet)
    tablet.set("finding/f1", "title", "Written on the tablet")
    sent(tablet)
    branch = copy.set("finding/f2", "title", "Written on its copy")
    assert codes(copy.push([branch])) == ["chain.forked"]
    seal_both(tablet, copy)
    if is_restored:
        begin_again()
    sent(tablet)
    assert office.post(f"/api/audits/{tablet.audit}/operations/{digest_of(branch.encode())}/release").status_code == 204
    keep_pictures(tablet, config, tmp_path)
    text = made_text(tablet, app, config)
    assert "Written on the tablet" in text
    assert "Written on its copy" not in text
    assert "1 entry by Lena Hartmann" in text


def test_nobody_sets_aside_what_the_server_did_not(tablet: Device, app: Flask):
    """A record that leaves a colleague's finding out would pass, were it enough to say that it had been in quarantine."""
    record = json.loads(value_of(tablet.made[-2])["record"])
    reseal(tablet, record | {"aside": [digest_of(tablet.made[20].encode())]})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what it says was set aside"})


@pytest.mark.parametrize(
    "changed",
    [
        {"installation": "0192a7c4-11aa-7000-8000-00000000ffff"},
        {"account": "0192a7c4-11aa-7000-8000-00000000ffff"},
        {"zone": "Pacific/Auckland"},
        {"at": "yesterday"},
        {"weather": "rain"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_record_says_of_itself_what_the_log_says_of_it(tablet: Device, app: Flask, changed: dict[str, str]):
    record = json.loads(value_of(tablet.made[-2])["record"])
    reseal(tablet, record | {"frozen": record["frozen"] | changed})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "where and when it was frozen"})
