"""A closing record in the place of another, and what was erased out of one."""

import json
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.closings import closings_of
from server.domain.finding import numbered_findings
from server.domain.fold import read_entry
from server.domain.operation import SERVER_ACCOUNT, ChainKey, digest_of
from server.domain.refusals import Refused
from server.domain.vocabulary import Origin
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.verify import verify_report
from server.storage import accounts, audits, server_state
from server.storage import operation_log as log
from server.storage.clock import now_ms
from server.storage.decision_register import Erasure
from server.storage.identifiers import new_id
from server.storage.report_store import ReportFiles
from server.storage.server_state import begin_new_epoch, server_identity
from server.storage.tables.job import Job
from server.sync.erase import erase_content_of
from server.sync.receive import Receiver
from server.sync.update import ask_after_update
from tests.devices import Device, codes, new_audit, value_of
from tests.people import Person
from tests.reports.issuing import (
    AGAIN,
    ask,
    birth_of_closing,
    close_again,
    erase,
    keep_pictures,
    listed,
    made_text,
    refusal_of,
    reseal,
    sent,
    tablet_with_sample,
    take_back,
    work,
)
from tests.reports.sample import (
    seal,
    seal_closing,
    seal_report,
)

pytestmark = pytest.mark.slow


def test_the_report_rests_on_the_closing_record_that_took_the_place_of_the_first(
    office: Person, app: Flask, config: Config, tmp_path: Path
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


def test_a_report_over_a_closing_record_that_was_replaced_is_refused(tablet: Device, app: Flask):
    close_again(tablet)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.closing_superseded", {})


def test_a_sentence_is_taken_out_of_a_sealed_record_by_law(
    office: Person, paula: Person, app: Flask, config: Config, tmp_path: Path
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
        decision = Erasure(audit.id, entry.digest, audit.workspace_id, "withdrawn", paula.account, now_ms())
        Receiver(session, audit, server_identity(session), now_ms()).erase(entry, decision)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.closing_erased", {})


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


def test_an_erased_handwritten_signature_stops_no_report_and_cannot_be_guessed(
    tablet: Device, paula: Person, app: Flask, config: Config, tmp_path: Path
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


def test_verdicts_that_a_restored_server_has_lost_do_not_hold_the_report_up(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """They were the server's word, not the team's. What the tablet left out cannot be checked against them, and the report says so."""
    with unit_of_work(SERVER) as session:
        former = server_identity(session).installation
        begin_new_epoch(session)
    tablet.epoch, tablet.cursor, tablet.hash = new_id(), 400, "5" * 64
    take_back(tablet, 2)
    lost = (ChainKey(former, SERVER_ACCOUNT, tablet.audit), 3, "6" * 64)
    seal_report(tablet, heads=[(tablet.chain, tablet.dseq, tablet.prev), lost])
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    text = made_text(tablet, app, config)
    assert "Lost decisions" in text


def test_a_tablet_has_heard_nothing_from_this_server_that_it_never_said(tablet: Device, app: Flask):
    take_back(tablet, 2)
    with reading(SERVER) as session:
        server = server_identity(session)
    made_up = (ChainKey(server.installation, SERVER_ACCOUNT, tablet.audit), 3, "6" * 64)
    seal_report(tablet, heads=[(tablet.chain, tablet.dseq, tablet.prev), made_up])
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what the server had said"})


def test_a_number_is_not_given_again_after_the_record_that_gave_it_was_erased(
    database: str, office: Person, paula: Person, app: Flask, config: Config, tmp_path: Path
):
    """10 was signed on the glass; its finding was deleted, its record replaced and erased by law. What is raised later is 11."""
    tablet = tablet_with_sample(office)
    tablet.add("finding/f10", raised_at="2026-11-26T18:00:00.000Z", raised_by="lena")
    tablet.set("finding/f10", "grade", "positive")
    seal_closing(tablet)
    record = birth_of_closing(tablet)
    seen = [head for (ref, _), heads in tablet.heads.items() for head in heads if ref == "finding/f10"]
    tablet.make("del", "finding/f10", "deleted", True, bases=seen)
    close_again(tablet)
    sent(tablet)
    erase(tablet, paula, record)
    tablet.add("finding/late", raised_at="2026-11-26T17:55:00.000Z", raised_by="lena")
    tablet.set("finding/late", "grade", "positive")
    tablet.set("finding/late", "title", "Raised after the first record was erased")
    sent(tablet)
    tablet.pull()
    by_number = {number: finding.id for number, finding in numbered_findings(tablet.view())}
    assert "10" not in by_number
    assert by_number["11"] == "late"
    seal_report(tablet, view=tablet.view(), closing_ref=AGAIN)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert "Raised after the first record was erased" in made_text(tablet, app, config)


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


def test_a_record_that_never_fitted_counts_no_better_once_it_is_erased(
    office: Person, aron: Person, paula: Person, app: Flask
):
    """Nobody can look at what it said any more, neither now nor after an update."""
    tablet = tablet_with_sample(office)
    tablet.add_member(aron, "audit_team_leader")
    sent(tablet)
    his = Device(aron, tablet.audit)
    birth = his.make("add", "closing_record/evil", "born", {"record": "{}", "sha256": "a" * 64})
    seal(his, "closing_record/evil", "a" * 64, "2026-11-26T15:41:30.000Z")
    assert codes(his.push()) == ["operation.value_unfit", None]
    erase(tablet, paula, birth)
    with unit_of_work(SERVER) as session:
        server_state.note_asked_version(session, "0.0.0")
    ask_after_update()
    tablet.pull()
    (erased,) = tablet.view().erased.values()
    assert erased["record"] == {"sha256": "", "numbers": {}}
    assert closings_of(tablet.view()).counting is None
