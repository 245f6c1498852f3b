"""What stands in the way of a hand: a word that runs off a phone's glass, a way back that lies under a sheet."""

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from tests.e2e.browser import PHONE, TABLET
from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

ENDLESS = "Donaudampfschifffahrtsgesellschaftskapitaensmuetze" * 3


def _raises(tablet: Tablet, finding: str, grade: str) -> Locator:
    """The sheet, which stays open after the tap."""
    tablet.page.get_by_role("button", name=re.compile(f"^{finding}")).first.click()
    sheet = tablet.page.get_by_role("dialog")
    sheet.get_by_role("button", name=grade, exact=True).click()
    expect(sheet.get_by_role("heading", name=re.compile(f"^{finding} 0"))).to_be_visible()
    return sheet


def _lies_whole(part: Locator, width: int) -> None:
    box = part.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_the_way_back_can_be_tapped_while_a_sheet_is_open(tablet: Tablets):
    lena = tablet.in_the_audit("lena")
    lena.open_slot("Final inspection")
    sheet = _raises(lena, "Finding", "Minor nonconformity")
    sheet.get_by_role("button", name="Undo").click()
    sheet.get_by_role("button", name="Close").first.click()
    lena.enter("Findings")
    expect(lena.page.get_by_text("Not described yet")).to_have_count(0)


def test_the_longest_word_of_german_fits_on_a_phone_with_its_way_back(tablet: Tablets):
    lena = tablet.ready("lena", viewport=PHONE)
    lena.page.evaluate("() => { localStorage['auditbook.locale'] = 'de' }")
    lena.reloads()
    lena.page.get_by_role("link", name=re.compile("repeated")).click()
    sheet = _raises(lena, "Feststellung", "Verbesserungspotenzial")
    for name in ("Rückgängig", "Schließen"):
        _lies_whole(sheet.get_by_role("status").get_by_role("button", name=name), PHONE["width"])
    sheet.get_by_role("button", name="Fertig").click()
    expect(sheet).to_be_hidden()
    said = lena.page.get_by_role("status").filter(has_text="Verbesserungspotenzial")
    for name in ("Rückgängig", "Schließen"):
        _lies_whole(said.get_by_role("button", name=name), PHONE["width"])


def test_a_new_audit_knows_the_body_and_breaks_an_endless_name(tablet: Tablets):
    lena = tablet.ready("lena", viewport=PHONE)
    lena.creates_audit(ENDLESS, ENDLESS)
    expect(lena.page.get_by_label("Address of the certification body")).to_have_value(
        "Leuchtturmweg 1, 00003 Nordhafen"
    )
    lena.page.goto(f"{lena.address}/#/audits")
    expect(lena.audit_titled(ENDLESS)).to_be_visible()
    assert lena.page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]


def test_a_last_day_before_the_first_is_said_under_its_field(tablet: Tablets):
    lena = tablet("lena")
    lena.sign_in("lena@nordlicht.example")
    lena.page.get_by_role("link", name="New audit").first.click()
    offered = lena.page.get_by_label("Type of audit").get_by_role("option")
    expect(offered.filter(has_text="Surveillance audit")).to_have_count(1)
    expect(offered.filter(has_text=re.compile("Gap|Internal|Supplier"))).to_have_count(0)
    last = lena.page.get_by_label("Last day")
    last.fill(date(2020, 1, 1).isoformat())
    lena.page.get_by_role("button", name="Create the audit").click()
    expect(last).to_have_accessible_description("The last day is before the first.")
    expect(lena.page.get_by_role("heading", name="New audit", level=1)).to_be_visible()


@pytest.mark.parametrize("viewport", [TABLET, PHONE], ids=["tablet", "phone"])
def test_the_way_back_steps_aside_while_the_tablet_asks_something(tablet: Tablets, viewport: ViewportSize):
    lena = tablet.in_the_audit("lena", viewport=viewport)
    lena.raise_finding("Minor nonconformity", title="Gauges past their date")
    lena.open_finding("Gauges past their date")
    page = lena.page
    lena.raise_finding("Major nonconformity")
    undo = page.get_by_role("status").get_by_role("button", name="Undo")
    # A finger on it keeps it there.
    undo.hover()
    page.get_by_role("button", name="Withdraw").press("Enter")
    asked = page.get_by_role("dialog", name=re.compile("^Withdraw"))
    expect(asked).to_be_visible()
    lena.shows("asked")
    expect(undo).to_have_count(0)
    asked.get_by_role("button", name="Cancel").click()
    expect(undo).to_be_visible()


def test_the_steps_of_the_meeting_fade_where_a_phone_cuts_them(tablet: Tablets):
    lena = tablet.in_the_audit("lena", viewport=PHONE)
    lena.enter("Closing")
    steps = lena.page.get_by_role("navigation", name="Steps").get_by_role("list")
    expect(steps).to_have_attribute("data-fades", "right")
    lena.shows("steps")
    steps.evaluate("(row) => row.scrollTo({ left: 120, behavior: 'instant' })")
    expect(steps).to_have_attribute("data-fades", "left right")
