"""Before anybody leaves the site, and before the seal: what the server has, whose work it has not, said in the field's words."""

import re

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import SEEN_BY_ALL, Tablet

pytestmark = pytest.mark.slow

A_LONG_NOTE = "Every gauge on the line was looked at. " * 480
"""Fifteen of them are more than one batch carries."""


def state_of_today(one: Tablet) -> Locator:
    """Of the audit that begins today."""
    one.page.goto(f"{one.address}/#/sync")
    link = one.page.get_by_role("link", name=SEEN_BY_ALL)
    return one.page.get_by_role("main").get_by_role("listitem").filter(has=link).locator(".leave")


def test_safe_to_leave_counts_what_the_server_signed_and_ends_with_the_next_photo(tablet: Tablets):
    lena = tablet.in_the_audit("lena")
    lena.waits_until_safe()
    state = state_of_today(lena)
    expect(state).to_contain_text("Safe to leave the site")
    expect(state).to_contain_text(re.compile(r"the server signed that it has stored everything .* \d+ entries and"))

    lena.goes_offline()
    lena.goes_back_to_the_audit()
    lena.take_photos(1)
    state = state_of_today(lena)
    expect(state).to_contain_text("Not yet: stay, or keep this tablet with you")
    expect(state).to_contain_text(re.compile(r"The server lacks: \d+ entries to send and 1 picture to send"))
    expect(state).not_to_contain_text("Safe to leave")

    lena.comes_back_online()
    lena.waits_until_safe()
    expect(state_of_today(lena)).to_contain_text("1 photo or file")
    lena.goes_offline()
    lena.reloads()
    expect(state_of_today(lena)).to_contain_text("Safe to leave the site")
    lena.comes_back_online()


def test_of_an_audit_that_is_over_nobody_is_told_to_leave_the_site(tablet: Tablets):
    """The demonstration has two audits with an issued report, and one that begins today."""
    lena = tablet.in_the_audit("lena")
    lena.waits_until_safe()
    main = lena.page.get_by_role("main")
    expect(main.get_by_text("the server signed that it has stored everything")).to_have_count(3)
    expect(main.get_by_text("Safe to leave the site")).to_have_count(1)


def test_the_lead_auditor_hears_before_the_seal_whose_tablet_holds_more_than_has_arrived(tablet: Tablets):
    lena, aron = tablet.in_the_audit("lena"), tablet.in_the_audit("aron")
    aron.goes_offline()
    for _ in range(15):
        aron.take_note(A_LONG_NOTE)
    batches = 0

    def only_the_first(route: Route) -> None:
        nonlocal batches
        batches += 1
        if batches == 1:
            route.continue_()
        else:
            route.abort()

    aron.context.route(re.compile(r"/api/audits/[^/]+/operations$"), only_the_first)
    aron.comes_back_online()
    aron.page.goto(f"{aron.address}/#/sync")
    expect(aron.page.get_by_text("Not yet: stay")).to_be_visible(timeout=30_000)
    for _ in range(300):
        if batches > 1:
            break
        aron.page.wait_for_timeout(100)

    lena.syncs_now()
    said = re.compile(r"entr(y|ies) by Aron Weiss: tablet [0-9a-f]{8} has announced number")
    expect(state_of_today(lena)).to_contain_text(said)
    lena.goes_back_to_the_audit()
    lena.enter("Closing")
    expect(lena.page.get_by_role("region", name="Before sealing")).to_contain_text(said)

    aron.context.unroute(re.compile(r"/api/audits/[^/]+/operations$"))
    aron.syncs_now()
    lena.syncs_now()
    expect(state_of_today(lena)).not_to_contain_text("Aron Weiss")
