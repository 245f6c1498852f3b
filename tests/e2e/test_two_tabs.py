"""Two tabs of one browser with the real Web Locks of Chromium: one syncs, either captures, and one that hangs is left behind."""

import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

HOLDERS = """async () => {
    const { held } = await navigator.locks.query();
    return held.filter(({ name }) => name.startsWith('auditbook-sync-')).length;
}"""
WRITE = """(text) => {
    const box = [...document.querySelectorAll('textarea, input')].find((one) => one.labels?.[0]?.innerText.trim() === 'Title');
    box.focus();
    box.value = text;
    box.dispatchEvent(new Event('input', { bubbles: true }));
    box.blur();
}"""


@pytest.fixture
def lena(tablet: Tablets) -> Tablet:
    return tablet.in_the_audit("lena")


def second_tab(lena: Tablet, address: str | None = None) -> Page:
    page = lena.context.new_page()
    page.goto(address or lena.page.url)
    expect(page.get_by_role("navigation").first).to_be_visible()
    return page


def rows(served: Server, question: str) -> list[tuple[object, ...]]:
    file = Path(served.data) / "auditbook.sqlite3"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        return list(connection.execute(question))


def counts_once(served: Server, words: str) -> bool:
    """It stands in the log once; no chain has two entries with one number, and none is a branch."""
    found = [str(data) for (data,) in rows(served, "SELECT CAST(data AS TEXT) FROM operation") if words in str(data)]
    doubled = rows(
        served,
        "SELECT sent_by_installation, sent_by_account, audit_id, dseq FROM operation WHERE origin = 'device' AND dseq IS NOT NULL "
        "GROUP BY 1, 2, 3, 4 HAVING count(*) > 1",
    )
    branches = rows(served, "SELECT seq FROM operation WHERE verdict_code LIKE 'chain.%'")
    return len(found) == 1 and doubled == [] and branches == []


def test_two_tabs_that_write_the_same_field_at_once_leave_one_chain(lena: Tablet, served: Server):
    lena.raise_finding("Minor nonconformity", title="Gauges")
    lena.open_finding("Gauges")
    other = second_tab(lena)
    expect(other.get_by_role("textbox", name="Title")).to_have_value("Gauges")
    lena.goes_offline()
    for turn in range(6):
        # Begun in both before either is awaited.
        for page, side in ((lena.page, "one"), (other, "other")):
            page.evaluate(f"(text) => {{ setTimeout(() => ({WRITE})(text), 0); }}", f"{side} tab, {turn}")
    last = re.compile("tab, 5$")
    for page in (lena.page, other):
        expect(page.get_by_role("textbox", name="Title")).to_have_value(last)
    other.close()
    lena.comes_back_online()
    lena.syncs_now()
    assert counts_once(served, "one tab, 5") or counts_once(served, "other tab, 5")
    lena.goes_back_to_the_audit()
    lena.counts_open_disputes(0)


def test_two_tabs_that_sync_at_once_send_everything_once(lena: Tablet, served: Server):
    lena.page.goto(f"{lena.address}/#/sync")
    other = second_tab(lena)
    lena.goes_offline()
    lena.goes_back_to_the_audit()
    lena.take_note("Sent by whichever tab comes first")
    lena.page.goto(f"{lena.address}/#/sync")
    most = 0
    lena.comes_back_online()
    for _ in range(5):
        for page in (lena.page, other):
            page.get_by_role("button", name="Send now").dispatch_event("click")
        most = max(most, lena.page.evaluate(HOLDERS))
    lena.syncs_now()
    assert most <= 1
    assert counts_once(served, "Sent by whichever tab comes first")
