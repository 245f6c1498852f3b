"""A photo that was withdrawn is not printed: what was sealed over it is refused, and what is sealed after it leaves it out."""

from pathlib import Path

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading
from server.domain.fold import read_entry
from server.domain.vocabulary import Origin
from server.storage import accounts
from server.sync.erase import withdraw_evidence
from tests.people import Person
from tests.reports.issuing import (
    AGAIN,
    TabletWithSample,
    ask,
    close_again,
    keep_pictures,
    made_text,
    refusal_of,
    sent,
    tablet_with_sample,
    work,
)
from tests.reports.sample import seal_closing, seal_report

pytestmark = pytest.mark.slow

CAPTION = "Caliper M-114 in use at final inspection"


def withdraw(tablet: TabletWithSample, paula: Person, evidence: str = "e1") -> str:
    """The hash of its file."""
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    (sha256,) = withdraw_evidence(paula.account, roles, tablet.audit, evidence, "Shows a person.").evidence
    return sha256


def hear(tablet: TabletWithSample) -> None:
    """What the server said, and what this tablet has written since it last pulled."""
    known = {entry.operation.digest for entry in tablet.pulled}
    entries = [read_entry(text.encode(), Origin.DEVICE) for text in tablet.made]
    tablet.pulled += [entry for entry in entries if entry and entry.operation.digest not in known]


def test_a_report_that_was_sealed_over_it_is_not_made(
    office: Person, paula: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    seal_closing(tablet)
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    withdraw(tablet, paula)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.closing_erased", {})


def test_records_that_are_sealed_after_it_leave_it_out_and_wait_for_nothing(
    office: Person, paula: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    seal_closing(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    sha256 = withdraw(tablet, paula)
    tablet.pull()
    close_again(tablet, "A photo showed a person.", view=tablet.view())
    hear(tablet)
    seal_report(tablet, closing_ref=AGAIN, view=tablet.view())
    sent(tablet)
    text = made_text(tablet, app, config)
    assert CAPTION not in text
    assert sha256 not in text.replace(" ", "")
    assert "Gauge cabinet, drawer G-4" in text


def test_words_that_come_after_it_hold_no_report_up(
    office: Person, paula: Person, app: Flask, config: Config, tmp_path: Path
):
    """A colleague had written a caption offline: it stands beside an erased one, and no record lists either."""
    tablet = tablet_with_sample(office)
    seal_closing(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    tablet.make("set", "evidence/e1", "caption", "Written offline", bases=[])
    withdraw(tablet, paula)
    sent(tablet)
    tablet.pull()
    assert tablet.view().entities["evidence/e1"].fields["caption"].is_disputed
    close_again(tablet, "A photo showed a person.", view=tablet.view())
    hear(tablet)
    seal_report(tablet, closing_ref=AGAIN, view=tablet.view())
    sent(tablet)
    assert "Written offline" not in made_text(tablet, app, config)
