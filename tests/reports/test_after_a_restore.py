"""The server was restored from a backup, people went on, and then the old log came back: what was signed and sent goes on counting."""

from pathlib import Path

import pytest
from flask import Flask

from server.config import Config
from server.database import SERVER, reading
from server.domain.closings import closings_of
from server.domain.finding import numbered_findings
from server.domain.fold import LogView, fold_log, read_entry
from server.domain.operation import SERVER_ACCOUNT, ChainKey, digest_of
from server.domain.vocabulary import Origin
from server.storage import audits
from server.storage import operation_log as log
from server.storage.identifiers import new_id
from tests.devices import Device, codes
from tests.old_log import Backup, back_up, hand_back, put_back, remember
from tests.people import Person
from tests.reports.issuing import (
    TabletWithSample,
    ask,
    keep_pictures,
    made_text,
    refusal_of,
    sent,
    tablet_with_sample,
    work,
)
from tests.reports.sample import CLOSING, seal_closing, seal_report

pytestmark = pytest.mark.slow
OF_ARON = "closing_record/of-aron"


def view_of_log(audit: str) -> LogView:
    with reading(SERVER) as session:
        return fold_log(log.load_entries(session, audit))


def length_of_log(audit: str) -> int:
    with reading(SERVER) as session:
        row = audits.find_audit(session, audit)
        assert row is not None
        return row.head_seq


def counting(audit: str) -> str | None:
    found = closings_of(view_of_log(audit)).counting
    return None if found is None else found.ref


def test_a_report_that_went_out_keeps_its_records_and_its_numbers(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path
):
    """Lena had been replaced as leader, newer than the backup; nobody knows it when she closes and her report goes out."""
    tablet = tablet_with_sample(office)
    tablet.add_member(aron, "audit_team_leader")
    sent(tablet)
    backup, known = back_up(), length_of_log(tablet.audit)
    his = Device(aron, tablet.audit)
    his.make("set", "team_member/lena", "role", "observer", bases=tablet.heads["team_member/lena", "role"])
    his.push()
    old = remember(aron, tablet.audit)
    put_back(backup)
    seal_closing(tablet)
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert made_text(tablet, app, config)
    before = {finding.id: number for number, finding in numbered_findings(view_of_log(tablet.audit))}
    assert hand_back(aron, old, known).json["next"] is None
    assert counting(tablet.audit) == CLOSING
    earlier = "finding/earlier"
    his.add(earlier, raised_at="2026-11-24T06:00:00.000Z", raised_by=aron.account)
    his.push()
    after = {finding.id: number for number, finding in numbered_findings(view_of_log(tablet.audit))}
    assert {one: after[one] for one in before} == before
    assert after["earlier"] not in before.values()


def test_what_counted_first_is_no_later_because_somebody_released_it_meanwhile(office: Person, aron: Person):
    """Aron's closing record counted first. The restored server set it aside, another was sealed, and the lead auditor let his count."""
    tablet = tablet_with_sample(office)
    sent(tablet)
    backup, known = back_up(), length_of_log(tablet.audit)
    second = Device(office.enrol_another(), tablet.audit)
    second.add_member(aron, "audit_team_leader")
    sent(second)
    his = Device(aron, tablet.audit)
    his.pull()
    seen = his.view()
    seal_closing(his, view=seen, heads=[(tablet.chain, tablet.dseq, tablet.prev)], ref=OF_ARON)
    assert set(codes(his.push())) == {None}
    assert counting(tablet.audit) == OF_ARON
    old = remember(office, tablet.audit)
    put_back(backup)
    assert set(codes(his.push(his.made))) == {"audit.not_assigned"}
    seal_closing(tablet, view=seen, heads=[(tablet.chain, tablet.dseq, tablet.prev)])
    tablet.sent = 0
    tablet.push_all()
    for text in his.made:
        answer = office.post(f"/api/audits/{tablet.audit}/operations/{digest_of(text.encode())}/release")
        assert answer.status_code == 204
    assert counting(tablet.audit) == CLOSING
    assert hand_back(office, old, known).json["next"] is None
    assert counting(tablet.audit) == OF_ARON


def left_out(office: Person, aron: Person) -> tuple[TabletWithSample, Device, Backup]:
    """Aron stood in no team: what he wrote was set aside, and the records that Lena sealed leave it out. None of it is in the backup."""
    tablet = tablet_with_sample(office)
    sent(tablet)
    backup = back_up()
    his = Device(aron, tablet.audit)
    his.set(his.add_finding(), "title", "Raised before anybody put him into the team")
    assert set(codes(his.push())) == {"audit.not_assigned"}
    tablet.pull()
    heads = [(his.chain, his.dseq, his.prev)]
    seal_closing(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads])
    tablet.pulled += [e for t in tablet.made[tablet.sent :] if (e := read_entry(t.encode(), Origin.DEVICE))]
    seal_report(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads])
    return tablet, his, backup


@pytest.mark.parametrize("is_twice", [False, True], ids=["restored", "restored twice"])
def test_what_a_restored_server_lets_count_at_once_may_have_been_set_aside(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path, is_twice: bool
):
    """Nobody hands the old log back, and he is in the team by now. The report is made, and says what cannot be checked."""
    tablet, his, backup = left_out(office, aron)
    put_back(backup)
    second = Device(office.enrol_another(), tablet.audit)
    second.add_member(aron)
    sent(second)
    assert set(codes(his.push(his.made))) == {None}
    sent(tablet)
    if is_twice:
        put_back(back_up())
    keep_pictures(tablet, config, tmp_path)
    assert "Lost decisions" in made_text(tablet, app, config)


def test_words_of_a_server_that_never_was_are_not_lost(office: Person, aron: Person, app: Flask):
    """A tablet that names such a server has made it up, and leaves out what it does not like."""
    tablet, his, _backup = left_out(office, aron)
    second = Device(office.enrol_another(), tablet.audit)
    second.pull()
    heads = [(his.chain, his.dseq, his.prev), (ChainKey(new_id(), SERVER_ACCOUNT, tablet.audit), 2, "6" * 64)]
    assert second.view().quarantined
    seal_closing(second, view=second.view(), heads=heads)
    second.pulled += [e for t in second.made if (e := read_entry(t.encode(), Origin.DEVICE))]
    seal_report(second, view=second.view(), heads=[*heads, (second.chain, second.dseq, second.prev)])
    sent(second)
    ask(second)
    work(app)
    assert refusal_of(second) == ("report.seal_does_not_match", {"what": "what the server had said"})


def test_a_word_that_an_older_app_could_not_read_and_the_restore_has_lost_holds_no_report_up(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    sent(tablet)
    backup = back_up()
    his = Device(aron, tablet.audit)
    his.set(his.add_finding(), "title", "Raised before anybody put him into the team")
    his.push()
    tablet.pull()
    his_end, lost = (his.chain, his.dseq, his.prev), ["e" * 64]
    own = (tablet.chain, tablet.dseq, tablet.prev)
    seal_closing(tablet, view=tablet.view(), heads=[own, his_end], unread=lost)
    tablet.pulled += [e for t in tablet.made[tablet.sent :] if (e := read_entry(t.encode(), Origin.DEVICE))]
    own = (tablet.chain, tablet.dseq, tablet.prev)
    seal_report(tablet, view=tablet.view(), heads=[own, his_end], unread=lost)
    put_back(backup)
    his.push(his.made)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert "Lost decisions" in made_text(tablet, app, config)
