"""A tablet is running full: what the server holds, and has backed up, need not stay on it, and is fetched again when it is opened."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Three that differ: the camera of a test may take the same picture twice."""
    made = [tmp_path / f"{colour}.jpg" for colour in ("red", "green", "blue")]
    for path in made:
        Image.new("RGB", (1200, 900), path.stem).save(path)
    return made


def keep(lena: Tablet, *files: Path) -> None:
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()
    sheet = lena.page.get_by_role("dialog", name="Photo")
    for count, file in enumerate(files, start=1):
        sheet.get_by_label("From files").set_input_files(file)
        expect(sheet.get_by_role("status").first).to_contain_text(f"{count} kept on this device")
    sheet.get_by_role("button", name="Done").click()
    expect(sheet).to_be_hidden()


def look(lena: Tablet, name: str) -> None:
    """Where somebody wants to look at it: a picture of the screen."""
    if folder := os.environ.get("SHOTS"):
        lena.page.screenshot(path=Path(folder) / f"{name}.png", scale="css")


def test_photos_in_a_backup_are_freed_after_a_question_and_come_back_when_they_are_opened(
    tablet: Tablets, served: Server, photos: list[Path], tmp_path: Path
):
    lena = tablet.in_the_audit("lena")
    keep(lena, *photos[:2])
    lena.waits_until_safe()
    served.runs("backup", str(tmp_path / "backups"))
    lena.goes_back_to_the_audit()
    keep(lena, photos[2])
    lena.waits_until_safe()
    lena.syncs_now()
    expect(
        lena.page.get_by_text(re.compile("entr(y is|ies are) newer than the server's backup of")).first
    ).to_be_visible()

    opening = lena.page.get_by_role("button", name="Make room")
    expect(lena.page.get_by_text("3 photos on this device are on the server as well")).to_be_visible()
    opening.focus()
    lena.page.keyboard.press("Enter")
    question = lena.page.get_by_role("dialog", name="Make room on this device")
    expect(question.get_by_text(re.compile("^2 photos, .*, are on the server and in its backup"))).to_be_visible()
    expect(
        question.get_by_text(re.compile("^1 photo, .*, is on the server and in no backup of it yet"))
    ).to_be_visible()
    look(lena, "question")
    lena.page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(opening).to_be_focused()

    opening.click()
    freeing = question.get_by_role("button", name=re.compile("^Free [0-9]"))
    freeing.focus()
    lena.page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    expect(lena.page.get_by_text(re.compile("^2 photos were freed: "))).to_be_visible()
    expect(lena.page.get_by_text("1 photo on this device is on the server as well")).to_be_visible()
    look(lena, "freed")

    lena.goes_back_to_the_audit()
    lena.enter("Evidence")
    shown = lena.page.get_by_role("main").get_by_role("button", name=re.compile("^Open the photo"))
    expect(shown.locator("img")).to_have_count(3)
    viewer = lena.page.get_by_role("dialog")
    shown.nth(1).click()
    # The large one is fetched, and takes the place of the small one.
    lena.page.wait_for_function("() => document.querySelector('dialog img')?.naturalWidth > 500")
    look(lena, "fetched")
    viewer.get_by_role("button", name="Close").first.click()

    lena.goes_offline()
    shown.nth(0).click()
    expect(viewer.get_by_text("This is the small picture.")).to_be_visible()
    assert viewer.locator("img").evaluate("image => image.naturalWidth") <= 500
    look(lena, "small")
    viewer.get_by_role("button", name="Close").first.click()
    lena.comes_back_online()


def test_without_a_network_nothing_is_freed(tablet: Tablets):
    lena = tablet.in_the_audit("lena")
    lena.take_photos(1)
    lena.waits_until_safe()
    lena.goes_offline()
    lena.page.get_by_role("button", name="Make room").click()
    question = lena.page.get_by_role("dialog", name="Make room on this device")
    expect(question.get_by_text("Nothing is freed before it has said once more")).to_be_visible()
    expect(question.get_by_role("button", name=re.compile("^Free"))).to_have_count(0)
    look(lena, "offline")
    lena.comes_back_online()
