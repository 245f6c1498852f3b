"""The office reads its mails: what was written to whom, what goes along, and why one did not go out."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.e2e.browser import PHONE
from tests.e2e.conftest import Prepared, Tablets, serving

pytestmark = pytest.mark.slow


def test_the_mail_of_a_report_is_read_with_its_attachment_by_name(tablet: Tablets):
    jonas = tablet("jonas")
    jonas.sign_in("jonas@nordlicht.example")
    page = jonas.page
    page.goto(f"{jonas.address}/#/mails")
    page.get_by_role("button", name=re.compile("S2.*revision 1")).first.click()
    mail = page.get_by_role("dialog")
    expect(mail).to_contain_text("SHA-256")
    expect(mail.get_by_role("listitem").filter(has_text="rev1.pdf")).to_be_visible()
    expect(mail).to_contain_text(re.compile(r"Sent, \d"))
    jonas.shows("mail")
    page.set_viewport_size(PHONE)
    jonas.shows("mail-phone")
    mail.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    jonas.shows("mails-phone")


def test_a_mail_that_does_not_go_out_says_when_it_was_tried_and_a_code_stays_unread(
    playwright: Playwright, prepared: Prepared, tmp_path: Path
):
    # Nobody listens at this port.
    with serving(prepared, tmp_path / "data", smtp_port=9) as server:
        tablets = Tablets(playwright, tmp_path, server.address)
        jonas = tablets("jonas")
        jonas.sign_in("jonas@nordlicht.example")
        jonas.invites("Nora Lind", "nora@example.org", "Auditor")
        page = jonas.page
        page.goto(f"{jonas.address}/#/mails")
        row = page.get_by_role("row").filter(has_text="nora@example.org")
        expect(row).to_contain_text("1 attempt:", timeout=60_000)
        row.get_by_role("button").click()
        mail = page.get_by_role("dialog")
        expect(mail).to_contain_text(re.compile(r"The only attempt, \d.*, failed: "))
        expect(mail).to_contain_text("This mail carries a code.")
        jonas.shows("mail-with-a-code")
        tablets.close()
