"""
The next version of the app arrives: whole or not at all, when the person says so, and never over what is being typed.

One tablet goes from version to version, as one does in the field.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, ViewportSize, expect

from tests.e2e.browser import PHONE, TABLET
from tests.e2e.conftest import ROOT, Prepared, Tablets, serving
from tests.e2e.releases import Releases
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

HALF_A_NOTE = "Petra keeps the recall list on pa"
BANNER = "A new version of Auditbook is ready."
UPGRADE = """async () => {
    const found = await indexedDB.databases();
    const { name, version } = found.find(({ name }) => name.startsWith('auditbook:') && name !== 'auditbook:device');
    const asked = indexedDB.open(name, version + 10);
    asked.onsuccess = () => {
        asked.result.close();
        window.upgraded = true;
    };
}"""
"""What a later version does to the account's storage when it starts."""


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    return Releases(tmp_path_factory.mktemp("releases") / "app")


@pytest.fixture(scope="module")
def served(releases: Releases, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(prepared, tmp_path_factory.mktemp("served") / "data", AUDITBOOK_PWA=str(releases.given_out)) as server:
        yield server


@pytest.fixture(scope="module")
def readied(
    playwright: Playwright, served: Server, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tablet]:
    # Nobody promises that nothing complained: some versions in here do not start.
    tablets = Tablets(playwright, tmp_path_factory.mktemp("profiles"), served.address, prepared)
    lena = tablets.ready("lena")
    lena.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    yield lena
    tablets.close()


@pytest.fixture
def lena(readied: Tablet, served: Server) -> Tablet:
    if not served.is_running:
        served.start()
    for page in readied.context.pages[1:]:
        page.close()
    readied.comes_back_online()
    readied.page.set_viewport_size(TABLET)
    readied.page.evaluate("() => { for (const one of ['theme', 'locale']) delete localStorage[`auditbook.${one}`] }")
    readied.page.goto("about:blank")
    readied.page.goto(f"{readied.address}/#/audits")
    expect(readied.page.get_by_role("heading", name="Audits", level=1)).to_be_visible()
    return readied


def looks_for_news(page: Page) -> str:
    """What became of the new worker: `installed`, or `redundant` where its install failed."""
    state: str = page.evaluate(
        """async () => {
            const registration = await navigator.serviceWorker.getRegistration();
            const found = new Promise((done) =>
                registration.addEventListener('updatefound', () => done(registration.installing)));
            await registration.update();
            // The browser may have found it by itself already.
            const worker = registration.installing ?? registration.waiting ?? (await found);
            return await new Promise((done) => {
                const tell = () => worker.state === 'installing' || done(worker.state);
                worker.addEventListener('statechange', tell);
                tell();
            });
        }"""
    )
    return state


def release_of(page: Page) -> int:
    return int(page.evaluate("() => Number(document.querySelector('meta[name=release]')?.content ?? 1)"))


def violations(page: Page) -> list[str]:
    page.evaluate((ROOT / "pwa/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8"))
    found: list[str] = page.evaluate("() => axe.run(document).then((found) => found.violations.map((one) => one.id))")
    return found


def starts_the_new_version(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Start the new version").click()


def test_a_version_of_which_one_file_does_not_arrive_whole_is_not_taken_and_the_old_one_goes_on(
    lena: Tablet, served: Server, releases: Releases
):
    running = release_of(lena.page)
    releases.next()
    [part] = (releases.folder / "assets").glob("Checklist-*.js")
    whole = part.read_bytes()
    part.unlink()
    assert looks_for_news(lena.page) == "redundant"
    part.write_bytes(whole[: len(whole) // 2])
    assert looks_for_news(lena.page) == "redundant"
    part.write_text("<!doctype html><title>Hotel Lindenhof</title>")
    assert looks_for_news(lena.page) == "redundant"
    expect(lena.page.get_by_text(BANNER)).to_be_hidden()

    served.dies()
    lena.battery_dies()
    lena.starts_again(offline=True)
    lena.open_audit()
    lena.enter("Clauses")
    assert release_of(lena.page) == running

    part.write_bytes(whole)
    served.start()
    lena.comes_back_online()
    assert looks_for_news(lena.page) == "installed"
    starts_the_new_version(lena.page)
    assert release_of(lena.page) == running + 1


def test_a_new_version_waits_until_the_note_is_kept_and_starts_when_the_person_says_so(
    lena: Tablet, served: Server, releases: Releases
):
    running = release_of(lena.page)
    lena.open_audit()
    lena.begin_note(HALF_A_NOTE)
    releases.next()
    assert looks_for_news(lena.page) == "installed"
    lena.waits_until_typed_text_is_kept(HALF_A_NOTE)
    expect(lena.page.get_by_text(BANNER)).to_be_hidden()
    assert release_of(lena.page) == running
    lena.closes_sheet()
    expect(lena.page.get_by_text(BANNER)).to_be_visible()
    assert violations(lena.page) == []

    starts_the_new_version(lena.page)
    expect(lena.page.get_by_role("navigation", name="Rooms of this audit")).to_be_visible()
    assert release_of(lena.page) == running + 1
    expect(lena.begin_note()).to_have_value(HALF_A_NOTE)

    served.dies()
    lena.goes_offline()
    lena.reloads()
    assert release_of(lena.page) == running + 1
    lena.enter("Clauses")


def test_what_stands_in_a_field_that_was_not_left_is_there_in_the_new_version(lena: Tablet, releases: Releases):
    lena.open_audit()
    lena.raise_finding("Minor nonconformity", title="Typed while the app is updated")
    lena.open_finding("Typed while the app is updated")
    failure = lena.page.get_by_role("textbox", name="Failure")
    failure.press_sequentially("The control of gauges")
    releases.next()
    assert looks_for_news(lena.page) == "installed"
    failure.press_sequentially(" does not")
    starts_the_new_version(lena.page)
    expect(failure).to_have_value("The control of gauges does not")


def test_a_tab_that_still_runs_the_version_before_finds_its_parts(lena: Tablet, served: Server, releases: Releases):
    running = release_of(lena.page)
    other = lena.context.new_page()
    other.goto(f"{lena.address}/#/audits")
    releases.next()
    assert looks_for_news(other) == "installed"
    starts_the_new_version(other)
    expect(other.get_by_role("heading", name="Audits", level=1)).to_be_visible()
    assert release_of(other) == running + 1

    # Screens that this tab has not fetched yet, of a version that the server does not have any more; nor has the browser's own cache.
    served.dies()
    lena.context.new_cdp_session(lena.page).send("Network.clearBrowserCache")
    lena.open_audit()
    lena.enter("Clauses")
    lena.enter("Closing")
    expect(lena.page.get_by_text("This part of the app could not be loaded")).to_be_hidden()
    assert release_of(lena.page) == running


def test_a_version_that_does_not_start_says_so_and_the_one_before_it_goes_on_without_a_network(
    lena: Tablet, served: Server, releases: Releases
):
    running = release_of(lena.page)
    lena.open_audit()
    lena.goes_offline()
    lena.raise_finding("Minor nonconformity", title="Raised before the app broke")
    lena.comes_back_online()
    lena.page.goto(f"{lena.address}/#/audits")
    releases.next(that_does_not_start=True)
    assert looks_for_news(lena.page) == "installed"
    starts_the_new_version(lena.page)
    said = lena.page.get_by_role("alert")
    expect(said).to_contain_text("Auditbook has not started")
    expect(said).to_contain_text("What you recorded is kept on this device.")
    assert violations(lena.page) == []

    served.dies()
    lena.goes_offline()
    said.get_by_role("link", name="Repair the app").click()
    lena.page.get_by_role("button", name="Fetch the app anew").click()
    expect(lena.page.get_by_role("alert")).to_contain_text("so nothing was removed")
    lena.page.get_by_role("button", name="Start the version before").click()
    expect(lena.page.get_by_role("heading", name="Audits", level=1)).to_be_visible()
    assert release_of(lena.page) == running
    lena.open_audit()
    lena.open_finding("Raised before the app broke")

    # It stays so until the next version comes, which is then offered like any other.
    served.start()
    lena.comes_back_online()
    releases.next(mended=True)
    lena.reloads()
    assert looks_for_news(lena.page) == "installed"
    starts_the_new_version(lena.page)
    assert release_of(lena.page) == running + 2
    lena.page.goto(f"{lena.address}/#/audits")
    lena.open_audit()
    lena.open_finding("Raised before the app broke")


def test_the_app_is_fetched_anew_and_what_waits_and_the_sign_in_are_still_there(lena: Tablet, served: Server):
    lena.open_audit()
    lena.goes_offline()
    lena.raise_finding("Minor nonconformity", title="Raised before the repair")
    lena.begin_note().fill(HALF_A_NOTE + "per")
    lena.waits_until_typed_text_is_kept(HALF_A_NOTE + "per")
    # Something took the copy of the app.
    lena.page.evaluate("async () => { for (const name of await caches.keys()) await caches.delete(name) }")
    lena.comes_back_online()
    lena.page.goto(f"{lena.address}/repair.html")
    lena.page.get_by_role("button", name="Fetch the app anew").click()
    expect(lena.page.get_by_role("heading", name="Audits", level=1)).to_be_visible()
    lena.open_audit()
    expect(lena.begin_note()).to_have_value(HALF_A_NOTE + "per")
    lena.closes_sheet()
    lena.waits_until_safe()
    lena.page.goto(f"{lena.address}/#/audits")
    lena.open_audit()
    lena.open_finding("Raised before the repair")
    lena.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    served.dies()
    lena.goes_offline()
    lena.reloads()
    lena.open_finding("Raised before the repair")


@pytest.mark.parametrize(
    ("viewport", "language", "theme"), [(TABLET, "en", "paper"), (PHONE, "de", "night"), (PHONE, "de", "sunlight")]
)
def test_axe_finds_nothing_on_the_page_that_repairs_the_app(
    lena: Tablet, viewport: ViewportSize, language: str, theme: str
):
    page = lena.page
    page.set_viewport_size(viewport)
    page.evaluate(
        "([theme, language]) => { localStorage['auditbook.theme'] = theme; localStorage['auditbook.locale'] = language }",
        [theme, language],
    )
    page.goto(f"{lena.address}/repair.html")
    name = {"en": "Fetch the app anew", "de": "App neu holen"}[language]
    expect(page.get_by_role("button", name=name)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert violations(page) == []
    assert page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth")


def test_a_second_tab_with_a_newer_storage_waits_for_the_open_note_and_the_first_says_what_to_do(lena: Tablet):
    lena.open_audit()
    lena.goes_offline()
    lena.raise_finding("Minor nonconformity", title="Waits while the storage is upgraded")
    field = lena.begin_note()
    field.fill("Written while another tab")
    newer = lena.context.new_page()
    newer.goto(f"{lena.address}/repair.html")
    newer.evaluate(UPGRADE)
    field.press_sequentially(" waits")
    lena.page.get_by_role("dialog").get_by_role("button", name="Keep the note").click()
    newer.wait_for_function("() => window.upgraded")

    said = lena.page.get_by_role("dialog", name="A newer version of Auditbook runs in another tab")
    expect(said).to_be_visible()
    assert violations(lena.page) == []
    # Nothing but loading it again can be done here.
    with lena.page.expect_navigation():
        said.get_by_role("button", name="Load this tab again").click()
    lena.open_finding("Waits while the storage is upgraded")
    lena.comes_back_online()
    lena.waits_until_safe()
    lena.page.goto(f"{lena.address}/#/audits")
    lena.open_audit()
    # Evidence shows photos and files; a note that is not filed yet lies in the tray of the day.
    expect(lena.page.get_by_role("button", name="Select: Written while another tab waits")).to_be_visible()
