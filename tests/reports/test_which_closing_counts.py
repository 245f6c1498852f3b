"""Which closing record counts: the one that an issued report rests on goes on counting, whatever is let count later."""

from pathlib import Path

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading
from server.domain.closings import closings_of
from server.domain.fold import fold_log
from server.domain.operation import digest_of
from server.storage import operation_log as log
from tests.devices import Device, codes
from tests.people import Person
from tests.reports.issuing import TabletWithSample, ask, keep_pictures, listed, sent, tablet_with_sample, work
from tests.reports.sample import CLOSING, change_after_closing, seal_closing, seal_report, view_of

pytestmark = pytest.mark.slow


def counting(audit: str) -> str:
    """Which closing record counts, as the log says by now."""
    with reading(SERVER) as session:
        record = closings_of(fold_log(log.load_entries(session, audit))).counting
    assert record is not None
    return record.ref


def close_and_issue(tablet: TabletWithSample, app: Flask, config: Config, tmp_path: Path) -> None:
    """The meeting, signed by both parties and sealed; in the evening the report goes out."""
    seal_closing(tablet)
    change_after_closing(tablet)
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    assert [r["state"] for r in listed(tablet)] == ["made"]


@pytest.mark.parametrize("how", ["role", "release"])
def test_the_record_that_counts_goes_on_counting(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path, how: str
):
    tablet = tablet_with_sample(office)  # Lena's
    member = tablet.add_member(aron)  # Aron is an auditor
    sent(tablet)
    # Aron believes that he leads (or his app does not ask): he seals a closing record of his own with what he has; it is set aside.
    his = Device(aron, tablet.audit)
    seen = view_of(tablet)
    seal_closing(his, ref="closing_record/of-aron", view=seen, heads=[(tablet.chain, tablet.dseq, tablet.prev)])
    assert set(codes(his.push())) == {"operation.not_permitted"}
    close_and_issue(tablet, app, config, tmp_path)
    before = counting(tablet.audit)
    assert before == CLOSING
    # Weeks later Aron takes the audit over.
    if how == "role":
        tablet.set(member, "role", "audit_team_leader")
        tablet.push()
    else:
        for text in his.made:
            r = office.post(f"/api/audits/{tablet.audit}/operations/{digest_of(text.encode())}/release")
            assert r.status_code < 300, r.json
    after = counting(tablet.audit)
    assert after == CLOSING


def test_the_record_that_counts_goes_on_counting_when_a_second_tablet_comes_home(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    tablet.add_member(aron)
    sent(tablet)
    second = Device(office.enrol_another(), tablet.audit)
    seal_closing(
        second, ref="closing_record/second", view=view_of(tablet), heads=[(tablet.chain, tablet.dseq, tablet.prev)]
    )
    assert set(codes(Device(aron, tablet.audit).send(second.made))) == {"operation.not_yours"}
    close_and_issue(tablet, app, config, tmp_path)
    assert counting(tablet.audit) == CLOSING
    second.push()
    assert counting(tablet.audit) == CLOSING
