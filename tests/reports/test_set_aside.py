"""What was set aside when a record was frozen, and what a record says of itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.config import Config
from server.domain.fold import fold_log, read_entry
from server.domain.operation import digest_of
from server.domain.vocabulary import Origin
from server.sync.restore import begin_again
from tests.devices import Device, codes, value_of
from tests.people import Person
from tests.reports import sample
from tests.reports.issuing import ask, keep_pictures, made_text, refusal_of, reseal, sent, tablet_with_sample, work
from tests.reports.sample import CLOSING, seal_closing, seal_report

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


def of(texts):
    return [digest_of(t.encode()) for t in texts]


def seal_leaving_out(tablet, left_out, heads):
    seal_closing(
        tablet, view=fold_log(tablet.pulled, left_out), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads]
    )
    tablet.pulled += [e for t in tablet.made[tablet.sent :] if (e := read_entry(t.encode(), Origin.DEVICE))]
    seal_report(
        tablet, view=fold_log(tablet.pulled, left_out), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads]
    )


def raise_major(his: Device) -> str:
    finding = "finding/of-aron"
    his.add(finding, raised_at="2026-11-24T09:41:07.250Z", raised_by=his.person.account)
    his.set(finding, "title", "Pressure vessel without inspection")
    his.set(finding, "grade", "major_nonconformity")
    his.set(finding, "criteria", ["iso9001-2015:7.1.3"])
    for part in ("requirement", "failure", "objective_evidence"):
        his.set(finding, part, "said")
    return finding


def major_of_aron(office, aron):
    tablet = tablet_with_sample(office)
    sent(tablet)
    his = Device(aron, tablet.audit)
    f = raise_major(his)
    assert set(codes(his.push())) == {"audit.not_assigned"}  # he began before he stood in the team
    tablet.add_member(aron)
    sent(tablet)
    his.set("note/n", "text", "and on he goes")
    his.push()
    tablet.pull()
    assert tablet.view().quarantined == {}  # everybody sees it, it counts
    assert tablet.view().entity(f).get("grade") == "major_nonconformity"
    return tablet, his


def test_what_counts_when_the_record_is_frozen_is_not_left_out(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet, his = major_of_aron(office, aron)
    seal_leaving_out(tablet, of(his.made[:-1]), [(his.chain, his.dseq, his.prev)])
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what it says was set aside"})


def test_what_the_tablet_had_pulled_cannot_be_denied(office: Person, aron: Person, app: Flask):
    """The release had come to the tablet, and the record names the verdict before it as the last that it had heard."""
    tablet, his = major_of_aron(office, aron)
    words = [entry.operation.digest for entry in tablet.pulled if entry.operation.kind == "verdict"]
    told = [entry for entry in tablet.pulled if entry.operation.digest not in words[-3:]]
    tablet.pulled = told
    seal_leaving_out(tablet, of(his.made[:-1]), [(his.chain, his.dseq, his.prev)])
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what the server had said"})


def test_nor_is_one_side_of_an_open_dispute(office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path):
    tablet = tablet_with_sample(office)
    sent(tablet)
    his = Device(aron, tablet.audit)
    his.make("set", "finding/f2", "grade", "major_nonconformity", bases=[])
    assert set(codes(his.push())) == {"audit.not_assigned"}
    tablet.add_member(aron)
    sent(tablet)
    his.set("note/n", "text", "and on he goes")
    his.push()
    tablet.pull()
    assert tablet.view().entity("finding/f2").fields["grade"].is_disputed
    seal_leaving_out(tablet, of(his.made[:1]), [(his.chain, his.dseq, his.prev)])
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what it says was set aside"})


def test_a_closing_record_does_not_count_what_was_set_aside_before(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path
):
    """Aron is no member: what he wrote stands aside, the tablet has pulled that, and the record shows it all the same."""
    tablet = tablet_with_sample(office)
    sent(tablet)
    his = Device(aron, tablet.audit)
    his.make("set", "finding/f2", "grade", "positive", bases=tablet.heads["finding/f2", "grade"])
    assert set(codes(his.push())) == {"audit.not_assigned"}
    tablet.pull()
    heads = [(his.chain, his.dseq, his.prev)]
    seal_closing(tablet, view=fold_log(tablet.pulled, []), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads])
    tablet.pulled += [e for t in tablet.made[tablet.sent :] if (e := read_entry(t.encode(), Origin.DEVICE))]
    seal_report(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads])
    assert json.loads(tablet.view().entity(CLOSING).born["record"])["findings"][1]["grade"] == "positive"
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what it says was set aside"})


def member_with_major(office: Person, aron: Person) -> tuple[Any, Device, tuple[Any, int, str]]:
    """Aron is in the team and raises a major nonconformity; where his chain ended before it."""
    tablet = tablet_with_sample(office)
    tablet.add_member(aron)
    sent(tablet)
    his = Device(aron, tablet.audit)
    his.set("note/n", "text", "first")
    before = (his.chain, his.dseq, his.prev)
    raise_major(his)
    assert set(codes(his.push())) == {None}
    tablet.pull()
    return tablet, his, before


def seal_with(tablet: Any, his_head: tuple[Any, int, str], **more: Any) -> None:
    seal_closing(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), his_head], **more)
    tablet.pulled += [e for t in tablet.made[tablet.sent :] if (e := read_entry(t.encode(), Origin.DEVICE))]
    seal_report(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), his_head], **more)
    sent(tablet)


def test_what_the_tablet_had_pulled_lies_under_its_heads(office: Person, aron: Person, app: Flask):
    """It says that it had pulled the whole log, and names the end of a colleague's chain before his major nonconformity."""
    tablet, his, before = member_with_major(office, aron)
    tablet.pulled = [e for e in tablet.pulled if e.operation.chain != his.chain or e.operation.dseq <= before[1]]
    seal_with(tablet, before)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what lies under its heads"})


def test_no_app_is_older_than_what_it_has_written(
    office: Person, aron: Person, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    """By the word of an older app a colleague's entries could be called unreadable."""
    tablet, his, _ = member_with_major(office, aron)
    real = sample.frozen
    monkeypatch.setattr(sample, "frozen", lambda device, at: real(device, at) | {"schema": 0})
    monkeypatch.setattr("server.reports.gather.is_frozen_by_author", lambda entity, record: True)
    seal_with(tablet, (his.chain, his.dseq, his.prev))
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "which app froze it"})


def test_a_tablet_that_denies_what_it_had_pulled_is_told_on_the_report(
    office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path
):
    """Aron's is set aside, and the tablet knows it: the closing record counts it as if nothing had ever been pulled."""
    tablet = tablet_with_sample(office)
    sent(tablet)
    his = Device(aron, tablet.audit)
    raise_major(his)
    assert set(codes(his.push())) == {"audit.not_assigned"}
    tablet.pull()
    tablet.set("note/n2", "text", "written when it had all of it")
    pulled, place = list(tablet.pulled), (tablet.epoch, tablet.cursor, tablet.hash)
    own = [e for t in tablet.made[tablet.sent :] if (e := read_entry(t.encode(), Origin.DEVICE))]
    tablet.pulled = [e for e in pulled if e.origin is not Origin.SERVER] + own
    tablet.epoch, tablet.cursor, tablet.hash = None, 0, "0" * 64
    heads = [(his.chain, his.dseq, his.prev)]
    seal_closing(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads])
    tablet.epoch, tablet.cursor, tablet.hash = place
    tablet.pulled = pulled + [e for t in tablet.made[tablet.sent :] if (e := read_entry(t.encode(), Origin.DEVICE))]
    seal_report(tablet, view=tablet.view(), heads=[(tablet.chain, tablet.dseq, tablet.prev), *heads])
    sent(tablet)
    keep_pictures(tablet, config, tmp_path)
    assert "Lost decisions" in made_text(tablet, app, config)


def test_how_far_it_had_pulled_is_what_the_log_says(office: Person, app: Flask):
    """Of this epoch the log still knows the running hash at every number."""
    tablet = tablet_with_sample(office)
    sent(tablet)
    tablet.pull()
    tablet.hash = "f" * 64
    seal_closing(tablet)
    seal_report(tablet)
    sent(tablet)
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "how far it had pulled the log"})
