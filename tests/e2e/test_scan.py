"""Codes of equipment and documents, read by the camera and from a picture, with the server dead; and what poison codes come to."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e import browser
from tests.e2e.codes import as_camera, drawn, side_by_side
from tests.e2e.conftest import Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

IN_VIEW = (("QRCode", "PM-101"), ("DataMatrix", "PM-102"), ("Code128", "PM-103"))
REFUSES = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
}"""
"""Of a browser that was told to say yes to everything, no other way to hear a no."""
LONG = "PM" * 2000
TURNED = "PM-\u202e401\u0007"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("codes")
    every = drawn([*IN_VIEW, ("QRCode", LONG), ("QRCode", TURNED), ("QRCode", "W-07")])
    for name, picture in zip(("long", "turned", "plain"), every[3:], strict=True):
        size = (picture.width + 80, picture.height + 80)
        side_by_side([picture], size).save(folder / f"{name}.png")
    as_camera(side_by_side(every[:3]), folder / "camera.mjpeg")
    (folder / "none.png").write_text("a sheet of paper", encoding="utf-8")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, pictures: dict[str, Path]) -> None:
    file = f"--use-file-for-fake-video-capture={pictures['camera']}"
    monkeypatch.setattr(browser, "ARGUMENTS", [*browser.ARGUMENTS, file])


@pytest.fixture
def lena(seen: None, tablet: Tablets, served: Server) -> Tablet:
    """On the floor, where gauges are looked at; the server is dead, so whatever is needed has to be on the tablet."""
    lena = tablet.in_the_audit("lena")
    lena.open_slot("Final inspection")
    served.dies()
    lena.goes_offline()
    return lena


def _sheet(lena: Tablet, kind: str) -> Locator:
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    sheet = lena.page.get_by_role("dialog").first
    sheet.get_by_role("button", name=kind, exact=True).click()
    return sheet


def _scan(lena: Tablet, sheet: Locator, label: str) -> Locator:
    sheet.get_by_role("button", name="Scan a code").click()
    return lena.page.get_by_role("dialog", name=f"Scan: {label}")


def test_of_several_codes_in_view_the_one_that_is_meant_is_taken_and_nothing_is_kept_by_itself(lena: Tablet):
    sheet = _sheet(lena, "Record")
    for text in ("PM-102", "PM-103", "PM-101"):
        scan = _scan(lena, sheet, "Sample")
        found = scan.get_by_role("group", name="Codes that were read")
        expect(found.get_by_role("button", name="PM-")).to_have_count(3)
        found.get_by_role("button", name=text).click()
        expect(scan).to_be_hidden()
    field = sheet.get_by_label("Sample")
    expect(field).to_have_value("PM-102, PM-103, PM-101")
    expect(field).to_be_focused()
    # It is there to be looked at, and can be written over.
    field.fill("PM-102, PM-103")
    sheet.get_by_role("button", name="Keep the record").click()
    lena.enter("Evidence")
    expect(lena.page.get_by_role("main").get_by_role("button", name="Open: PM-102, PM-103")).to_be_visible()


def test_from_a_picture_and_poison_is_shown_cut_and_cleaned_before_it_is_taken(lena: Tablet, pictures: dict[str, Path]):
    lena.page.evaluate(REFUSES)
    sheet = _sheet(lena, "Document")
    scan = _scan(lena, sheet, "Identifier")
    expect(scan.get_by_text("This app may not use the camera.")).to_be_visible()
    scan.get_by_label("From a picture").set_input_files(pictures["plain"])
    expect(scan).to_be_hidden()
    field = sheet.get_by_label("Identifier")
    expect(field).to_have_value("W-07")

    scan = _scan(lena, sheet, "Identifier")
    scan.get_by_label("From a picture").set_input_files(pictures["none"])
    expect(scan.get_by_text("This file is no picture")).to_be_visible()
    scan.get_by_label("From a picture").set_input_files(pictures["long"])
    expect(scan.get_by_text("4,000 characters, cut to the first 120")).to_be_visible()
    scan.get_by_role("button", name="PMPM").click()
    expect(field).to_have_value("PM" * 60)

    scan = _scan(lena, sheet, "Identifier")
    scan.get_by_label("From a picture").set_input_files(pictures["turned"])
    expect(scan.get_by_text("characters that cannot be seen were left out")).to_be_visible()
    scan.get_by_role("button", name="PM-").click()
    expect(field).to_have_value("PM-401")
    # Typing is always possible.
    scan = _scan(lena, sheet, "Identifier")
    scan.get_by_role("button", name="Type it instead").click()
    expect(scan).to_be_hidden()

    sheet.get_by_text("When and where").click()
    sheet.get_by_label("Area").select_option(label="Hall 2, prototype cell · No photos")
    expect(sheet.get_by_role("button", name="Scan a code")).to_have_count(0)
