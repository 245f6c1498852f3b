"""No network for days: what one tablet recorded reaches another one, and the server, by a file."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow


def log_of_the_audit(tablet: Tablet) -> list[Any]:
    """As the server gives it to whoever is signed in there."""
    return list(
        tablet.page.evaluate(
            """async (title) => {
                const audits = await (await fetch('/api/audits')).json();
                const { id } = audits.find((audit) => (audit.title ?? '').includes(title));
                const entries = [];
                for (let after = 0; ; after = entries.length) {
                    const page = await (await fetch(`/api/audits/${id}/operations?after=${after}&limit=1000`)).json();
                    entries.push(...page.operations);
                    if (entries.length >= page.head.seq) return entries;
                }
            }""",
            "Stage 2",
        )
    )


def by(entries: list[Any], words: str) -> list[str]:
    """The accounts that wrote what holds these words."""
    return [
        found[1]
        for entry in entries
        if words in entry["data"] and (found := re.search(r'"account":"([^"]+)"', entry["data"]))
    ]


def test_a_finding_goes_to_a_colleagues_tablet_and_from_there_to_the_server(tablet: Tablets, tmp_path: Path):
    lena, aron = tablet.in_the_audit("lena"), tablet.in_the_audit("aron")
    for one in (lena, aron):
        one.goes_offline()
    aron.raise_finding("Minor nonconformity", title="Gauges past their date")
    aron.take_photos(1)
    file, passphrase = aron.takes_out_by_hand(tmp_path)
    assert re.fullmatch(r"auditbook-\d{8}-\d{4}\.zip\.age", file.name)
    assert b"Gauges" not in file.read_bytes()

    expect(lena.opens_file(file, "not this passphrase")).to_contain_text("The passphrase does not fit this file")
    lena.page.keyboard.press("Escape")
    dialog = lena.takes_in(file, passphrase)
    expect(dialog).to_contain_text("Taken in:")
    expect(dialog).to_contain_text("1 picture")
    dialog.get_by_role("button", name="Done").click()
    expect(lena.page.get_by_text(re.compile("entries by Aron Weiss came by hand"))).to_be_visible()
    lena.goes_back_to_the_audit()
    lena.open_finding("Gauges past their date")

    lena.comes_back_online()
    lena.syncs_now()
    expect(lena.page.get_by_text("came by hand")).to_have_count(0)
    entries = log_of_the_audit(lena)
    [author] = by(entries, "Gauges past their date")
    session = lena.page.evaluate("async () => (await fetch('/api/session')).json()")
    assert author != session["account"]
    assert not by(entries, "operation.not_yours")

    aron.comes_back_online()
    aron.syncs_now()
    assert len(log_of_the_audit(aron)) == len(entries)
    again = aron.page.evaluate("async () => (await fetch('/api/session')).json()")
    assert author == again["account"]


def test_a_spare_tablet_goes_on_where_the_dead_one_stopped(tablet: Tablets, tmp_path: Path):
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    lena.raise_finding("Minor nonconformity", title="Before it fell")
    file, passphrase = lena.takes_out_by_hand(tmp_path)
    lena.close()

    spare = tablet("spare")
    spare.sign_in("lena@nordlicht.example")
    spare.waits_until_ready_offline()
    spare.goes_offline()
    spare.takes_in(file, passphrase).get_by_role("button", name="Done").click()
    expect(spare.page.get_by_text(re.compile("entries from another device of yours"))).to_be_visible()
    spare.goes_back_to_the_audit()
    spare.open_finding("Before it fell")
    spare.retitle_open_finding("After it fell")
    spare.comes_back_online()
    spare.syncs_now()
    expect(spare.page.get_by_text("set aside by the server")).to_be_hidden()
    expect(spare.page.get_by_text("came by hand")).to_have_count(0)


def test_whoever_signs_out_with_unsent_work_is_offered_a_file(tablet: Tablets):
    aron = tablet.in_the_audit("aron")
    aron.goes_offline()
    aron.take_note("Only here")
    aron.page.goto(f"{aron.address}/#/settings")
    aron.page.get_by_role("button", name="Sign out", exact=True).click()
    aron.page.get_by_role("dialog").get_by_role("button", name="Take it out by hand").click()
    expect(aron.page.get_by_role("dialog", name="Write a file to take out")).to_contain_text("not sent yet")
