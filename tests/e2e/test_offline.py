"""What happens to a tablet on site: a dead battery, no network, a sign-in that ended. Nothing that was recorded is lost by it."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from server.storage.disk import sha256_of
from tests.e2e.conftest import Tablets
from tests.e2e.serving import DEMO_PASSWORD, Server
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

VIDEO_MB = int(os.environ.get("VIDEO_MB", "20"))
"""`VIDEO_MB=150` is what a row of the failure catalogue asks for; that takes half a minute."""
HALF_A_NOTE = "Petra keeps the recall list on pa"
NO_ROOM = "The tablet has no room left, so this was not saved. What you entered still stands here."


@pytest.fixture
def lena(tablet: Tablets) -> Tablet:
    return tablet.ready("lena")


def test_what_was_saved_and_half_a_note_are_there_after_the_battery_died_with_the_server_dead(
    lena: Tablet, served: Server
):
    served.dies()
    lena.goes_offline()
    lena.reloads()
    lena.open_audit()
    lena.open_slot("Final inspection")
    lena.take_photos(2)
    lena.begin_note(HALF_A_NOTE)
    lena.waits_until_typed_text_is_kept(HALF_A_NOTE)
    lena.closes_sheet()
    lena.judge("8.6", "Conforms")
    lena.battery_dies()

    lena.starts_again(offline=True)
    lena.open_audit()
    lena.open_slot("Final inspection")
    lena.has_judged("8.6", "Conforms")
    expect(lena.pieces_in_the_tray()).to_have_count(2)
    expect(lena.pieces_in_the_tray().first.get_by_role("img", include_hidden=True)).to_be_visible()
    expect(lena.begin_note()).to_have_value(HALF_A_NOTE)

    served.start()
    lena.comes_back_online()
    # Chromium writes cookies every half minute: the sign-in may be lost with the battery, the work is not.
    lena.signs_in_again()
    lena.waits_until_safe()


def test_text_that_is_being_typed_survives_a_reload(lena: Tablet):
    lena.goes_offline()
    lena.open_audit()
    lena.begin_note(HALF_A_NOTE)
    lena.waits_until_typed_text_is_kept(HALF_A_NOTE)
    lena.reloads()
    expect(lena.begin_note()).to_have_value(HALF_A_NOTE)


def test_a_field_that_was_never_left_is_kept_after_a_reload(lena: Tablet):
    lena.open_audit()
    lena.raise_finding("Minor nonconformity", title="Typed half")
    lena.open_finding("Typed half")
    failure = lena.page.get_by_role("textbox", name="Failure")
    failure.press_sequentially("The control of gauges does not")
    lena.waits_until_typed_text_is_kept("The control of gauges does not")
    lena.reloads()
    expect(failure).to_have_value("The control of gauges does not")
    # Kept as part of the finding, no longer as a draft: it is not missed any more.
    expect(lena.page.get_by_text("Still missing: what is not met")).to_be_hidden()
    expect(lena.page.get_by_text("Still missing: what you saw")).to_be_visible()


def test_what_arrives_in_the_middle_of_a_word_takes_no_letter_of_it(lena: Tablet):
    lena.goes_offline()
    lena.open_audit()
    lena.raise_finding("Minor nonconformity", title="Typed while the network comes back")
    lena.open_finding("Typed while the network comes back")
    failure = lena.page.get_by_role("textbox", name="Failure")
    failure.press_sequentially("The control of")
    lena.waits_until_typed_text_is_kept("The control of")
    lena.comes_back_online()
    expect(lena.page.locator("header")).to_contain_text("Everything sent", timeout=30_000)
    # Nobody has left the field: what was typed is a draft still, and no half sentence has become part of the finding.
    lena.waits_until_typed_text_is_kept("The control of")
    failure.press_sequentially(" gauges")
    lena.waits_until_typed_text_is_kept("The control of gauges")


def test_a_sign_in_that_ended_stops_only_the_sending_and_the_next_one_sends_it_all(
    lena: Tablet, tablet: Tablets, served: Server
):
    lena.open_audit()
    lena.goes_offline()
    # A new password ends every sign-in of the account at the server.
    served.runs("account", "reset-password", "lena@nordlicht.example", typed=f"{DEMO_PASSWORD}\n")
    lena.raise_finding("Minor nonconformity", title="Raised before the sign-in ended")
    lena.comes_back_online()
    expect(lena.page.get_by_text("The server no longer knows this sign-in")).to_be_visible(timeout=30_000)

    lena.raise_finding("Opportunity for improvement", title="Raised after the sign-in ended")
    lena.reloads()
    for title in ("Raised before the sign-in ended", "Raised after the sign-in ended"):
        lena.enter("Findings")
        expect(lena.page.get_by_role("link", name=title)).to_be_visible()

    lena.signs_in_again()
    lena.waits_until_safe()
    expect(lena.page.get_by_text("kept aside by the server")).to_be_hidden()

    aron = tablet.in_the_audit("aron")
    for title in ("Raised before the sign-in ended", "Raised after the sign-in ended"):
        aron.open_finding(title)
        expect(aron.page.get_by_text(re.compile("Raised by Lena Brandt"))).to_be_visible()


def test_over_a_line_of_23_kbit_with_2_s_the_words_arrive_before_the_photo_and_nothing_is_given_up(
    lena: Tablet, tmp_path: Path
):
    photo = tmp_path / "gauge.jpg"
    Image.effect_noise((80, 80), 60).save(photo)
    lena.open_audit()
    lena.waits_until_safe()
    lena.goes_offline()
    lena.goes_back_to_the_audit()
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()
    sheet = lena.page.get_by_role("dialog", name="Photo")
    sheet.get_by_label("From files").set_input_files(photo)
    expect(sheet.get_by_role("status").first).to_contain_text("1 kept on this device")
    sheet.get_by_role("button", name="Done").click()
    lena.raise_finding("Minor nonconformity", title="At the edge of the cell")
    came: list[str] = []
    given_up: list[str] = []
    lena.page.on("requestfinished", lambda one: came.append(f"{one.method} {one.url}"))
    lena.page.on("requestfailed", lambda one: given_up.append(f"{one.method} {one.url}: {one.failure}"))
    lena.is_at_the_edge_of_the_cell()
    lena.comes_back_online()
    lena.waits_until_safe(seconds=120)
    words = next(at for at, one in enumerate(came) if re.search(r"POST .*/operations$", one))
    bytes_of_photo = next(at for at, one in enumerate(came) if one.startswith("PATCH"))
    assert words < bytes_of_photo
    # A last attempt of before may still end without a network. What the app gives up is aborted.
    assert [one for one in given_up if "/api/" in one and "DISCONNECTED" not in one] == []


def test_a_heic_photo_and_a_large_video_arrive_as_they_were_chosen(lena: Tablet, served: Server, tmp_path: Path):
    """No browser here can show a HEIC photo, nor does it say what it is: the file itself tells."""
    heic = tmp_path / "IMG_0417.HEIC"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + os.urandom(200_000))
    video = tmp_path / "line three.mp4"
    video.write_bytes(os.urandom(VIDEO_MB * 1_000_000))
    lena.open_audit()
    lena.waits_until_safe()
    lena.goes_offline()
    lena.goes_back_to_the_audit()
    lena.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()
    sheet = lena.page.get_by_role("dialog", name="Photo")
    sheet.get_by_label("From files").set_input_files([heic, video])
    # A photo is kept at once; a file would be a copy, which somebody of the client has to allow.
    expect(sheet.get_by_text("“line three.mp4” would be a copy of a document.")).to_be_visible(timeout=60_000)
    sheet.get_by_label("Name or function").fill("Thomas Reiter")
    sheet.get_by_role("button", name="Keep the copy").click()
    expect(sheet.get_by_role("status").first).to_contain_text("2 kept on this device", timeout=60_000)
    sheet.get_by_role("button", name="Done").click()
    lena.enter("Evidence")
    gallery = lena.page.get_by_role("main")
    expect(gallery.get_by_role("button", name=re.compile("^Open the photo"))).to_have_count(2)
    expect(gallery.get_by_text("This tablet cannot show a preview; the file itself is kept")).to_have_count(2)
    expect(gallery.get_by_text(re.compile("^Photo, "))).to_be_visible()
    expect(gallery.get_by_text("line three.mp4")).to_be_visible()
    lena.comes_back_online()
    lena.waits_until_safe(seconds=120)
    kept = {path.name for path in (served.data / "evidence").glob("*/*/*")}
    assert {sha256_of(heic), sha256_of(video)} <= kept


def test_an_audit_that_was_made_without_a_network_reaches_the_server_and_those_who_join_its_team(
    lena: Tablet, tablet: Tablets, served: Server
):
    aron = tablet("aron")
    aron.sign_in("aron@nordlicht.example")
    served.dies()
    lena.goes_offline()
    lena.creates_audit("Surveillance at Muster", "Muster Guss GmbH")
    lena.page.goto(f"{lena.address}/#/audits")
    expect(lena.audit_titled("Surveillance at Muster")).to_contain_text("Only on this device so far")
    expect(lena.audit_titled("Surveillance at Muster")).to_contain_text(re.compile(r"MUST-20\d\d-01"))

    served.start()
    lena.comes_back_online()
    lena.syncs_now()
    aron.syncs_now()
    aron.page.goto(f"{aron.address}/#/audits")
    expect(aron.audit_titled("Stage 2 certification audit")).to_be_visible()
    expect(aron.audit_titled("Surveillance at Muster")).to_be_hidden()

    lena.page.goto(f"{lena.address}/#/audits")
    lena.audit_titled("Surveillance at Muster").click()
    lena.adds_to_team("Aron Weiss")
    lena.syncs_now()
    aron.syncs_now()
    aron.page.goto(f"{aron.address}/#/audits")
    aron.audit_titled("Surveillance at Muster").click()
    expect(aron.page.get_by_role("navigation", name="Rooms of this audit")).to_be_visible()


def test_on_a_full_tablet_nothing_is_called_saved_and_the_words_stay_on_the_screen(lena: Tablet):
    lena.open_audit()
    lena.raise_finding("Minor nonconformity", title="Written on a full tablet")
    lena.runs_full()

    lena.open_audit()
    lena.open_finding("Written on a full tablet")
    failure = lena.page.get_by_role("textbox", name="Failure")
    failure.fill("The control of gauges does not cover the night shift.")
    failure.blur()
    expect(lena.page.get_by_text(NO_ROOM)).to_be_visible()
    expect(failure).to_have_value("The control of gauges does not cover the night shift.")
    expect(lena.page.get_by_text("Still missing: what is not met")).to_be_visible()
    note = lena.begin_note(HALF_A_NOTE)
    sheet = lena.page.get_by_role("dialog")
    keeping = sheet.get_by_role("button", name="Keep the note")
    keeping.click()
    expect(sheet.get_by_text(NO_ROOM)).to_be_visible()
    expect(note).to_have_value(HALF_A_NOTE)

    lena.has_room_again()
    keeping.click()
    expect(sheet).to_be_hidden()
    lena.page.get_by_role("button", name="Try again").click()
    expect(lena.page.get_by_text("Still missing: what is not met")).to_be_hidden()
    lena.reloads()
    expect(failure).to_have_value("The control of gauges does not cover the night shift.")


@pytest.mark.parametrize(
    "forbids",
    [
        "Object.defineProperty(window, 'indexedDB', { value: undefined })",
        "IDBFactory.prototype.open = () => { throw new DOMException('forbidden', 'SecurityError') }",
    ],
    ids=["no storage", "storage that may not be opened"],
)
def test_a_tablet_that_cannot_keep_an_audit_says_so_before_one_is_begun(tablet: Tablets, forbids: str):
    lena = tablet("lena")
    lena.page.add_init_script(forbids)
    lena.page.goto(lena.address)
    said = lena.page.get_by_role("alert").filter(has_text="This tablet's storage cannot be opened")
    expect(said).to_contain_text("Leave private browsing")
    lena.page.get_by_label("E-mail").fill("lena@nordlicht.example")
    lena.page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
    lena.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(lena.page.get_by_text("The tablet did not save this.")).to_be_visible()
    expect(said).to_be_visible()
    expect(lena.page.get_by_role("heading", name="Audits", level=1)).to_be_hidden()
