"""What becomes of a seal when others go on: late entries, second seals, erasures."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, unit_of_work
from server.domain.record import Basis, closing_record
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.verify import verify_report
from server.storage.clock import now_ms
from server.storage.report_store import ReportFiles
from server.storage.tables.account import InstallationKey
from tests.devices import Device, codes, value_of
from tests.people import Person
from tests.reports.issuing import (
    ask,
    erase,
    keep_pictures,
    listed,
    made_text,
    refusal_of,
    reseal,
    seal_again,
    sent,
    tablet_with_sample,
    work,
)
from tests.reports.sample import (
    CATALOGUES,
    CLOSING,
    frozen,
    seal,
    seal_closing,
    seal_report,
)

pytestmark = pytest.mark.slow


def test_a_second_seal_under_the_closing_record_ends_nothing(
    tablet: Device, app: Flask, config: Config, tmp_path: Path
):
    """Two tablets sealed the same meeting. The report rests on the one that it names; the other one is a late entry."""
    closing = tablet.view_of_made().entity(CLOSING)
    seal(tablet, CLOSING, closing.get("sha256"), "2026-11-26T15:43:00.000Z")
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert "26 November 2026" in made_text(tablet, app, config)


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


def test_a_seal_for_one_purpose_is_none_for_another(tablet: Device, app: Flask, config: Config):
    seal_again(tablet, purpose="closing")
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "no seal under it fits"})


def test_a_seal_of_another_audit_is_none_here(tablet: Device, app: Flask, config: Config):
    seal_again(tablet, audit="0192a7c4-11aa-7000-8000-00000000dddd")
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "no seal under it fits"})


def test_a_report_that_names_a_seal_that_nobody_made_is_refused(tablet: Device, app: Flask, config: Config):
    record = json.loads(value_of(tablet.made[-2])["record"])
    reseal(tablet, record | {"closing_seal_sha256": "a" * 64})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "the seal of the closing record"})


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


def test_a_closing_record_that_the_log_does_not_give_is_refused(office: Person, app: Flask, config: Config):
    """A minor was left out of what people signed on the glass, although everything under it is in the log."""
    tablet = tablet_with_sample(office)
    record = closing_record(
        tablet.view_of_made(),
        tablet.audit,
        Basis([(tablet.chain, tablet.dseq, tablet.prev)], frozen(tablet, "2026-11-26T15:40:00.000Z")),
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


def test_what_was_erased_out_of_a_sealed_record_is_not_printed(tablet: Device, paula: Person, app: Flask):
    """The record still says it. So there is no report until another closing record has taken its place."""
    sent(tablet)
    erase(tablet, paula, next(text for text in tablet.made if '"fld":"caption"' in text))
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.closing_erased", {})


def test_what_was_erased_out_of_the_report_alone_needs_another_revision(tablet: Device, paula: Person, app: Flask):
    sent(tablet)
    erase(tablet, paula, next(text for text in reversed(tablet.made) if '"fld":"objective_evidence"' in text))
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.content_erased", {})
