"""What an auditor in the plant sees of the own work: what Back and Undo do, what counts where a finding speaks, what was filed."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def on_site(hands: Tablets) -> Tablet:
    return hands.in_the_audit("lena")


@pytest.fixture
def lena(on_site: Tablet) -> Tablet:
    """In a slot of a combined audit, where nothing was judged before."""
    on_site.open_slot("Purchasing and goods in")
    return on_site


def test_a_clause_is_called_with_its_standard_where_the_audit_has_several(lena: Tablet):
    expect(lena.clause("8.1").get_by_role("heading")).to_contain_text("ISO 14001:2015")
    expect(lena.clause("8.4.1").get_by_role("heading")).to_contain_text("ISO 9001:2015")


def test_undo_says_what_it_takes_back(lena: Tablet):
    lena.judge("8.4.1", "Conforms")
    lena.page.get_by_role("button", name="Undo: ISO 9001:2015 8.4.1 Conforms").click()
    expect(lena.page.get_by_text("Taken back: ISO 9001:2015 8.4.1 Conforms")).to_be_visible()
    conforms = lena.clause("8.4.1").get_by_role("button", name="Conforms", exact=True)
    expect(conforms).to_have_attribute("aria-pressed", "false")


def test_a_judgement_is_taken_back_and_the_clause_is_as_if_nobody_had_said_anything(lena: Tablet):
    lena.judge("8.4.3", "Not planned")
    lena.clause("8.4.3").get_by_role("button", name=re.compile("^Take back")).click()
    expect(lena.clause("8.4.3").get_by_role("button", pressed=True)).to_have_count(0)
    expect(lena.clause("8.4.3").get_by_role("button", name=re.compile("^Take back"))).to_be_hidden()


def test_not_applicable_asks_at_once_why(lena: Tablet):
    lena.judge("7.5.3.1", "Not applicable")
    reason = lena.clause("7.5.3.1").get_by_role("textbox", name="Why is it not applicable?")
    expect(reason).to_be_focused()
    expect(reason).to_be_in_viewport(ratio=1)


def test_beside_a_nonconformity_conforms_is_not_what_the_clause_counts_as(lena: Tablet):
    lena.judge("8.4.2", "Conforms")
    lena.raise_finding("Minor nonconformity", under="8.4.2")
    expect(lena.clause("8.4.2").get_by_text("It counts as “Minor nonconformity” because of finding")).to_be_visible()
    slot = lena.page.get_by_role("region", name="Today").get_by_role("button", name="Purchasing and goods in")
    expect(slot).to_contain_text("Minor nonconformity")


def test_a_filed_note_is_counted_on_the_folded_clause(lena: Tablet):
    lena.take_note("Approved supplier list, 12 of 63 sampled")
    lena.pieces_in_the_tray().first.click()
    lena.clause("8.4.2").get_by_role("button", name="File here").click()
    expect(lena.clause("8.4.2")).to_contain_text("1 note")


def test_back_closes_the_picture_and_one_is_still_in_the_evidence(lena: Tablet):
    lena.take_photos(1)
    lena.enter("Evidence")
    lena.page.get_by_role("main").get_by_role("button", name=re.compile("^Open")).first.click()
    viewer = lena.page.get_by_role("dialog")
    viewer.get_by_role("button", name="File under a clause").click()
    finder = lena.page.get_by_role("dialog", name="File under a clause")
    expect(finder).to_be_visible()
    lena.page.go_back()
    expect(finder).to_be_hidden()
    expect(viewer.get_by_role("checkbox", name="Show in the report")).to_be_visible()
    lena.page.go_back()
    expect(viewer).to_be_hidden()
    assert lena.page.url.endswith("/evidence")
    lena.page.go_back()
    expect(lena.page.get_by_role("heading", name="Purchasing and goods in", level=1)).to_be_visible()


def test_whatever_else_closes_a_sheet_leaves_no_step_behind(lena: Tablet):
    lena.enter("Findings")
    lena.enter("Day")
    lena.begin_note()
    lena.closes_sheet()
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Find a clause").click()
    lena.page.keyboard.type("9.2.1")
    lena.page.get_by_role("list", name="Clauses found").get_by_role("button", name=re.compile("^9.2.1.*9001")).click()
    expect(lena.clause("9.2.1")).to_be_visible()
    lena.page.go_back()
    expect(lena.page.get_by_role("heading", name="Purchasing and goods in", level=1)).to_be_visible()
    lena.page.go_back()
    expect(lena.page.get_by_role("heading", name="Findings", level=1)).to_be_visible()


def test_without_a_network_the_header_says_so_and_what_is_safe_stays_safe(lena: Tablet):
    lena.page.get_by_text("Everything sent").wait_for()
    lena.goes_offline()
    expect(lena.page.get_by_role("link", name=re.compile("No connection now.*Safe on the server"))).to_be_visible()
    expect(lena.page.get_by_text("Everything sent")).to_have_count(0)


def test_a_client_that_was_just_saved_is_offered_to_the_next_audit_with_its_sites_and_shifts(tablet: Tablets):
    lena = tablet("lena")
    lena.sign_in("lena@nordlicht.example")
    lena.page.goto(f"{lena.address}/#/clients/new")
    lena.page.get_by_label("Name", exact=True).fill("Gießerei Nordhafen")
    lena.page.get_by_role("button", name="Add site").click()
    lena.page.get_by_label("Name of site 1").fill("Foundry")
    lena.page.get_by_label("Shifts of site 1").fill("early, night")
    lena.page.get_by_role("button", name="Save client").click()
    expect(lena.page.get_by_role("heading", name="Gießerei Nordhafen", level=1)).to_be_visible()
    expect(lena.page.get_by_role("status").filter(has_text=re.compile(r"^Saved"))).to_be_visible()
    lena.page.goto(f"{lena.address}/#/audits/new")
    lena.page.get_by_label("Audit client").select_option(label="Gießerei Nordhafen")
    lena.page.get_by_label("Language of the report").select_option(label="Deutsch")
    lena.page.get_by_role("button", name="Create the audit").click()
    expect(lena.page.get_by_label("Title")).to_have_value("Zertifizierungsaudit der Stufe 2, ISO 9001:2015")
    expect(lena.page.get_by_label("Audit objectives")).to_have_value(re.compile("^Feststellen, ob"))
    lena.page.get_by_role("tab", name="Places").click()
    for place in ("Foundry", "early", "night"):
        expect(
            lena.page.get_by_role("tabpanel").locator(f'input[value="{place}"], input').filter(visible=True).first
        ).to_be_visible()
