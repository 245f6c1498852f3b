"""Fifty photos in a plant without a network: the battery dies twice, the server three times, and each arrives once, whole and in its place."""

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet
from tests.e2e.test_annotation import drag, editor_of

pytestmark = pytest.mark.slow

PHOTOS = 50
UNDER_THE_CLAUSE, UNDER_THE_FINDING = 6, 4
DIFFERENT = 30
"""At least: the camera of a test shows the same pictures again after a while, and what is the same is kept and sent once."""
ON_THE_WAY_UP = ((4, "server"), (9, "tablet"), (14, "server"), (19, "tablet"), (24, "server"))
"""When so many photos have arrived, this one dies."""
KEPT = """async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  for (const name of names.filter((name) => name.startsWith('auditbook:') && name !== 'auditbook:device')) {
    const db = await new Promise((open) => { const asked = indexedDB.open(name); asked.onsuccess = () => open(asked.result); });
    const asked = db.transaction('uploads').objectStore('uploads').getAll();
    const rows = await new Promise((read) => { asked.onsuccess = () => read(asked.result); });
    db.close();
    if (rows.length > 0) return rows.map(({ sha256, size }) => [sha256, size]);
  }
  return [];
}"""


def test_fifty_photos_arrive_once_each_and_in_their_place_whatever_dies_on_the_way(
    tablet: Tablets, served: Server, tmp_path: Path
):
    of_others = stored(served)
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    lena.open_slot("Purchasing and goods in")
    shoot(lena, PHOTOS // 2).get_by_role("button", name="Done").click()
    shoot(lena, PHOTOS - PHOTOS // 2)
    # With the camera open: nothing is closed, and nobody says goodbye.
    lena.battery_dies()
    lena.starts_again(offline=True)
    lena.open_audit()
    lena.open_slot("Purchasing and goods in")
    expect(lena.pieces_in_the_tray()).to_have_count(PHOTOS)

    lena.raise_finding("Minor nonconformity", under="8.4.2")
    lena.open_slot("Purchasing and goods in")
    for _ in range(UNDER_THE_CLAUSE):
        file_first_piece(lena, lambda: lena.clause("8.4.2").get_by_role("button", name="File here").click())
    # Under the tray: the last on the glass.
    finding = lena.page.get_by_role("button", name=re.compile("Minor nonconformity")).last
    for _ in range(UNDER_THE_FINDING):
        file_first_piece(lena, finding.click)
    expect(lena.pieces_in_the_tray()).to_have_count(PHOTOS - UNDER_THE_CLAUSE - UNDER_THE_FINDING)
    annotate(lena, 0, "Arrow", (1000, 3000), (4000, 2000))
    annotate(lena, 1, "Cover", (1000, 1000), (6000, 5000))

    taken = kept_on(lena.page)
    assert len(taken) >= DIFFERENT
    go_up(lena)
    for arrived, who in ON_THE_WAY_UP:
        wait_for(lambda wanted=arrived: len(stored(served) - of_others) >= wanted)
        assert len(stored(served) - of_others) < len(taken), "it dies on the way, not afterwards"
        if who == "server":
            served.dies()
            served.start()
        else:
            lena.battery_dies()
            lena.starts_again(offline=True)
        go_up(lena)
    lena.at_full_speed()
    lena.waits_until_safe(120)

    on_disk = stored(served) - of_others
    assert Counter(path.name for path in on_disk) == Counter(taken.keys()), "each once"
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in on_disk} == {
        name: name for name in taken
    }
    assert {path.name: path.stat().st_size for path in on_disk} == taken
    assert "Everything works." in served.runs("doctor")

    aron = tablet.in_the_audit("aron")
    aron.syncs_now()
    aron.goes_back_to_the_audit()
    aron.open_clause("8.4.2")
    expect(aron.clause("8.4.2").get_by_role("button", name=re.compile("^Open the photo"))).to_have_count(
        UNDER_THE_CLAUSE
    )
    aron.enter("Evidence")
    shown = aron.page.get_by_role("main").get_by_role("button", name=re.compile("^Open the photo"))
    expect(shown).to_have_count(PHOTOS)
    expect(shown.locator("img")).to_have_count(PHOTOS)


def shoot(lena: Tablet, count: int) -> Locator:
    """So many, one after the other; the camera stays open."""
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()
    sheet = lena.page.get_by_role("dialog", name="Photo")
    for taken in range(1, count + 1):
        sheet.get_by_role("button", name="Take a photo").click()
        expect(sheet.get_by_role("status").first).to_contain_text(f"{taken} kept on this device")
    return sheet


def file_first_piece(lena: Tablet, there: Callable[[], None]) -> None:
    count = lena.pieces_in_the_tray().count()
    lena.pieces_in_the_tray().first.click()
    there()
    expect(lena.pieces_in_the_tray()).to_have_count(count - 1)


def annotate(lena: Tablet, number: int, tool: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    lena.enter("Evidence")
    lena.page.get_by_role("main").get_by_role("button", name=re.compile("^Open the photo")).nth(number).click()
    viewer = lena.page.get_by_role("dialog").first
    viewer.get_by_role("button", name="Annotate").click()
    editor = editor_of(lena.page)
    drag(editor, tool, start, end)
    editor.get_by_role("button", name="Done").click()
    expect(editor).to_be_hidden()
    viewer.get_by_role("button", name="Close").first.click()


def go_up(lena: Tablet) -> None:
    """Over a line on which fifty photos take a while."""
    lena.page.goto(f"{lena.address}/#/sync")
    lena.comes_back_online()
    lena.has_a_slow_line()
    send = lena.page.get_by_role("button", name="Send now")
    if send.is_enabled():
        send.click()


def kept_on(page: Page) -> dict[str, int]:
    """By SHA-256, the files on this tablet and their size."""
    return dict(page.evaluate(KEPT))


def stored(served: Server) -> set[Path]:
    """The files that the server holds, without what it made of them."""
    return {path for path in (served.data / "evidence").glob("*/*/*") if re.fullmatch("[0-9a-f]{64}", path.name)}


def wait_for(is_so: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
