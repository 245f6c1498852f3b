"""A colleague's tablet has a newer app than the one that seals: what that cannot read is named, left out and told, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.config import Config
from server.domain.fold import fold_log, read_entry
from server.domain.operation import digest_of
from server.domain.vocabulary import Origin
from tests.devices import Device
from tests.people import Person
from tests.reports.issuing import ask, keep_pictures, listed, made_text, refusal_of, sent, tablet_with_sample, work
from tests.reports.sample import seal_closing, seal_report

pytestmark = pytest.mark.slow


def sealed_without(tablet: Device, his: Device, unread: list[str], *, named: list[str]) -> None:
    """Both records, by an app that could not read these entries of his; `named`: what it says about that."""
    tablet.pulled = [entry for entry in tablet.pulled if entry.operation.digest not in unread]
    heads = [(tablet.chain, tablet.dseq, tablet.prev), (his.chain, his.dseq, his.prev)]
    seal_closing(tablet, view=fold_log(tablet.pulled), heads=heads, unread=named)
    tablet.pulled += [
        entry for text in tablet.made[tablet.sent :] if (entry := read_entry(text.encode(), Origin.DEVICE))
    ]
    heads[0] = (tablet.chain, tablet.dseq, tablet.prev)
    seal_report(tablet, view=fold_log(tablet.pulled), heads=heads, unread=named)
    sent(tablet)


def written_by(office: Person, aron: Person, schema: int) -> tuple[Any, Device, str]:
    """Aron corrects a title with an app of this schema, and goes on."""
    tablet = tablet_with_sample(office)
    tablet.add_member(aron)
    sent(tablet)
    his = Device(aron, tablet.audit)
    context = {"app": "9.0", "schema": schema, "zone": "Europe/Berlin"}
    title = his.make(
        "set", "finding/f1", "title", "Of a newer app", bases=tablet.heads["finding/f1", "title"], ctx=context
    )
    his.set("note/n", "text", "and on he goes")
    his.push()
    tablet.pull()
    return tablet, his, digest_of(title.encode())


def test_a_tablet_with_an_older_app_can_seal(office: Person, aron: Person, app: Flask, config: Config, tmp_path: Path):
    tablet, his, title = written_by(office, aron, schema=2)
    sealed_without(tablet, his, [title], named=[title])
    keep_pictures(tablet, config, tmp_path)
    text = made_text(tablet, app, config)
    assert "Of a newer app" not in text
    assert "1 entry had been written with a newer version of the app" in text


def test_what_an_app_of_this_version_wrote_is_not_left_out_as_unread(office: Person, aron: Person, app: Flask):
    tablet, his, title = written_by(office, aron, schema=1)
    sealed_without(tablet, his, [title], named=[title])
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what it says could not be read"})


def test_what_is_left_out_has_to_be_named(office: Person, aron: Person, app: Flask):
    tablet, his, title = written_by(office, aron, schema=2)
    sealed_without(tablet, his, [title], named=[])
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "the closing record"})


def test_what_the_tablet_never_had_cannot_be_unread(office: Person, aron: Person, app: Flask):
    tablet, his, _ = written_by(office, aron, schema=2)
    sealed_without(tablet, his, [], named=["f" * 64])
    ask(tablet)
    work(app)
    assert refusal_of(tablet) == ("report.seal_does_not_match", {"what": "what it says could not be read"})
    assert [report["state"] for report in listed(tablet)] == ["failed"]
