"""Dictation on the floor: off until somebody allows it, kept second by second, heard again, and on the server with its length."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

HIDES = """() => {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
FROM_SERVER = """async (path) => {
  const answer = await fetch(path);
  const hash = await crypto.subtle.digest('SHA-256', await answer.arrayBuffer());
  return [answer.status, [...new Uint8Array(hash)].map((one) => one.toString(16).padStart(2, '0')).join('')];
}"""
REFUSES = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
}"""
"""Of a browser that was told to say yes to everything, no other way to hear a no."""
NAME = re.compile(r"^Open: Voice note, \d\d:\d\d · 0:0[1-9]$")


@pytest.fixture
def lena(tablet: Tablets) -> Tablet:
    """In an audit in which its auditors may dictate."""
    lena = tablet.in_the_audit("lena")
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    expect(lena.page.get_by_role("button", name="Interview", exact=True)).to_be_visible()
    expect(lena.page.get_by_role("button", name="Voice note")).to_have_count(0)
    lena.closes_sheet()
    lena.enter("Set-up")
    allowed = lena.page.get_by_role("checkbox", name="Voice notes")
    expect(allowed).not_to_be_checked()
    allowed.check()
    lena.open_slot("Final inspection")
    return lena


def _recorder(lena: Tablet) -> Locator:
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
    sheet = lena.page.get_by_role("dialog")
    sheet.get_by_role("button", name="Voice note", exact=True).click()
    return sheet


def _speak(sheet: Locator, seconds: int) -> None:
    sheet.get_by_role("button", name="Start recording").click()
    expect(sheet.get_by_role("timer")).to_have_text(f"0:{seconds:02}")


def _hear(lena: Tablet) -> Locator:
    lena.enter("Evidence")
    lena.page.get_by_role("main").get_by_role("button", name=NAME).click()
    viewer = lena.page.get_by_role("dialog").first
    slider = viewer.get_by_role("slider", name="Position in the voice note")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^0:00 of 0:0[1-9]$"))
    return viewer


def test_a_voice_note_is_recorded_and_heard_offline_and_is_on_the_server_as_it_was_spoken(lena: Tablet, served: Server):
    served.dies()
    lena.goes_offline()
    sheet = _recorder(lena)
    _speak(sheet, 2)
    sheet.get_by_role("button", name="Pause").click()
    expect(sheet.get_by_text("Paused")).to_be_visible()
    paused = sheet.get_by_role("timer").inner_text()
    lena.page.wait_for_timeout(1200)
    expect(sheet.get_by_role("timer")).to_have_text(paused)
    sheet.get_by_role("button", name="Go on").click()
    expect(sheet.get_by_role("timer")).to_have_text("0:04")
    sheet.get_by_role("button", name="Stop and keep").click()
    expect(sheet).to_be_hidden()

    viewer = _hear(lena)
    slider = viewer.get_by_role("slider", name="Position in the voice note")
    slider.fill("2.5")
    viewer.get_by_role("button", name="Play").click()
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^0:0[34] of 0:0[345]$"))
    viewer.get_by_text("Fingerprint and file").click()
    sha256 = viewer.locator("dd.identifier").inner_text()
    lena.page.keyboard.press("Escape")
    audit = re.search(r"audits/([0-9a-f-]{36})", lena.page.url)
    assert audit is not None

    served.start()
    lena.comes_back_online()
    lena.waits_until_safe()
    path = f"/api/audits/{audit[1]}/evidence/{sha256}"
    assert lena.page.evaluate(FROM_SERVER, path) == [200, sha256]


def test_what_was_said_is_there_after_the_browser_was_killed_in_the_middle(lena: Tablet):
    lena.goes_offline()
    _speak(_recorder(lena), 3)
    lena.battery_dies()
    lena.starts_again(offline=True)
    lena.open_audit()
    viewer = _hear(lena)
    expect(viewer.get_by_text("Found at the next start")).to_be_visible()
    viewer.get_by_role("button", name="Play").click()
    slider = viewer.get_by_role("slider", name="Position in the voice note")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^0:0[1-9] of"))


def test_what_ends_a_voice_note_from_outside_is_said_and_what_was_said_is_kept(lena: Tablet):
    sheet = _recorder(lena)
    _speak(sheet, 1)
    lena.page.evaluate(HIDES)
    expect(sheet.get_by_text("What you said up to then is kept.")).to_be_visible()
    lena.page.evaluate("() => delete document.visibilityState")
    lena.page.evaluate(REFUSES)
    sheet.get_by_role("button", name="Record another").click()
    expect(sheet.get_by_text("This app may not use the microphone.")).to_be_visible()
    lena.closes_sheet()
    viewer = _hear(lena)
    expect(viewer.get_by_text("It was broken off")).to_be_visible()
