"""Drawing on a photo: by finger and by keyboard, through a dead battery, by two people at once; and what the server paints is the same."""

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, expect

from server.config import Config
from server.domain.annotation import COVER, INKS, drawing_text
from server.evidence.derivatives import read_picture, report_picture
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from tests.e2e.browser import PHONE
from tests.e2e.conftest import ROOT, Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet
from tests.e2e.test_room import keep, look
from tests.evidence.pictures import is_close, quartered

pytestmark = pytest.mark.slow

AXE = ROOT / "pwa/node_modules/axe-core/axe.min.js"
DRAFTS = """async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  for (const name of names.filter((name) => name.startsWith('auditbook:') && name !== 'auditbook:device')) {
    const db = await new Promise((open) => { const asked = indexedDB.open(name); asked.onsuccess = () => open(asked.result); });
    const asked = db.transaction('drafts').objectStore('drafts').getAll();
    const drafts = await new Promise((read) => { asked.onsuccess = () => read(asked.result); });
    db.close();
    const found = drafts.find(({ fld }) => fld === 'annotation');
    if (found) return found.body.value.text;
  }
  return null;
}"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "hall.jpg"
    quartered((1600, 1200)).save(path, quality=95)
    return path


def open_photo(one: Tablet, words: str = "^Open") -> Locator:
    one.enter("Evidence")
    one.page.get_by_role("main").get_by_role("button", name=re.compile(words)).last.click()
    viewer = one.page.get_by_role("dialog").first
    expect(viewer.get_by_role("img")).to_be_visible()
    return viewer


def editor_of(page: Page) -> Locator:
    editor = page.get_by_role("dialog", name=re.compile("^Annotate"))
    expect(editor.get_by_role("application")).to_be_visible()
    return editor


def drag(editor: Locator, tool: str, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Places are in ten-thousandths of the longer edge."""
    editor.get_by_role("button", name=tool, exact=True).click()
    page = editor.page
    page.mouse.move(*on_glass(editor, start))
    page.mouse.down()
    page.mouse.move(*on_glass(editor, ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)))
    page.mouse.move(*on_glass(editor, end))
    page.mouse.up()


def on_glass(editor: Locator, place: tuple[int, int]) -> tuple[float, float]:
    box = editor.get_by_role("application").bounding_box()
    assert box is not None
    scale = max(box["width"], box["height"]) / 10_000
    return box["x"] + place[0] * scale, box["y"] + place[1] * scale


def drafted(page: Page) -> list[dict[str, Any]]:
    text: str | None = page.evaluate(DRAFTS)
    shapes: list[dict[str, Any]] = json.loads(text)["shapes"] if text else []
    return shapes


def waits_until_drafted(page: Page, count: int) -> list[dict[str, Any]]:
    for _ in range(50):
        shapes = drafted(page)
        if len(shapes) == count:
            return shapes
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(drafted(page))} shapes in the draft, not {count}")


def test_what_is_drawn_survives_a_dead_battery_and_is_painted_alike_by_tablet_and_server(
    tablet: Tablets, served: Server, photo: Path
):
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    keep(lena, photo)
    viewer = open_photo(lena)
    viewer.get_by_role("button", name="Annotate").click()
    editor = editor_of(lena.page)
    drag(editor, "Arrow", (1000, 6000), (3000, 5000))
    drag(editor, "Cover", (6000, 1000), (9000, 3000))
    drag(editor, "Box", (500, 500), (3500, 2500))
    editor.get_by_role("button", name="Undo").click()
    waits_until_drafted(lena.page, 2)
    lena.battery_dies()
    lena.starts_again(offline=True)
    lena.open_audit()
    viewer = open_photo(lena)
    expect(viewer.get_by_text("A drawing that was begun is kept on this device.")).to_be_visible()
    viewer.get_by_role("button", name="Go on annotating").click()
    editor = editor_of(lena.page)
    expect(editor.get_by_role("application", name=re.compile("1 arrow and 1 covered area"))).to_be_visible()
    editor.get_by_role("button", name="Yellow").click()
    editor.get_by_role("button", name="Text", exact=True).click()
    lena.page.mouse.click(*on_glass(editor, (5500, 6500)))
    lena.page.keyboard.type("Gauge 0471")
    lena.page.keyboard.press("Enter")
    shapes = waits_until_drafted(lena.page, 3)
    look(lena, "editor")
    editor.get_by_role("button", name="Done").click()
    expect(editor).to_be_hidden()
    expect(viewer.get_by_role("img", name=re.compile("1 arrow, text “Gauge 0471” and 1 covered area"))).to_be_visible()
    expect(viewer.get_by_role("button", name="Annotate", exact=True)).to_be_visible()
    look(lena, "viewer")
    on_tablet = seen(viewer)
    viewer.get_by_role("button", name="Original").click()
    expect(viewer.get_by_role("img", name=re.compile("covered"))).to_have_count(0)
    assert is_close(at(seen(viewer), 7500, 2000), "#1e8c1e", 20)
    viewer.get_by_role("button", name="Close").first.click()
    look(lena, "gallery")

    lena.comes_back_online()
    lena.waits_until_safe()
    on_server = painted(served, photo, shapes)
    for picture in (on_tablet, on_server):
        assert is_close(at(picture, 7500, 2000), COVER)
        assert is_close(at(picture, 6050, 1050), COVER, 20)
        assert is_close(at(picture, 2000, 5500), INKS["red"][0], 30), "the shaft"
        assert is_close(at(picture, 2930, 5035), INKS["red"][0], 45), "the tip"
        assert is_close(at(picture, 4500, 6500), "#1e1ec8", 25)
    # Letters are smoothed otherwise on either side; where the words are, they are on both.
    words = [extent_of(picture, INKS["yellow"][0], (5400, 6000, 10_000, 7000)) for picture in (on_tablet, on_server)]
    assert all(abs(one - other) <= 60 for one, other in zip(*words, strict=True)), words


def painted(served: Server, photo: Path, shapes: list[dict[str, Any]]) -> Image.Image:
    """As the server paints it for a report."""
    sha256 = hashlib.sha256(photo.read_bytes()).hexdigest()
    (original,) = (served.data / "evidence").rglob(sha256)
    key = BlobKey(original.parts[-3], original.parts[-2], sha256)
    files = EvidenceFiles(Config(data=str(served.data)))
    made = report_picture(files, key, drawing_text(shapes))
    data = read_picture(files, made)
    assert data is not None, made.reason
    return Image.open(io.BytesIO(data)).convert("RGB")


def seen(viewer: Locator) -> Image.Image:
    """The photo as it stands on the glass, without the frame that its proportions leave empty."""
    page = viewer.page
    page.wait_for_timeout(300)
    box = viewer.get_by_role("img").bounding_box()
    assert box is not None
    scale = min(box["width"] / 4, box["height"] / 3)
    width, height = 4 * scale, 3 * scale
    clip: FloatRect = {
        "x": box["x"] + (box["width"] - width) / 2,
        "y": box["y"] + (box["height"] - height) / 2,
        "width": width,
        "height": height,
    }
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def at(picture: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    scale = picture.width / 10_000
    left, top = round(x * scale), round(y * scale)
    red, green, blue = picture.crop((left, top, left + 1, top + 1)).tobytes()
    return red, green, blue


def extent_of(picture: Image.Image, ink: str, within: tuple[int, int, int, int]) -> tuple[float, ...]:
    """Where this ink is, in ten-thousandths."""
    scale = picture.width / 10_000
    left, top, right, bottom = (round(one * scale) for one in within)
    part = picture.crop((left, top, min(right, picture.width), min(bottom, picture.height)))
    mask = Image.new("1", part.size)
    mask.putdata([is_close(colour, ink, 60) for colour in part.get_flattened_data()])
    box = mask.getbbox()
    assert box is not None
    return tuple((one + start) / scale for one, start in zip(box, (left, top, left, top), strict=True))


def test_by_the_keyboard_alone_on_a_phone_in_german(tablet: Tablets, photo: Path):
    lena = tablet.in_the_audit("lena", viewport=PHONE)
    lena.context.add_init_script(path=AXE)
    keep(lena, photo)
    page = lena.page
    lena.enter("Evidence")
    page.evaluate("() => { localStorage['auditbook.locale'] = 'de' }")
    lena.reloads()
    page.get_by_role("main").get_by_role("button", name=re.compile(" öffnen: ")).last.click()
    opening = page.get_by_role("button", name="Anmerken")
    opening.focus()
    page.keyboard.press("Enter")
    editor = page.get_by_role("dialog", name=re.compile("^Anmerken"))
    glass = editor.get_by_role("application")
    expect(glass).to_be_visible()
    editor.get_by_role("button", name="Abdecken").focus()
    page.keyboard.press("Enter")
    glass.focus()
    for key in ("Enter", "ArrowRight", "ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    (cover,) = waits_until_drafted(page, 1)
    assert cover["points"] == [[3850, 2600], [6450, 5100]]
    expect(editor.get_by_role("button", name="Rückgängig")).to_be_enabled()
    for theme in ("paper", "night", "sunlight"):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
        page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished))")
        look(lena, f"phone-{theme}")
        found = page.evaluate("() => axe.run(document.querySelector('dialog[open] dialog[open]'))")
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
        for button in editor.get_by_role("button").all():
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44, button.inner_text()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    glass.focus()
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    expect(editor).to_be_hidden()
    expect(page.get_by_role("button", name="Weiter anmerken")).to_be_visible()


def test_two_who_draw_on_one_photo_decide_by_looking(tablet: Tablets, photo: Path):
    lena, aron = tablet.in_the_audit("lena"), tablet.in_the_audit("aron")
    keep(lena, photo)
    lena.waits_until_safe()
    aron.syncs_now()
    for one in (lena, aron):
        one.goes_back_to_the_audit()
    open_photo(aron)
    expect(aron.page.get_by_role("button", name="Annotate")).to_be_visible(timeout=30_000)
    aron.page.keyboard.press("Escape")
    for one, tool in ((lena, "Arrow"), (aron, "Cover")):
        one.goes_offline()
        viewer = open_photo(one)
        viewer.get_by_role("button", name="Annotate").click()
        editor = editor_of(one.page)
        drag(editor, tool, (1000, 1000), (4000, 4000))
        editor.get_by_role("button", name="Done").click()
        expect(editor).to_be_hidden()
        one.page.keyboard.press("Escape")
    for one in (lena, aron, lena):
        one.comes_back_online()
        one.syncs_now()
        one.goes_back_to_the_audit()
    viewer = open_photo(lena)
    # What one of them covered is covered until somebody has decided.
    assert is_close(at(seen(viewer), 2500, 1500), COVER, 20)
    notice = lena.disputed_versions("Annotation")
    for words in ("1 arrow", "1 covered area", "Lena Brandt", "Aron Weiss"):
        expect(notice).to_contain_text(words)
    look(lena, "dispute")
    notice.get_by_role("button", name="Keep both drawings").click()
    expect(notice).to_be_hidden()
    expect(viewer.get_by_role("img", name=re.compile("1 arrow and 1 covered area"))).to_be_visible()
