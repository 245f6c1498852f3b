"""Two auditors, two tablets, no network: what both recorded is there afterwards, and nothing is chosen for them."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow


@pytest.fixture
def lena(tablet: Tablets) -> Tablet:
    return tablet.in_the_audit("lena")


@pytest.fixture
def aron(tablet: Tablets) -> Tablet:
    return tablet.in_the_audit("aron")


def test_two_values_for_one_field_are_both_kept_shown_on_both_tablets_and_settled_in_one_tap(
    lena: Tablet, aron: Tablet
):
    lena.raise_finding("Minor nonconformity", title="Gauges")
    lena.syncs_now()
    aron.syncs_now()

    for one in (lena, aron):
        one.goes_back_to_the_audit()
    for one, title in ((lena, "Gauges past their date"), (aron, "Recall list not followed")):
        one.goes_offline()
        one.open_finding("Gauges")
        one.retitle_open_finding(title)
    for one in (lena, aron, lena):
        one.comes_back_online()
        one.syncs_now()

    for one in (lena, aron):
        one.goes_back_to_the_audit()
        one.counts_open_disputes(1)
        one.open_finding(re.compile("Disputed"))
        notice = one.disputed_versions("Title")
        for words in ("Gauges past their date", "Lena Brandt", "Recall list not followed", "Aron Weiss"):
            expect(notice).to_contain_text(words)

    lena.settle_dispute("Title", "Recall list not followed")
    expect(lena.page.get_by_role("textbox", name="Title")).to_have_value("Recall list not followed")
    lena.syncs_now()
    aron.syncs_now()
    for one in (lena, aron):
        one.goes_back_to_the_audit()
        one.counts_open_disputes(0)
        one.open_finding("Recall list not followed")
        expect(one.disputed_versions("Title")).to_be_hidden()


def test_a_dispute_is_settled_by_what_neither_had_written(lena: Tablet, aron: Tablet):
    lena.raise_finding("Minor nonconformity", title="Gauges")
    lena.syncs_now()
    aron.syncs_now()
    for one, title in ((lena, "Gauges past their date"), (aron, "Recall list not followed")):
        one.goes_back_to_the_audit()
        one.goes_offline()
        one.open_finding("Gauges")
        one.retitle_open_finding(title)
    for one in (lena, aron, lena):
        one.comes_back_online()
        one.syncs_now()

    third = "Gauges past their date, since the recall list was not followed"
    aron.goes_back_to_the_audit()
    aron.open_finding(re.compile("Disputed"))
    aron.settle_dispute_otherwise("Title", third)
    aron.syncs_now()
    lena.syncs_now()
    for one in (aron, lena):
        one.goes_back_to_the_audit()
        one.counts_open_disputes(0)
        one.open_finding(third)
        expect(one.page.get_by_role("textbox", name="Title")).to_have_value(third)


def test_a_deletion_that_meets_an_edit_is_shown_and_the_finding_comes_back_with_the_edit(lena: Tablet, aron: Tablet):
    lena.raise_finding("Minor nonconformity", title="Gauges")
    lena.syncs_now()
    aron.syncs_now()
    for one in (lena, aron):
        one.goes_back_to_the_audit()
        one.goes_offline()
        one.open_finding("Gauges")
    lena.page.get_by_role("button", name="Raised by mistake").click()
    aron.retitle_open_finding("Gauges, and the recall list")
    for one in (lena, aron, lena):
        one.comes_back_online()
        one.syncs_now()

    for one in (lena, aron):
        one.goes_back_to_the_audit()
        one.counts_open_disputes(1)
    lena.page.get_by_role("link", name=re.compile("^Open disputes")).click()
    notice = lena.page.get_by_role("region", name=re.compile("^Two values for: "))
    for words in ("Deleted", "Lena Brandt", "Kept, with what was changed meanwhile", "Aron Weiss"):
        expect(notice).to_contain_text(words)
    kept = notice.locator("div").filter(has=lena.page.get_by_role("blockquote").filter(has_text="Kept, with")).last
    kept.get_by_role("button", name="Keep this").click()
    expect(notice).to_be_hidden()
    lena.syncs_now()
    aron.syncs_now()
    for one in (lena, aron):
        one.goes_back_to_the_audit()
        one.counts_open_disputes(0)
        one.open_finding("Gauges, and the recall list")


def test_the_same_clause_judged_by_two_auditors_in_two_halls_is_no_dispute(lena: Tablet, aron: Tablet):
    for one in (lena, aron):
        one.goes_offline()
    lena.open_slot("Final inspection")
    lena.judge("8.5.2", "Conforms")
    aron.open_slot("Turning, early shift")
    aron.judge("8.5.2", "Not planned")
    for one in (lena, aron, lena):
        one.comes_back_online()
        one.syncs_now()

    for one, other, result, hall in (
        (lena, "Aron Weiss", "Not planned", "Turning"),
        (aron, "Lena Brandt", "Conforms", "Final inspection"),
    ):
        one.goes_back_to_the_audit()
        one.counts_open_disputes(0)
        one.open_clause("8.5.2")
        also_judged = one.clause("8.5.2")
        for words in ("Also judged", other, result, hall):
            expect(also_judged).to_contain_text(words)


def test_who_began_the_audit_leads_it_on_both_tablets_although_her_entry_was_taken_out(lena: Tablet, tablet: Tablets):
    jonas = tablet.in_the_audit("jonas")
    jonas.takes_out_of_team("Lena Brandt")
    jonas.leads_by_having_begun("Lena Brandt")
    jonas.syncs_now()
    lena.syncs_now()

    lena.goes_back_to_the_audit()
    lena.goes_offline()
    lena.open_slot("Final inspection")
    lena.judge("8.6", "Conforms")
    lena.comes_back_online()
    lena.syncs_now()
    expect(lena.page.get_by_text("set aside by the server")).to_be_hidden()

    jonas.syncs_now()
    jonas.goes_back_to_the_audit()
    jonas.has_in_team("Lena Brandt", "Audit team leader")
