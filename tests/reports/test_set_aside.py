"""What was set aside when a record was frozen, and what a record says of itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.config import Config
from server.domain.fold import read_entry
from server.domain.operation import digest_of
from server.domain.vocabulary import Origin
from server.sync.restore import begin_again
from tests.devices import Device, codes, value_of
from tests.people import Person
from tests.reports.issuing import ask, keep_pictures, made_text, refusal_of, reseal, sent, tablet_with_sample, work
from tests.reports.sample import (
    seal_closing,
    seal_report,
)

pytestmark = pytest.mark.slow


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
        {"salt": ""},
        {"log": "Ms Meier was ill"},
        {"log": {"epoch": None, "seq": 3, "hash": "0"}},
    ],
    ids=lambda changed: f"{next(iter(changed))} {next(iter(changed.values()))}"[:24],
)
def test_a_record_says_of_itself_what_the_log_says_of_it(tablet: Device, app: Flask, changed: dict[str, Any]):
    record = json.loads(value_of(tablet.made[-2])["record"])
    reseal(tablet, record | {"frozen": record["frozen"] | changed})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "where and when it was frozen"})


def test_a_report_covers_all_that_its_closing_record_covers(tablet: Device, app: Flask):
    """Its heads may not end before the record that both parties have signed."""
    record = json.loads(value_of(tablet.made[-2])["record"])
    early = read_entry(tablet.made[30].encode(), Origin.DEVICE)
    assert early is not None
    head = {"dseq": early.operation.dseq, "digest": early.operation.digest}
    reseal(tablet, record | {"heads": [record["heads"][0] | head]})
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what lies under its closing record"})
