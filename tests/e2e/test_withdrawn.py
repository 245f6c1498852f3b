"""A photo has to go: the programme manager withdraws it, and neither the server nor any tablet has it afterwards."""

import hashlib
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.browser import PHONE
from tests.e2e.conftest import ROOT, Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet
from tests.e2e.test_room import keep, look

pytestmark = pytest.mark.slow

AXE = ROOT / "pwa/node_modules/axe-core/axe.min.js"
WHY = "Shows a person who did not agree."
FILES_HERE = """async () => {
  const counts = {};
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    for (const store of ['uploads', 'evidence_bytes', 'evidence_views', 'evidence_thumbnails']) {
      if (!db.objectStoreNames.contains(store)) continue;
      const asking = db.transaction(store).objectStore(store).getAllKeys();
      const keys = await new Promise((resolve) => (asking.onsuccess = () => resolve(asking.result)));
      counts[store] = keys.filter((key) => String(key).includes(SHA256)).length;
    }
    db.close();
  }
  return counts;
}"""
NOTHING = {"uploads": 0, "evidence_bytes": 0, "evidence_views": 0, "evidence_thumbnails": 0}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "person.jpg"
    Image.new("RGB", (1200, 900), "purple").save(path)
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_on(one: Tablet, sha256: str) -> dict[str, int]:
    """How many rows of the tablet's storage are about this file, by table."""
    counts: dict[str, int] = one.page.evaluate(FILES_HERE.replace("SHA256", f"'{sha256}'"))
    return counts


def test_a_photo_that_is_withdrawn_leaves_the_server_and_every_tablet(tablet: Tablets, served: Server, photo: Path):
    sha256 = sha256_of(photo)
    lena = tablet.in_the_audit("lena")
    keep(lena, photo)
    lena.waits_until_safe()
    lena.goes_back_to_the_audit()
    assert files_on(lena, sha256)["evidence_bytes"] == 1
    assert list((served.data / "evidence").rglob(f"{sha256}*"))
    lena.goes_offline()

    jonas = tablet.in_the_audit("jonas")
    jonas.enter("Evidence")
    jonas.page.get_by_role("button", name=re.compile("^Open")).last.click()
    viewer = jonas.page.get_by_role("dialog").first
    viewer.get_by_role("button", name="Withdraw this evidence …").click()
    asked = jonas.page.get_by_role("dialog", name=re.compile("^Withdraw “"))
    destroy = asked.get_by_role("button", name="Destroy it for good")
    expect(asked.get_by_label("Reason")).to_be_focused()
    expect(destroy).to_be_disabled()
    jonas.page.keyboard.type(WHY)
    expect(destroy).to_be_disabled()
    asked.get_by_label("It is to be destroyed. Nobody can bring it back.").check()
    look(jonas, "asked")
    destroy.click()
    expect(asked).to_be_hidden()
    expect(viewer.get_by_role("status").filter(has_text="It is destroyed on the server.")).to_be_visible()
    expect(viewer.get_by_text(re.compile(f"Withdrawn on .*: {re.escape(WHY)}"))).to_be_visible()
    expect(viewer.get_by_role("button", name="Withdraw this evidence …")).to_be_hidden()
    look(jonas, "withdrawn")
    assert not list(served.data.rglob(f"{sha256}*"))
    assert files_on(jonas, sha256) == NOTHING

    assert files_on(lena, sha256)["evidence_bytes"] == 1, "nobody told this tablet yet"
    lena.comes_back_online()
    lena.syncs_now()
    lena.goes_back_to_the_audit()
    lena.enter("Evidence")
    gallery = lena.page.get_by_role("main")
    expect(gallery.get_by_text(re.compile(f"Withdrawn on .*: {re.escape(WHY)}"))).to_be_visible()
    look(lena, "gallery")
    assert files_on(lena, sha256) == NOTHING
    lena.waits_until_safe()
    lena.goes_back_to_the_audit()
    lena.enter("Evidence")
    lena.page.get_by_role("button", name=re.compile("^Open")).last.click()
    expect(lena.page.get_by_role("button", name="Withdraw this evidence …")).to_have_count(0)


def test_by_the_keyboard_alone_on_a_phone_in_german_and_not_without_a_network(tablet: Tablets, photo: Path):
    lena = tablet.in_the_audit("lena")
    keep(lena, photo)
    lena.waits_until_safe()
    jonas = tablet.in_the_audit("jonas", viewport=PHONE)
    jonas.context.add_init_script(path=AXE)
    jonas.enter("Evidence")
    jonas.page.evaluate("() => { localStorage['auditbook.locale'] = 'de' }")
    jonas.reloads()
    page = jonas.page
    page.get_by_role("main").get_by_role("button", name=re.compile(" öffnen: ")).last.click()
    withdraw = page.get_by_role("button", name="Diesen Nachweis zurückziehen …")
    jonas.goes_offline()
    expect(withdraw).to_be_disabled()
    jonas.comes_back_online()
    expect(withdraw).to_be_enabled(timeout=60_000)
    withdraw.focus()
    page.keyboard.press("Enter")
    asked = page.get_by_role("dialog", name=re.compile("zurückziehen[?]$"))
    page.keyboard.type("Zeigt eine Person.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(asked.get_by_role("button", name="Endgültig vernichten")).to_be_enabled()
    page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished))")
    look(jonas, "phone")
    found = page.evaluate("() => axe.run(document.querySelector('dialog[data-asks][open]'))")
    assert [one["id"] for one in found["violations"]] == []
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(withdraw).to_be_focused()
    page.keyboard.press("Enter")
    expect(asked.get_by_role("button", name="Endgültig vernichten")).to_be_disabled()
    page.keyboard.type("Zeigt eine Person.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Zurückgezogen am .*: Zeigt eine Person[.]")).first).to_be_visible()
    look(jonas, "phone-withdrawn")
