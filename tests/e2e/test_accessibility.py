"""
Every address of the app, read by axe-core: on a tablet and on a phone, in paper, night and sunlight, in English and in German.

What axe can find is the smaller half of being usable, but that half is measured here. The routes come from pwa/src/routes.ts:
a new screen is looked at without anybody remembering to add it.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.e2e.browser import PHONE, TABLET
from tests.e2e.conftest import Tablets
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ROUTES: dict[str, str] = dict(
    re.findall(r"^ {2}(\w+): '(/[^']*)',$", (ROOT / "pwa/src/routes.ts").read_text(encoding="utf-8"), re.MULTILINE)
)
OFFICE = ("clients", "client", "people", "mails")
SAMPLE = ("sign_in", "audits", "audit", "audit_clause", "audit_finding", "audit_evidence_chain", "audit_closing")
SHEETS = ("Photo", "Note", "Finding", "Find a clause")
HANDOVER = ("Write a file", "Take a file in")
CLAUSE = "8.5.2"


class Reader:
    """Goes through the app with axe-core in hand. Lena reads the audit, Jonas what only the office sees."""

    def __init__(self, tablets: Tablets):
        self._lena = tablets.in_the_audit("lena")
        audit = self._last_part()
        self._lena.open_slot("Final inspection")
        self._lena.raise_finding("Minor nonconformity", under="7.1.5.2", title="Gauges in use past their date")
        self._lena.take_photos()
        self._lena.open_finding("Gauges in use past their date")
        self._lena.cites_too("9.1.2", "ISO 14001:2015")
        self._lena.grades_apart("ISO 14001:2015", "Major", "A limit was exceeded and nobody noticed.")
        finding = self._last_part()
        self._lena.open_clause(CLAUSE)
        clause = self._last_part()
        self._lena.enter("Evidence")
        self._lena.page.get_by_role("main").get_by_role("button", name=re.compile("^Open the photo")).first.click()
        of_photo = self._lena.page.get_by_role("dialog").get_by_role("link", name="Chain of custody")
        evidence = (of_photo.get_attribute("href") or "").split("/")[-2]
        self._lena.page.keyboard.press("Escape")
        self._jonas = tablets("jonas")
        self._jonas.sign_in("jonas@nordlicht.example")
        self._jonas.page.goto(f"{self._jonas.address}/#/clients")
        # The list of audits has links of the same name, and goes only when the next screen is here.
        expect(self._jonas.page.get_by_role("heading", name="Clients", level=1)).to_be_visible()
        client = self._jonas.page.get_by_role("main").get_by_role("link", name="Spanwerk").get_attribute("href") or ""
        for tablet in (self._lena, self._jonas):
            # With the page: to bring so large a script into a page that stands takes longer than to run it.
            tablet.context.add_init_script(path=ROOT / "pwa/node_modules/axe-core/axe.min.js")
        self._given = {
            "id": audit,
            "finding": finding,
            "evidence": evidence,
            "clause": clause,
            "client": client.rpartition("/")[2],
            "token": "not-a-code",
            "founding": "not-a-code",
        }

    def _last_part(self) -> str:
        self._lena.page.wait_for_url(re.compile("#/audits/"))
        return self._lena.page.url.rpartition("/")[2]

    def read(self, route: str, theme: str = "paper", viewport: ViewportSize = TABLET, language: str = "en") -> Tablet:
        """Opens the address anew and waits until its screen stands."""
        tablet = self._jonas if route in OFFICE else self._lena
        page = tablet.page
        page.set_viewport_size(viewport)
        # A colour that is on its way to another would be measured half-way.
        page.emulate_media(reduced_motion="reduce")
        path = re.sub(r":(\w+)", lambda part: self._given[part.group(1)], ROUTES[route])
        page.evaluate(
            "([theme, language]) => { localStorage['auditbook.theme'] = theme; localStorage['auditbook.locale'] = language }",
            [theme, language],
        )
        # The hash alone would not load the page again.
        page.goto("about:blank")
        page.goto(f"{tablet.address}/#{path}")
        expect(page.get_by_role("main").get_by_role("heading", level=1).first).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.evaluate(
            "() => document.fonts.ready.then(() => new Promise((done) => requestIdleCallback(() => done(true))))"
        )
        return tablet

    def violations(self, tablet: Tablet) -> list[str]:
        found: dict[str, Any] = tablet.page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{one['id']} ({one['impact']}): {one['help']}\n    "
            + "\n    ".join(f"{node['target']} {node.get('failureSummary', '')}" for node in one["nodes"][:4])
            for one in found["violations"]
        ]


@pytest.fixture(scope="module")
def reader(hands: Tablets) -> Reader:
    return Reader(hands)


def test_the_routes_are_those_of_the_app():
    assert len(ROUTES) >= 25
    assert {*OFFICE, *SAMPLE} <= ROUTES.keys()


@pytest.mark.parametrize("route", ROUTES)
def test_axe_finds_nothing_on_a_tablet_in_paper(reader: Reader, hands: Tablets, route: str):
    assert reader.violations(reader.read(route)) == []


@pytest.mark.parametrize("theme", ["night", "sunlight"])
@pytest.mark.parametrize("route", SAMPLE)
def test_axe_finds_nothing_at_night_or_in_sunlight(reader: Reader, hands: Tablets, route: str, theme: str):
    assert reader.violations(reader.read(route, theme)) == []


@pytest.mark.parametrize("route", SAMPLE)
def test_axe_finds_nothing_on_a_phone_in_german(reader: Reader, hands: Tablets, route: str):
    assert reader.violations(reader.read(route, viewport=PHONE, language="de")) == []


@pytest.mark.parametrize("sheet", SHEETS)
def test_axe_finds_nothing_in_a_sheet(reader: Reader, hands: Tablets, sheet: str):
    tablet = reader.read("audit")
    tablet.page.get_by_role("navigation", name="Capture").get_by_role("button", name=sheet, exact=True).click()
    expect(tablet.page.get_by_role("dialog")).to_be_visible()
    assert reader.violations(tablet) == []


@pytest.mark.parametrize("kind", ["Record", "Interview"])
def test_axe_finds_nothing_where_evidence_is_told(reader: Reader, hands: Tablets, kind: str):
    """With its fields unfolded, and with what lacks said at them."""
    tablet = reader.read("audit")
    tablet.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    sheet = tablet.page.get_by_role("dialog")
    sheet.get_by_role("button", name=kind, exact=True).click()
    sheet.get_by_label("What they show" if kind == "Record" else "What was said").fill("x")
    sheet.get_by_role("button", name=re.compile("^Keep the")).click()
    sheet.get_by_text("When and where").click()
    assert reader.violations(tablet) == []


def test_axe_finds_nothing_where_photos_are_forbidden(reader: Reader, hands: Tablets):
    tablet = reader.read("audit")
    tablet.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()
    tablet.page.get_by_role("dialog").get_by_label("Area").select_option(label="Washing room · No photos")
    expect(tablet.page.get_by_role("button", name="Tell it in words")).to_be_visible()
    assert reader.violations(tablet) == []


@pytest.mark.parametrize("theme", ["paper", "night"])
def test_axe_finds_nothing_where_one_dictates_and_hears_it_again(reader: Reader, hands: Tablets, theme: str):
    page = reader.read("audit_setup", theme, PHONE).page
    page.get_by_role("checkbox", name="Voice notes").check()
    tablet = reader.read("audit", theme, PHONE)
    page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("button", name="Voice note", exact=True).click()
    found = reader.violations(tablet)
    sheet.get_by_role("button", name="Start recording").click()
    expect(sheet.get_by_role("timer")).to_have_text("0:01")
    found += reader.violations(tablet)
    sheet.get_by_role("button", name="Stop and keep").click()
    tablet.enter("Evidence")
    page.get_by_role("main").get_by_role("button", name=re.compile("^Open: Voice note")).first.click()
    expect(page.get_by_role("slider", name="Position in the voice note")).to_be_visible()
    assert found + reader.violations(tablet) == []


@pytest.mark.parametrize("theme", ["paper", "night"])
def test_axe_finds_nothing_where_codes_are_scanned(reader: Reader, hands: Tablets, theme: str):
    tablet = reader.read("audit", theme, PHONE)
    tablet.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    tablet.page.get_by_role("button", name="Record", exact=True).click()
    tablet.page.get_by_role("button", name="Scan a code").click()
    expect(tablet.page.get_by_role("dialog", name="Scan: Sample")).to_be_visible()
    assert reader.violations(tablet) == []


@pytest.mark.parametrize("theme", ["paper", "night"])
@pytest.mark.parametrize("button", HANDOVER)
def test_axe_finds_nothing_where_work_is_taken_out_by_hand(reader: Reader, hands: Tablets, button: str, theme: str):
    tablet = reader.read("sync", theme, PHONE)
    tablet.page.get_by_role("button", name=button, exact=True).click()
    expect(tablet.page.get_by_role("dialog").get_by_label("Passphrase")).to_be_visible()
    assert reader.violations(tablet) == []


def test_no_screen_scrolls_sideways_on_a_phone_with_the_longer_words_of_german(reader: Reader, hands: Tablets):
    wide: list[str] = []
    for route in ROUTES:
        page = reader.read(route, viewport=PHONE, language="de").page
        # Not the document alone: a pane that scrolls inside the screen would hide it.
        beyond: list[str] = page.evaluate(
            """() => [document.scrollingElement, ...document.querySelectorAll('main, main *')]
                .filter((one) => one.scrollWidth > one.clientWidth + 1)
                .filter((one) => one === document.scrollingElement || ['auto', 'scroll'].includes(getComputedStyle(one).overflowY)
                    && one.clientHeight > innerHeight / 3)
                .map((one) => `${one.tagName} ${one.className} ${one.scrollWidth} > ${one.clientWidth}`)"""
        )
        wide += [f"{route}: {one}" for one in beyond]
    assert wide == []
