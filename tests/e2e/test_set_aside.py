"""What somebody wrote who was taken out of the team meanwhile is held by the server until the lead auditor decides about it."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow


@pytest.fixture
def lena(tablet: Tablets) -> Tablet:
    return tablet.in_the_audit("lena")


def test_the_lead_auditor_sees_what_was_set_aside_and_why_and_lets_it_count(lena: Tablet, tablet: Tablets):
    aron = tablet.in_the_audit("aron")
    aron.goes_offline()
    aron.raise_finding("Minor nonconformity", title="Drum without a label")
    lena.enter("Set-up")
    lena.takes_out_of_team("Aron Weiss")
    lena.syncs_now()
    aron.comes_back_online()
    aron.syncs_now()
    lena.syncs_now()
    lena.goes_back_to_the_audit()

    page = lena.page
    page.get_by_role("link", name=re.compile(r"Set aside by the server \d")).click()
    expect(page.get_by_role("heading", name=re.compile("Aron Weiss"))).to_be_visible()
    expect(page.get_by_text("Its author is not in the team of this audit.")).to_be_visible()
    expect(page.get_by_text("Grade: Minor nonconformity")).to_be_visible()
    page.get_by_role("button", name=re.compile("Let it count ?: Finding: Drum without a label")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("by Aron Weiss will count from now on")
    dialog.get_by_role("button", name="Let it count").click()
    expect(page.get_by_text("Nothing is set aside")).to_be_visible()
    lena.enter("Findings")
    lena.open_finding(re.compile("Drum without a label"))
