"""Before the seal and after it: nothing is sealed over a field in red, one sees that it is sealed, and nothing changes by accident."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Tablets

pytestmark = pytest.mark.slow

ROOMS = ("Day", "Clauses", "Findings", "Evidence", "Set-up", "Closing", "Report")


def test_what_is_sealed_is_seen_everywhere_and_changed_only_on_purpose(tablet: Tablets):
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    page = lena.page
    lena.note_attendance("Lena Brandt")
    lena.recommend("Recommended")
    lena.show_closing_record()
    lena.sign("Audit team leader", "Lena Brandt")
    lena.note_absent("Auditee's representative", "Thomas Reiter", "On the road; the record goes to him by mail.")

    # A field in red is missing, and is not dropped in silence.
    headcount = page.get_by_role("textbox", name="Headcount")
    headcount.fill("sixty")
    headcount.blur()
    seal = page.get_by_role("button", name="Seal the closing record")
    expect(seal).to_be_disabled()
    page.get_by_role("button", name="Go there: “Headcount” is not kept").first.click()
    heading = page.get_by_role("heading", name="Confirmed application data")
    expect(heading).to_be_in_viewport(ratio=1)
    assert _is_uncovered(heading), "the heading lies under the bar"
    headcount.fill("")
    headcount.blur()
    lena.seal_closing_record()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()

    for room in ROOMS:
        lena.enter(room)
        expect(page.get_by_text(re.compile(r"^\s*Sealed on \d"))).to_be_visible()
    lena.shows("sealed-mark")

    # The first change is asked about; whoever says no has changed nothing, whoever says yes is asked no more.
    asked = page.get_by_role("dialog", name="Change something after the seal?")
    page.get_by_role("button", name="Note", exact=True).click()
    asked.get_by_role("button", name="Leave it as it is").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Note", exact=True).click()
    lena.shows("after-seal-asked")
    asked.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("dialog").get_by_role("textbox").first).to_be_visible()
    page.keyboard.press("Escape")

    share = page.get_by_role("textbox", name="Remote share in percent")
    share.fill("150")
    share.blur()
    expect(page.get_by_text("“Remote share in percent” is not kept")).to_be_visible()
    expect(page.get_by_role("button", name="Seal the report")).to_be_disabled()
    lena.must_not_have_complained()


def _is_uncovered(heading: Locator) -> bool:
    """Whether what lies on the glass at its upper edge is the heading itself."""
    return bool(
        heading.evaluate(
            """(shown) => new Promise((told) => setTimeout(() => {
              const box = shown.getBoundingClientRect();
              told(shown.contains(document.elementFromPoint(box.x + 4, box.y + 2)));
            }, 1200))"""
        )
    )
