"""
A tablet with a person at it: page objects that speak the field.

What an auditor does has a name here (`raise_finding`, `take_photo`, `hold_closing_meeting`), and so has what happens to a tablet
(`goes_offline`, `battery_dies`). Controls are found by role and name, as a person or a screen reader finds them.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Error, Locator, Page, Playwright, ViewportSize, expect

from tests.e2e.browser import TABLET, kill, open_profile
from tests.e2e.serving import DEMO_PASSWORD

SEEN_BY_ALL = re.compile("Stage 2 certification audit")


@dataclass
class Taps:
    """How often the glass was touched."""

    count: int = 0


_IS_DRAFT_KEPT = """async (text) => {
    const names = (await indexedDB.databases()).map((found) => found.name);
    for (const name of names.filter((name) => name.startsWith('auditbook:') && name !== 'auditbook:device')) {
        const database = await new Promise((open) => {
            const asked = indexedDB.open(name);
            asked.onsuccess = () => open(asked.result);
        });
        const drafts = await new Promise((read) => {
            const asked = database.transaction('drafts').objectStore('drafts').getAll();
            asked.onsuccess = () => read(asked.result);
        });
        database.close();
        if (drafts.some((draft) => draft.body.value.text === text)) return true;
    }
    return false;
}"""


class Tablet:
    """One browser profile: what it stores is there again after `battery_dies`."""

    def __init__(
        self,
        playwright: Playwright,
        profile: Path,
        address: str,
        shot: Callable[[Page, str], None] | None = None,
        viewport: ViewportSize | None = None,
    ):
        self._playwright = playwright
        self._profile = profile
        self._viewport = viewport or TABLET
        self._shot = shot
        self.address = address
        self.complaints: list[str] = []
        """Errors that the app raised, and what the content security policy stopped. There must be none."""
        self._open()

    def _open(self) -> None:
        self.context: BrowserContext = open_profile(self._playwright, self._profile, self._viewport)
        self.page: Page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self.page.on(
            "pageerror", lambda error: self.complaints.append(f"{error.message} at {self.page.url}\n{error.stack}")
        )
        self.page.on("console", self._listen)
        self._devtools: CDPSession | None = None

    def _listen(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    @contextlib.contextmanager
    def counting_taps(self) -> Iterator[Taps]:
        """Counts what reaches the glass, not what a test says that it does. Without loading the page again meanwhile."""
        self.page.evaluate(
            """() => {
                if (window.taps === undefined) addEventListener('pointerdown', () => window.taps++, { capture: true });
                window.taps = 0;
            }"""
        )
        taps = Taps()
        yield taps
        taps.count = int(self.page.evaluate("() => window.taps"))

    # --- What happens to a tablet

    def goes_offline(self) -> None:
        self.context.set_offline(True)

    def comes_back_online(self) -> None:
        self.context.set_offline(False)

    def is_at_the_edge_of_the_cell(self) -> None:
        """23 kbit/s both ways, and two seconds until anything is answered."""
        self._network({"latency": 2000, "downloadThroughput": 23_000 / 8, "uploadThroughput": 23_000 / 8})

    def _network(self, conditions: dict[str, float]) -> None:
        self._developer_tools().send("Network.emulateNetworkConditions", {"offline": False, **conditions})

    def _developer_tools(self) -> CDPSession:
        """What is set by them ends with this connection."""
        if self._devtools is None:
            self._devtools = self.context.new_cdp_session(self.page)
        return self._devtools

    def runs_full(self) -> None:
        """Its storage takes nothing more; what is there can be read. Started again, since Chromium remembers for a while that there was room."""
        self.close()
        self._open()
        self._limit_room(1)
        self.page.goto(self.address)

    def has_room_again(self) -> None:
        self._limit_room(None)

    def _limit_room(self, most: int | None) -> None:
        """Bytes that this browser gives the app; None for as many as it wants."""
        limit = {} if most is None else {"quotaSize": most}
        self._developer_tools().send("Storage.overrideQuotaForOrigin", {"origin": self.address, **limit})

    def battery_dies(self) -> None:
        """The browser is killed; whatever was not stored is lost."""
        if kill(self._profile):
            self.page.wait_for_event("close")
        with contextlib.suppress(Error):
            self.context.close()

    def starts_again(self, *, offline: bool = False) -> None:
        self._open()
        self.context.set_offline(offline)
        self.page.goto(self.address)

    def reloads(self) -> None:
        self.page.reload()

    def close(self) -> None:
        self.context.close()

    def shows(self, name: str) -> None:
        """Keep a picture of the screen, where somebody wants them."""
        if self._shot is not None:
            self._shot(self.page, name)

    # --- Who is at it

    def sign_in(self, email: str, password: str = DEMO_PASSWORD) -> None:
        self.page.goto(self.address)
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.shows("sign-in")
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("heading", name="Audits", level=1)).to_be_visible()

    def signs_in_again(self, password: str = DEMO_PASSWORD) -> None:
        """As whoever works here: only the password is asked for."""
        self.page.goto(f"{self.address}/#/sign-in")
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("heading", name="Audits", level=1)).to_be_visible()

    def joins(self, name: str, password: str, code: str | None = None) -> None:
        """With the code typed in by hand; without one, from the link that is open already."""
        if code is not None:
            self.page.goto(self.address)
            self.page.get_by_role("link", name="I have an invitation").click()
            self.page.get_by_role("textbox", name="Code").fill(code)
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_label("New password").fill(password)

    def invites(self, name: str, email: str, role: str) -> None:
        self.page.goto(f"{self.address}/#/people")
        self.page.get_by_role("button", name="Invite somebody").click()
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_role("checkbox", name=re.compile(f"^{role}")).check()
        self.page.get_by_role("button", name="Send the invitation").click()
        expect(self.page.get_by_text(f"The invitation to {email} is on its way.")).to_be_visible()

    def creates_audit(self, title: str, client: str) -> None:
        """With what everybody has to say at least; the rest has sensible defaults."""
        self.page.goto(f"{self.address}/#/audits")
        self.page.get_by_role("link", name="New audit").click()
        self.page.get_by_label("Name of the client").fill(client)
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_role("button", name="Create the audit").click()
        expect(self.page.get_by_role("heading", name=title, level=1)).to_be_visible()

    def adds_to_team(self, name: str) -> None:
        self.enter("Set-up")
        self.page.get_by_role("tab", name="Team").click()
        self.page.get_by_role("button", name=name).click()
        expect(self.page.get_by_label(f"Role of {name}")).to_be_visible()

    def takes_out_of_team(self, name: str) -> None:
        self.enter("Set-up")
        self.page.get_by_role("tab", name="Team").click()
        self.page.get_by_role("button", name=f"Take {name} out of the team").click()
        expect(self.page.get_by_label(f"Role of {name}")).to_be_hidden()

    def leads_by_having_begun(self, name: str) -> None:
        """In the list of the team that is open."""
        line = self.page.get_by_role("listitem").filter(has_text="Leads because of having begun this audit")
        expect(line).to_contain_text(name)

    def has_in_team(self, name: str, role: str) -> None:
        self.enter("Set-up")
        self.page.get_by_role("tab", name="Team").click()
        expect(self.page.get_by_label(f"Role of {name}").locator("option:checked")).to_have_text(role)

    def waits_until_ready_offline(self) -> None:
        expect(self._audit_link()).to_contain_text("Ready offline", timeout=30_000)
        # The app itself must be on the tablet too, not only the audit.
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        self.shows("audits")

    def audit_titled(self, title: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("link", name=title)

    def open_audit(self) -> None:
        self._audit_link().click()
        expect(self.page.get_by_role("navigation", name="Rooms of this audit")).to_be_visible()

    def _audit_link(self) -> Locator:
        return self.page.get_by_role("link", name=SEEN_BY_ALL).first

    def enter(self, room: str) -> None:
        """Day, Clauses, Findings, Evidence, Set-up, Closing or Report."""
        self.page.get_by_role("navigation", name="Rooms of this audit").get_by_role("link", name=room).click()

    # --- On the floor

    def open_slot(self, title: str) -> None:
        self.enter("Day")
        self.page.get_by_role("region", name="Today").get_by_role("button", name=title).first.click()
        expect(self.page.get_by_role("heading", name=title, level=1)).to_be_visible()

    def clause(self, number: str) -> Locator:
        return self.page.get_by_role("article", name=re.compile(rf"^{re.escape(number)}\b"))

    def open_clause(self, number: str) -> None:
        """In the tree; it opens beside it."""
        self.enter("Clauses")
        self.page.get_by_role("link", name=re.compile(rf"^{re.escape(number)}\b")).first.click()
        expect(self.clause(number)).to_be_visible()

    def judge(self, number: str, result: str) -> None:
        button = self.clause(number).get_by_role("button", name=result, exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")

    def has_judged(self, number: str, result: str) -> None:
        button = self.clause(number).get_by_role("button", name=result, exact=True)
        expect(button).to_have_attribute("aria-pressed", "true")

    def begin_note(self, text: str = "") -> Locator:
        """The field in which a note is being written; it is not kept yet."""
        self.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Note", exact=True).click()
        field = self.page.get_by_role("dialog").get_by_role("textbox").first
        if text:
            field.press_sequentially(text)
        return field

    def closes_sheet(self) -> None:
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_role("button", name="Close").first.click()
        expect(sheet).to_be_hidden()

    def waits_until_typed_text_is_kept(self, text: str) -> None:
        """Text that is being typed lies in the tablet's store, as a draft, before the field is left."""
        for _ in range(200):
            if self.page.evaluate(_IS_DRAFT_KEPT, text):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not kept as a draft: {text}")

    def pieces_in_the_tray(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("^Select: "))

    def take_note(self, text: str) -> None:
        self.begin_note().fill(text)
        sheet = self.page.get_by_role("dialog")
        self.shows("note")
        sheet.get_by_role("button", name="Keep the note").click()
        expect(sheet).to_be_hidden()

    def take_photos(self, count: int = 1) -> None:
        """With the tablet's camera, one after the other without leaving it."""
        self._open_camera()
        sheet = self._camera()
        for taken in range(1, count + 1):
            sheet.get_by_role("button", name="Take a photo").click()
            expect(sheet.get_by_role("status").first).to_contain_text(f"{taken} kept on this device")
        self.shows("camera")
        sheet.get_by_role("button", name="Done").click()
        expect(sheet).to_be_hidden()

    def _open_camera(self) -> None:
        self.page.get_by_role("navigation", name="Capture").get_by_role("button", name="Photo", exact=True).click()

    def raise_finding(self, grade: str, under: str | None = None, *, title: str | None = None) -> None:
        """Three taps: Finding, the grade, done. With the grade it is kept."""
        if under is not None:
            self.clause(under).get_by_role("button", name="Finding under").click()
        else:
            bar = self.page.get_by_role("navigation", name="Capture")
            bar.get_by_role("button", name="Finding", exact=True).click()
        self.shows("finding-grade")
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_role("button", name=grade, exact=True).click()
        if title is not None:
            self._record(sheet, "Title", title)
        sheet.get_by_role("button", name="Done").click()
        expect(sheet).to_be_hidden()

    def retitle_open_finding(self, title: str) -> None:
        self._record(self.page, "Title", title)

    def open_finding(self, title: str | re.Pattern[str]) -> None:
        self.enter("Findings")
        self.page.get_by_role("link", name=title).first.click()
        expect(self.page.get_by_role("textbox", name="Requirement")).to_be_visible()

    def complete_nonconformity(self, requirement: str, failure: str, objective_evidence: str) -> None:
        """The three parts of an open finding, each kept when its field is left."""
        for field, text in (
            ("Requirement", requirement),
            ("Failure", failure),
            ("Objective evidence", objective_evidence),
        ):
            self._record(self.page, field, text)

    def cites_too(self, number: str, standard: str) -> None:
        """A further clause for the open finding."""
        self.page.get_by_role("button", name="Add a clause").click()
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_role("searchbox").or_(sheet.get_by_role("textbox")).first.fill(number)
        clauses = sheet.get_by_role("list", name="Clauses found").get_by_role("button", name=re.compile(f"^{number}"))
        clauses.filter(has_text=standard).first.click()
        sheet.get_by_role("button", name="Done").click()
        expect(sheet).to_be_hidden()

    def grade_in(self, standard: str) -> Locator:
        """The part of the open finding that is about its grade in one standard."""
        return self.page.get_by_role("region", name=re.compile(f"^{standard}"))

    def grades_apart(self, standard: str, grade: str, reason: str) -> None:
        """Another grade in one of the standards of the open finding."""
        part = self.grade_in(standard)
        each = self.page.get_by_role("button", name="Grade each standard")
        expect(part.or_(each).first).to_be_visible()
        if not part.is_visible():
            each.click()
        part.get_by_role("button", name=grade, exact=True).click()
        part.get_by_role("textbox", name=re.compile("^Why")).fill(reason)
        part.get_by_role("button", name="Grade it so").click()
        expect(part.get_by_role("textbox", name=re.compile("^Why this grade"))).to_have_value(reason)

    def photograph_finding(self, file: Path | None = None) -> None:
        """A photo that is filed under the open finding at once: by the camera, or from a file."""
        self.page.get_by_role("button", name="Photo for this finding").click()
        sheet = self._camera()
        if file is None:
            sheet.get_by_role("button", name="Take a photo").click()
        else:
            sheet.get_by_label("From files").set_input_files(file)
        expect(sheet.get_by_role("status").first).to_contain_text("1 kept on this device")
        self.shows("camera")
        sheet.get_by_role("button", name="Done").click()
        expect(sheet).to_be_hidden()

    def pick_pictures_for_the_report(self, *captions: str) -> None:
        """In the gallery: open each picture in its order, write the caption, pick it."""
        self.enter("Evidence")
        for position, caption in enumerate(captions):
            self.page.get_by_role("main").get_by_role("button", name=re.compile("^Open")).nth(position).click()
            viewer = self.page.get_by_role("dialog")
            self._write(viewer, "Caption", caption)
            viewer.get_by_role("checkbox", name="Show in the report").check()
            expect(viewer.get_by_role("checkbox", name="Show in the report")).to_be_checked()
            self.shows(f"picture-{position + 1}")
            viewer.get_by_role("button", name="Close").first.click()
            expect(viewer).to_be_hidden()

    # --- Without a network, by a file

    def takes_out_by_hand(self, folder: Path) -> tuple[Path, str]:
        """Writes the file where there is no picker, as on most tablets. The file, and the passphrase that was shown."""
        self._opens_sync()
        self.page.evaluate("() => delete window.showSaveFilePicker")
        self.page.get_by_role("button", name="Write a file").click()
        dialog = self.page.get_by_role("dialog", name="Write a file to take out")
        expect(dialog).to_contain_text("Goes in:")
        self.shows("take-out")
        with self.page.expect_download() as saved:
            dialog.get_by_role("button", name="Write the file").click()
        expect(dialog).to_contain_text("Nobody can open the file without its passphrase")
        self.shows("taken-out")
        passphrase = dialog.locator(".passphrase").inner_text()
        path = folder / saved.value.suggested_filename
        saved.value.save_as(path)
        dialog.get_by_role("button", name="Done").click()
        return path, passphrase

    def opens_file(self, path: Path, passphrase: str) -> Locator:
        """What the file holds, in the dialog in which it can be taken in."""
        self._opens_sync()
        self.page.get_by_role("button", name="Take a file in").click()
        dialog = self.page.get_by_role("dialog", name="Take a file in")
        with self.page.expect_file_chooser() as chooser:
            dialog.get_by_label("File").click()
        chooser.value.set_files(path)
        dialog.get_by_label("Passphrase").fill(passphrase)
        self.shows("take-in")
        dialog.get_by_role("button", name="See what it holds").click()
        return dialog

    def takes_in(self, path: Path, passphrase: str) -> Locator:
        dialog = self.opens_file(path, passphrase)
        expect(dialog).to_contain_text("Written by")
        self.shows("holds")
        dialog.get_by_role("button", name="Take it in").click()
        return dialog

    def _opens_sync(self) -> None:
        self.page.goto(f"{self.address}/#/sync")
        expect(self.page.get_by_role("heading", name="Take it out by hand")).to_be_visible()

    # --- Where two tablets say different things

    def disputed_versions(self, field: str) -> Locator:
        """The notice on the open finding that shows both values with their authors."""
        return self.page.get_by_role("region", name=f"Two values for: {field}")

    def settle_dispute(self, field: str, value: str) -> None:
        """One tap: the button beside the value that is right."""
        notice = self.disputed_versions(field)
        version = notice.locator("div").filter(has=self.page.get_by_role("blockquote").filter(has_text=value)).last
        version.get_by_role("button", name="Keep this").click()
        expect(notice).to_be_hidden()

    def settle_dispute_otherwise(self, field: str, value: str) -> None:
        """By a third value, which neither had written."""
        notice = self.disputed_versions(field)
        notice.get_by_role("button", name="Write a third").click()
        notice.get_by_role("textbox", name="What is right").fill(value)
        notice.get_by_role("button", name="Keep what I wrote").click()
        expect(notice).to_be_hidden()

    def counts_open_disputes(self, count: int) -> None:
        """As the day's list says it; nothing is said where there is none."""
        self.enter("Day")
        link = self.page.get_by_role("link", name=re.compile("^Open disputes"))
        if count:
            expect(link).to_contain_text(str(count))
        else:
            expect(self.page.get_by_role("link", name=re.compile("^Not yet seen"))).to_be_visible()
            expect(link).to_be_hidden()

    # --- The closing meeting

    def note_attendance(self, *names: str) -> None:
        self.enter("Closing")
        region = self._region("Who was there")
        for name in names:
            region.get_by_role("button", name=re.compile(f"^{name}")).first.click()
            for meeting in ("opening", "closing"):
                region.get_by_label(f"{name} at the {meeting} meeting").check()

    def confirm_application(self, headcount: int, shifts: str, outsourced: str) -> None:
        self._write(self.page, "Headcount", str(headcount))
        self._write(self.page, "Shifts", shifts)
        self._write(self.page, "Outsourced processes", outsourced)
        self._region("Confirmed application data").get_by_role("button", name="Yes").click()

    def note_deviation(self, text: str, minutes: int, told: str) -> None:
        region = self._region("Deviations from the plan")
        region.get_by_role("button", name="Add deviation").click()
        region.get_by_role("textbox", name="What happened").fill(text)
        region.get_by_role("textbox", name="Minutes lost").fill(str(minutes))
        region.get_by_role("textbox", name="Who was told").fill(told)
        region.get_by_role("button", name="Keep deviation").click()
        expect(region).to_contain_text(text)

    def auditee_acknowledges_everything(self) -> None:
        region = self._region("Findings")
        expect(region).to_be_visible()
        for answer in region.get_by_role("button", name="Acknowledged").all():
            answer.click()

    def recommend(self, outcome: str, standard: str = "") -> None:
        """For one standard, or the same for every one of the audit."""
        region = self._region("Recommendation")
        asked = region.get_by_role("group", name=standard) if standard else region
        answers = asked.get_by_role("radio", name=outcome, exact=True)
        expect(answers.first).to_be_visible()
        for one in answers.all():
            one.check()

    def show_closing_record(self) -> None:
        self.page.get_by_role("button", name="Show the closing record").click()
        expect(self._region("Closing record").get_by_text("Code of the record")).to_be_visible()
        self.shows("closing-record")

    def sign(self, party: str, name: str) -> None:
        """On the glass, with a pen or a finger."""
        word = self.page.get_by_role("region", name=party)
        word.get_by_role("textbox", name=re.compile("^Name of")).fill(name)
        self._draw(word.get_by_role("img"))
        self.shows("signing")
        word.get_by_role("button", name="Keep this signature").click()
        expect(word).to_contain_text(f"{name} signed")

    def note_absent(self, party: str, name: str, reason: str) -> None:
        word = self.page.get_by_role("region", name=party)
        word.get_by_role("button", name="Absent", exact=True).click()
        word.get_by_role("textbox", name=re.compile("^Name of")).fill(name)
        word.get_by_role("textbox", name=re.compile("^Reason for the absence")).fill(reason)
        word.get_by_role("button", name="Note as absent").click()
        expect(word).to_contain_text(f"{name} was absent")

    def begin_new_closing_record(self, reason: str) -> None:
        """The sealed one is wrong. It counts until the new one is sealed."""
        self.shows("sealed-before")
        self.page.get_by_role("button", name="Make a new closing record").click()
        expect(self.page.get_by_text("Until it is sealed, the sealed one counts.")).to_be_visible()
        self.page.get_by_role("button", name="Show the closing record").click()
        expect(self._region("Why a new record")).to_contain_text("Say why there is a new closing record.")
        self._region("Why a new record").get_by_role("textbox").fill(reason)
        self.shows("closing-anew")

    def seal_closing_record(self) -> str:
        """The hash that was sealed, as the tablet shows it."""
        self.page.get_by_role("button", name="Seal the closing record").click()
        asked = self.page.get_by_role("dialog", name="Seal the closing record?")
        expect(asked.get_by_role("listitem")).to_have_count(2)
        self.shows("seal-asked")
        asked.get_by_role("button", name="Seal now").click()
        expect(self.page.get_by_text("The closing record is sealed", exact=True)).to_be_visible()
        expect(self.page.locator("#sealed")).to_be_focused()
        self.page.get_by_text("The whole checksum (SHA-256)").last.click()
        shown = re.search(r"\b[0-9a-f]{64}\b", self.page.get_by_role("main").inner_text())
        assert shown is not None, "the seal does not show its checksum"
        self.shows("sealed")
        return shown.group()

    # --- Afterwards

    def waits_until_safe(self, seconds: float = 60) -> None:
        """Everything has come back from the server with an equal digest, and it has every photo."""
        self.page.goto(f"{self.address}/#/sync")
        expect(self.page.get_by_text("Safe to leave the site").first).to_be_visible(timeout=seconds * 1000)
        expect(self.page.get_by_text("Everything on this device is safe on the server")).to_be_visible(
            timeout=seconds * 1000
        )
        self.shows("safe")

    def syncs_now(self, seconds: float = 60) -> None:
        """Sends, and fetches what the others wrote, without waiting for the next regular time."""
        self.page.goto(f"{self.address}/#/sync")
        send = self.page.get_by_role("button", name="Send now")
        expect(send).to_be_enabled(timeout=seconds * 1000)
        with self.page.expect_response(re.compile(r"/api/audits$"), timeout=seconds * 1000):
            send.click()
        expect(self.page.get_by_role("status").first).to_contain_text("Everything is done", timeout=seconds * 1000)
        expect(self.page.get_by_text("Everything on this device is safe on the server")).to_be_visible()

    def goes_back_to_the_audit(self) -> None:
        self.page.goto(f"{self.address}/#/audits")
        self.open_audit()

    def write_report(self, **fields: str) -> None:
        self.enter("Report")
        for label, text in fields.items():
            self._write(self.page, label.replace("_", " "), text)
        for question in ("Is the scope appropriate?", "Were the audit objectives met?"):
            self.page.get_by_role("group", name=question).get_by_role("button", name="Yes").click()
        self.shows("report")

    def seal_report(self) -> None:
        self.page.get_by_role("button", name="Seal the report").click()
        expect(self.page.get_by_text(re.compile(r"Revision 1 sealed"))).to_be_visible()

    def ask_for_pdf(self, seconds: float = 90) -> None:
        """Asks, and waits until the app itself says that it is made and mailed."""
        ask = self.page.get_by_role("button", name="Ask for the PDF")
        expect(ask).to_be_enabled(timeout=seconds * 1000)
        ask.click()
        reports = self.page.get_by_role("list", name="Reports")
        expect(reports).to_contain_text("Made", timeout=seconds * 1000)
        expect(reports).to_contain_text(re.compile(r"Mail to .* sent"), timeout=seconds * 1000)
        self.shows("report-sent")

    def knows_what_was_issued(self) -> None:
        """From the audit's log: the server's list cannot be had."""
        self.goes_back_to_the_audit()
        self.enter("Report")
        issued = self.page.get_by_role("list", name="Reports").get_by_role("listitem")
        expect(issued).to_have_count(1)
        expect(issued).to_contain_text(re.compile(r"Revision 1\s+Issued .*, \d+ pages"))
        expect(self.page.get_by_role("button", name="Ask for the PDF")).to_have_count(0)
        issued.scroll_into_view_if_needed()
        self.shows("report-issued")

    def must_not_have_complained(self) -> None:
        assert self.complaints == [], self.complaints

    def _region(self, name: str) -> Locator:
        """A step of a page. Its heading may carry a number in front."""
        return self.page.get_by_role("region", name=re.compile(rf"^\d*\s*{re.escape(name)}$"))

    def _write(self, within: Page | Locator, field: str, text: str) -> None:
        """Type into a field and leave it."""
        box = within.get_by_role("textbox", name=field).first
        box.fill(text)
        box.blur()

    def _record(self, within: Page | Locator, field: str, text: str) -> None:
        """Leaving the field makes it an operation; the field's own stamp says that it is kept, not the one of what was done before."""
        self._write(within, field, text)
        # With a network the stamp soon says more than that it is on the tablet.
        own = within.locator(".draft").filter(has=self.page.get_by_role("textbox", name=field)).get_by_role("status")
        expect(own.first).to_contain_text(re.compile("Saved on this device|Sent|Safe on the server"))

    def _camera(self) -> Locator:
        return self.page.get_by_role("dialog", name=re.compile("^Photo"))

    def _draw(self, pad: Locator) -> None:
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        mouse = self.page.mouse
        mouse.move(box["x"] + box["width"] * 0.15, box["y"] + box["height"] * 0.6)
        mouse.down()
        for step in range(1, 25):
            wave = 0.6 + 0.25 * (-1) ** step * (1 - step / 30)
            mouse.move(box["x"] + box["width"] * (0.15 + step * 0.027), box["y"] + box["height"] * wave, steps=3)
        mouse.up()
