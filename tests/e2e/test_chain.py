"""Where a photo has been: from the log without a network, and with one what the server alone knows; a signed file says who signed."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet
from tests.evidence.pictures import as_file, quartered
from tests.evidence.signed import CAMERA, FIRMWARE, signed

pytestmark = pytest.mark.slow

CLAUSE = "7.1.5.2"


def _opens_chain(lena: Tablet) -> Locator:
    lena.enter("Evidence")
    lena.page.get_by_role("main").get_by_role("button", name=re.compile("^Open the photo")).first.click()
    lena.page.get_by_role("dialog").get_by_role("link", name="Chain of custody").click()
    expect(lena.page.get_by_role("dialog")).to_have_count(0)
    chain = lena.page.get_by_role("main").get_by_role("list", name="Chain of custody")
    expect(chain).to_be_visible()
    return chain


def _step(chain: Locator, title: str | re.Pattern[str]) -> Locator:
    heading = chain.page.get_by_role("heading", name=title, level=3)
    return chain.get_by_role("listitem").filter(has=heading)


def test_a_photo_tells_where_it_has_been_first_alone_and_then_with_the_server(tablet: Tablets, tmp_path: Path):
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    lena.open_slot("Final inspection")
    lena.raise_finding("Minor nonconformity", under=CLAUSE, title="Gauges past their date")
    photo = tmp_path / "gauge.jpg"
    photo.write_bytes(signed(as_file(quartered((1200, 800)))))
    lena.open_finding("Gauges past their date")
    lena.photograph_finding(photo)

    chain = _opens_chain(lena)
    expect(lena.page.get_by_text("They appear here once it can be reached.")).to_be_visible()
    captured = _step(chain, "Captured")
    expect(captured).to_contain_text("by the tablet’s clock")
    expect(captured).to_contain_text(re.compile("Lena .* · this tablet, Auditbook "))
    expect(_step(chain, re.compile("^Fingerprint taken")).locator("code").first).to_have_text(
        re.compile("^[0-9a-f]{64}$")
    )
    expect(_step(chain, re.compile("^Filed under Finding"))).to_be_visible()
    expect(_step(chain, "Verified by the server")).to_have_count(0)
    lena.shows("chain-offline")

    lena.comes_back_online()
    verified = _step(chain, "Verified by the server")
    expect(verified).to_contain_text("the fingerprint is the one that the tablet had taken", timeout=60_000)
    expect(verified).to_contain_text("by the server’s clock")
    expect(_step(chain, "Sent to the server")).to_contain_text("Lena")
    expect(captured).to_contain_text("received by the server")
    first = _step(chain, re.compile("^Fingerprint taken")).locator("code").first.inner_text()
    expect(verified.locator("code").first).to_have_text(first)

    credentials = lena.page.get_by_role("region", name="Content credentials (C2PA)")
    expect(credentials).to_contain_text("They fit this file", timeout=60_000)
    expect(credentials).to_contain_text("Who signed is not known to us")
    expect(credentials).to_contain_text(CAMERA)
    expect(credentials).to_contain_text(FIRMWARE)
    expect(credentials).to_contain_text("taken by a camera")
    lena.shows("chain-online")

    # With the keyboard alone: the entry of a step unfolds, and Back leads to the evidence.
    captured.get_by_text("Entry in the log").focus()
    lena.page.keyboard.press("Enter")
    expect(captured.locator("code")).to_have_count(1)
    lena.page.go_back()
    expect(lena.page.get_by_role("heading", name="Evidence", level=1)).to_be_visible()


def test_an_address_of_no_evidence_says_so(tablet: Tablets):
    lena = tablet.in_the_audit("lena")
    audit = lena.page.url.rpartition("/")[2]
    lena.page.goto(f"{lena.address}/#/audits/{audit}/evidence/nothing/chain")
    expect(lena.page.get_by_text("Nothing is known of this evidence here")).to_be_visible()
    lena.page.get_by_role("link", name="To the evidence").click()
    expect(lena.page.get_by_role("heading", name="Evidence", level=1)).to_be_visible()
