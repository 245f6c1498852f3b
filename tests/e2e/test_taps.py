"""How many taps the work takes, counted on the glass. A test measures the taps; the seconds are for a person with gloves on."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def at_the_bench(hands: Tablets) -> Tablet:
    tablet = hands.in_the_audit("lena")
    tablet.goes_offline()
    return tablet


@pytest.fixture
def lena(at_the_bench: Tablet, hands: Tablets) -> Tablet:
    """In the slot that runs, without a network, with the first clause unfolded."""
    at_the_bench.enter("Findings")
    at_the_bench.open_slot("Final inspection")
    return at_the_bench


def test_a_photo_is_filed_under_its_clause_in_three_taps(lena: Tablet):
    with lena.counting_taps() as taps:
        lena.page.get_by_role("button", name=re.compile("^Photo for 7.1.5.1")).tap()
        sheet = lena.page.get_by_role("dialog", name=re.compile("^Photo"))
        sheet.get_by_role("button", name="Take a photo").tap()
        expect(sheet.get_by_role("status").first).to_contain_text("1 kept on this device")
        sheet.get_by_role("button", name="Done").tap()
    expect(lena.clause("7.1.5.1").get_by_role("button", name=re.compile("^Open the photo")).first).to_be_visible()
    assert taps.count <= 3


def test_a_nonconformity_is_raised_in_three_taps(lena: Tablet):
    with lena.counting_taps() as taps:
        lena.clause("7.1.5.2").get_by_role("button", name="Finding under").tap()
        sheet = lena.page.get_by_role("dialog")
        sheet.get_by_role("button", name="Minor nonconformity", exact=True).tap()
        sheet.get_by_role("button", name="Done").tap()
        expect(sheet).to_be_hidden()
    assert taps.count <= 3
    lena.enter("Findings")
    expect(lena.page.get_by_role("link", name=re.compile("Without a title.*7.1.5.2"))).to_be_visible()


def test_a_clause_is_found_in_three_taps(lena: Tablet):
    with lena.counting_taps() as taps:
        lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Find a clause").tap()
        # The field has the focus already, so typing costs no tap.
        lena.page.keyboard.type("9.2.1")
        lena.page.get_by_role("list", name="Clauses found").get_by_role(
            "button", name=re.compile("^9.2.1.*ISO 9001")
        ).tap()
        expect(lena.clause("9.2.1")).to_be_visible()
    assert taps.count <= 3


def test_what_is_unseen_on_the_night_shift_in_hall_two_takes_four_taps(lena: Tablet):
    with lena.counting_taps() as taps:
        lena.page.get_by_role("link", name=re.compile("^Not yet seen")).tap()
        lena.page.get_by_role("group", name="Shift").get_by_role("button", name="Night").tap()
        # Milling is what runs in hall 2 at night.
        lena.page.get_by_role("group", name="Process").get_by_role("button", name="Milling").tap()
        expect(lena.page.get_by_text(re.compile(r"\d+ clauses are planned for"))).to_be_visible()
    assert taps.count <= 4
    expect(lena.page.get_by_role("link", name=re.compile("^8.5.1"))).to_be_visible()
    expect(lena.page.get_by_role("link", name=re.compile("^9.2.1"))).to_be_hidden()


def test_a_finding_is_regraded_with_its_reason_in_three_taps(lena: Tablet):
    lena.raise_finding("Opportunity for improvement", title="Recall list on paper")
    lena.enter("Findings")
    with lena.counting_taps() as taps:
        lena.page.get_by_role("link", name="Recall list on paper").tap()
        lena.page.get_by_role("group", name="Grade").get_by_role("button", name="Minor").tap()
        lena.page.keyboard.type("Two shifts work without it.")
        lena.page.get_by_role("button", name="Regrade", exact=True).tap()
        expect(lena.page.get_by_text("Regraded: Minor nonconformity")).to_be_visible()
    assert taps.count <= 3
    expect(lena.page.get_by_label("Why this grade")).to_have_value("Two shifts work without it.")


def test_a_finding_is_withdrawn_with_its_reason_in_three_taps(lena: Tablet):
    lena.raise_finding("Opportunity for improvement", title="Said by mistake")
    lena.enter("Findings")
    with lena.counting_taps() as taps:
        lena.page.get_by_role("link", name="Said by mistake").tap()
        lena.page.get_by_role("button", name="Withdraw", exact=True).tap()
        lena.page.keyboard.type("The list hangs at the other bench.")
        lena.page.get_by_role("dialog").get_by_role("button", name="Withdraw", exact=True).tap()
        expect(lena.page.get_by_text("Withdrawn: The list hangs at the other bench.")).to_be_visible()
    assert taps.count <= 3
