"""Evidence in words on the floor: a few taps, kept through a dead battery, filed to several; and areas in which nobody takes photos."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

OPERATOR = "Machine operator, agency worker, night shift"
SAID = "Sends a gauge back when its label has run out."


@pytest.fixture
def lena(tablet: Tablets) -> Tablet:
    """On the floor, without a network, where gauges are looked at."""
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    lena.open_slot("Final inspection")
    return lena


def _sheet(lena: Tablet, kind: str) -> Locator:
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    sheet = lena.page.get_by_role("dialog")
    sheet.get_by_role("group", name="What is it?").get_by_role("button", name=kind, exact=True).click()
    return sheet


def _card(lena: Tablet, label: str) -> Locator:
    return lena.page.get_by_role("main").get_by_role("button", name=f"Open: {label}")


def test_an_interview_is_kept_in_four_taps_and_says_where_by_itself(lena: Tablet):
    with lena.counting_taps() as taps:
        lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).tap()
        sheet = lena.page.get_by_role("dialog")
        sheet.get_by_role("button", name="Interview", exact=True).tap()
        expect(sheet.get_by_label("Role of the person")).to_be_focused()
        lena.page.keyboard.type(OPERATOR)
        sheet.get_by_label("What was said").tap()
        lena.page.keyboard.type(SAID)
        sheet.get_by_role("button", name="Keep the interview").tap()
        expect(sheet).to_be_hidden()
    assert taps.count <= 4
    expect(lena.page.get_by_role("button", name=f"Select: {OPERATOR}")).to_be_visible()
    lena.enter("Evidence")
    _card(lena, OPERATOR).click()
    viewer = lena.page.get_by_role("dialog")
    expect(viewer.get_by_label("What was said")).to_have_value(SAID)
    viewer.get_by_text("Facts · Interview").click()
    expect(viewer.get_by_label("Process").locator("option:checked")).to_have_text("Final inspection and gauges")
    expect(viewer.get_by_label("Area").locator("option:checked")).to_contain_text("Hall 2, milling")


def test_what_nobody_else_could_verify_is_said_at_its_field(lena: Tablet):
    sheet = _sheet(lena, "Interview")
    sheet.get_by_label("What was said").fill(SAID)
    sheet.get_by_role("button", name="Keep the interview").click()
    expect(sheet.get_by_label("Role of the person")).to_have_accessible_description(
        re.compile("Give the role of the person.")
    )
    expect(sheet).to_be_visible()


def test_half_a_document_survives_a_dead_battery_and_serves_two_clauses(lena: Tablet):
    sheet = _sheet(lena, "Document")
    sheet.get_by_label("Title of the document").fill("Measuring equipment")
    sheet.get_by_label("Identifier").press_sequentially("W-07")
    lena.page.wait_for_timeout(1000)
    lena.battery_dies()
    lena.starts_again(offline=True)
    lena.open_audit()
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    sheet = lena.page.get_by_role("dialog")
    expect(sheet.get_by_label("Title of the document")).to_have_value("Measuring equipment")
    expect(sheet.get_by_label("Identifier")).to_have_value("W-07")
    sheet.get_by_label("Revision").fill("4")
    for clause in ("7.1.5.2", "7.5.3.1"):
        sheet.get_by_role("button", name="Add a clause").click()
        finder = lena.page.get_by_role("dialog").last
        lena.page.keyboard.type(clause)
        finder.get_by_role("button", name=re.compile(f"^{re.escape(clause)}.*ISO 9001")).click()
        if finder.get_by_role("button", name="Done").is_visible():
            finder.get_by_role("button", name="Done").click()
    sheet.get_by_role("button", name="Keep the document").click()
    expect(sheet).to_be_hidden()
    lena.enter("Evidence")
    _card(lena, "W-07 Measuring equipment").click()
    filed = lena.page.get_by_role("dialog").get_by_role("region", name="Filed under")
    expect(filed.get_by_role("listitem")).to_have_count(2)


def test_a_told_piece_is_changed_later_and_filed_to_a_finding(lena: Tablet):
    lena.raise_finding("Minor nonconformity", title="Gauge past its date")
    sheet = _sheet(lena, "Observation")
    sheet.get_by_label("What you saw").fill("No drip tray under drum 3.")
    sheet.get_by_role("button", name="Keep the observation").click()
    lena.enter("Evidence")
    _card(lena, "No drip tray under drum 3.").click()
    viewer = lena.page.get_by_role("dialog").first
    viewer.get_by_label("What you saw").fill("No drip tray under drums 3 and 4.")
    viewer.get_by_role("button", name="File under a finding").click()
    lena.page.get_by_role("dialog").last.get_by_role("button", name=re.compile("Gauge past its date")).click()
    expect(viewer.get_by_role("heading", level=2)).to_have_text("No drip tray under drums 3 and 4.")
    lena.page.keyboard.press("Escape")
    lena.open_finding(re.compile("Gauge past its date"))
    expect(lena.page.get_by_role("button", name="Open: No drip tray under drums 3 and 4.")).to_be_visible()


def test_where_photos_are_forbidden_the_camera_is_not_offered_and_words_are(lena: Tablet):
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()
    camera = lena.page.get_by_role("dialog", name="Photo")
    camera.get_by_label("Area").select_option(label="Hall 2, prototype cell · No photos")
    expect(camera.get_by_text("No photos in “Hall 2, prototype cell”.")).to_be_visible()
    expect(camera.get_by_role("button", name="Take a photo")).to_have_count(0)
    expect(camera.get_by_label("From files")).to_have_count(0)
    camera.get_by_role("button", name="Tell it in words").click()
    sheet = lena.page.get_by_role("dialog", name="Observation")
    sheet.get_by_label("What you saw").fill("Order 4720: parts covered.")
    sheet.get_by_role("button", name="Keep the observation").click()
    lena.enter("Evidence")
    _card(lena, "Order 4720: parts covered.").click()
    expect(lena.page.get_by_text("Facts · Observation · Hall 2, prototype cell")).to_be_visible()


def test_where_photos_need_a_yes_it_is_asked_once_and_stands_beside_the_photo(lena: Tablet):
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()
    camera = lena.page.get_by_role("dialog", name="Photo")
    camera.get_by_label("Area").select_option(label="Office · Ask first")
    expect(camera.get_by_role("button", name="Take a photo")).to_have_count(0)
    camera.get_by_label("Name or function").fill("Managing director")
    camera.get_by_role("button", name="They said yes").click()
    camera.get_by_role("button", name="Take a photo").click()
    expect(camera.get_by_role("status").first).to_contain_text("1 kept on this device")
    camera.get_by_role("button", name="Done").click()
    lena.enter("Evidence")
    lena.page.get_by_role("main").get_by_role("button", name=re.compile("^Open the photo")).click()
    viewer = lena.page.get_by_role("dialog")
    viewer.get_by_text("Facts · Observation · Office").click()
    expect(viewer.get_by_text("Allowed by: Managing director")).to_be_visible()


def test_an_area_is_set_up_with_its_rule_and_its_rule_can_change(lena: Tablet):
    lena.enter("Set-up")
    lena.page.get_by_role("tab", name="Places").click()
    areas = lena.page.get_by_role("region", name="Areas")
    areas.get_by_label("New area").fill("Coating line")
    areas.get_by_role("group", name="Photos", exact=True).get_by_role("button", name="Ask first").click()
    areas.get_by_role("button", name="Add").click()
    rule = areas.get_by_role("group", name="Photos: Coating line")
    expect(rule.get_by_role("button", name="Ask first")).to_have_attribute("aria-pressed", "true")
    rule.get_by_role("button", name="No photos").click()
    expect(rule.get_by_role("button", name="No photos")).to_have_attribute("aria-pressed", "true")
