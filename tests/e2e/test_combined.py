"""A combined audit: one finding is a minor in one standard and a major in the other, and everybody reads both."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

BOTH = "Minor; ISO 14001:2015: Major"
REASON = "The permit was exceeded and nobody noticed."


@pytest.fixture
def lena(tablet: Tablets) -> Tablet:
    """Without a network, in an audit against ISO 9001 and ISO 14001, at a finding that cites both."""
    one = tablet.in_the_audit("lena")
    one.goes_offline()
    one.open_slot("Final inspection")
    one.raise_finding("Minor nonconformity", under="7.1.5.2", title="Rinsing bath not monitored")
    one.open_finding("Rinsing bath not monitored")
    return one


def test_the_grade_of_one_standard_is_taken_back_with_one_tap(lena: Tablet):
    lena.cites_too("9.1.2", "ISO 14001:2015")
    lena.grades_apart("ISO 14001:2015", "Opportunity", "There it is none.")
    lena.grade_in("ISO 14001:2015").get_by_role("button", name="Here too: Minor nonconformity").click()
    expect(lena.page.get_by_text("Same grade in every standard")).to_be_visible()


def test_a_finding_with_two_grades_is_read_and_sealed_with_both(lena: Tablet):
    lena.complete_nonconformity("Values are taken weekly.", "They are not.", "Log sheet W-3: 6 of 12 weeks empty.")
    expect(lena.page.get_by_text("Same grade in every standard")).to_be_hidden()
    lena.cites_too("9.1.2", "ISO 14001:2015")
    expect(lena.page.get_by_text("Same grade in every standard")).to_be_visible()
    lena.grades_apart("ISO 14001:2015", "Major", REASON)

    lena.page.get_by_role("button", name="Undo").first.click()
    expect(lena.page.get_by_text("Same grade in every standard")).to_be_visible()
    lena.grades_apart("ISO 14001:2015", "Major", REASON)
    lena.shows("two-grades")

    lena.enter("Findings")
    row = lena.page.get_by_role("link", name=re.compile("Rinsing bath not monitored"))
    expect(row).to_contain_text(BOTH)
    expect(row).to_contain_text("Major nonconformity")

    lena.note_attendance("Lena Brandt")
    read = lena.page.get_by_role("article", name=re.compile("Rinsing bath not monitored"))
    for words in ("ISO 9001:2015", "Minor nonconformity", "ISO 14001:2015", "Major nonconformity", REASON):
        expect(read).to_contain_text(words)
    for standard in ("ISO 9001:2015", "ISO 14001:2015"):
        lena.recommend("Recommended once the nonconformities are closed", standard)
    lena.show_closing_record()
    lena.sign("Audit team leader", "Lena Brandt")
    lena.sign("Auditee's representative", "Thomas Reiter")
    lena.seal_closing_record()
    record = lena.page.get_by_role("region", name=re.compile("Closing record"))
    expect(record.get_by_role("listitem").filter(has_text="Rinsing bath not monitored")).to_contain_text(BOTH)

    lena.comes_back_online()
    lena.waits_until_safe()
