"""
One whole audit in a real browser, from the shop floor to the certification body's mailbox. `make tour` runs it.

A fresh server on a free port, a real SMTP server on loopback, a scratch data folder. It leaves in the folder that it is given (var/tour):
`report.pdf`, `mail.eml`, `audit.json` (the sealed report record), and a screenshot of each step. Any step that fails ends it non-zero.
"""

import email
import email.policy
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pikepdf
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect, sync_playwright

from server.sealing.canonical import sha256_hex
from tests.e2e.serving import Mailbox, Server
from tests.e2e.tablet import Tablet

RECIPIENT = "reports@nordlicht.example"
REFERENCE = f"NL-{datetime.now().astimezone().year}-0417-S2R"
"""Of the audit that the demonstration begins today."""
IN_README = ("judged", "finding", "sealed")
"""Screens of which scripts/pictures.py makes README's pictures."""


@dataclass
class Album:
    """Screenshots in their order, at tablet size."""

    folder: Path
    count: int = 0

    def keep(self, page: Page, name: str) -> None:
        self.count += 1
        if name in IN_README:
            # The way back lies over the screen for some seconds, and as long as the pointer is on it.
            page.mouse.move(0, 0)
            expect(page.locator(".toast")).to_have_count(0, timeout=20_000)
        page.screenshot(path=self.folder / f"{self.count:02d}-{name}.png", scale="css")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/tour")
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.png"), *folder.glob("*.pdf"), *folder.glob("*.eml"), *folder.glob("*.json")]:
        old.unlink()
    take_tour(folder)
    print(f"\nThe tour is done. Look into {folder}/: report.pdf, mail.eml, audit.json and the pictures.")


def take_tour(folder: Path) -> None:
    """Walk the road once. Raises at the first step that does not hold."""
    album = Album(folder)
    with (
        tempfile.TemporaryDirectory(prefix="auditbook-tour-", ignore_cleanup_errors=True) as scratch,
        Mailbox() as mailbox,
        Server(Path(scratch) / "data", smtp_port=mailbox.port) as server,
        sync_playwright() as playwright,
    ):
        tablet = Tablet(playwright, Path(scratch) / "lena", server.address, album.keep)
        say("Lena signs in; her audit comes down by itself")
        tablet.sign_in("lena@nordlicht.example")
        tablet.waits_until_ready_offline()

        say("The network is gone and the server is dead; the tablet is started again")
        server.dies()
        tablet.goes_offline()
        tablet.reloads()
        tablet.open_audit()
        photo = paint_caliper(Path(scratch) / "caliper.jpg")
        audit_the_floor(tablet, photo)
        sealed = hold_closing_meeting(tablet)
        say(f"Sealed on the tablet under SHA-256 {sealed}")

        say("The network is back: operations first, then the photos")
        server.start()
        tablet.comes_back_online()
        tablet.waits_until_safe()

        say("The report is written, sealed, made and mailed")
        write_and_send_report(tablet)
        mail = mailbox.wait_for_report(REFERENCE)

        say("Without a network the tablet still says what was issued")
        tablet.syncs_now()
        tablet.goes_offline()
        tablet.reloads()
        tablet.knows_what_was_issued()
        tablet.must_not_have_complained()
        tablet.close()

        (folder / "mail.eml").write_bytes(mail)
        (folder / "report.pdf").write_bytes(report_in(mail))

    say("A stranger verifies what arrived")
    verify_what_arrived(folder, sealed)


def audit_the_floor(tablet: Tablet, photo: Path) -> None:
    """Judge, note, find, photograph: all of it offline."""
    say("Offline: judgements, a note, findings, photos")
    tablet.open_slot("Final inspection")
    tablet.shows("slot")
    for number in ("7.1.5.1", "8.5.2", "8.6"):
        tablet.judge(number, "Conforms")
    tablet.take_note("Petra keeps the recall list on paper beside bench 4; the shift leads get it by mail.")
    tablet.raise_finding("Minor nonconformity", under="7.1.5.2", title="Gauges in use past their date")
    tablet.shows("judged")
    tablet.open_finding("Gauges in use past their date")
    tablet.complete_nonconformity(
        "The calibration status of measuring equipment is known before use (ISO 9001:2015, 7.1.5.2; work instruction WI-07).",
        "The control of gauges does not prevent the use of gauges whose calibration is overdue.",
        "Hall 2, bench 4: caliper M-114 (due 30 September) and micrometer M-092 (due 15 October), 2 of 12 sampled, were in "
        "use at final inspection; job card 4711.",
    )
    tablet.photograph_finding(photo)
    tablet.photograph_finding()
    tablet.shows("finding")
    tablet.open_slot("Final inspection")
    tablet.raise_finding("Opportunity for improvement", title="Recall list could reach the night shift by display")
    tablet.pick_pictures_for_the_report("Caliper M-114 at bench 4, label due 30 September", "The bench as found")
    tablet.enter("Clauses")
    tablet.shows("clauses")


def hold_closing_meeting(tablet: Tablet) -> str:
    """Read together, sign on the glass, seal: still offline. The sealed hash."""
    say("Offline: the closing meeting, signed on the glass and sealed")
    tablet.note_attendance("Thomas Reiter", "Lena Brandt", "Aron Weiss")
    tablet.confirm_application(60, "Early, late and night; day shift in the offices", "Heat treatment, calibration")
    tablet.note_deviation("Fire alarm, building cleared", 40, "Thomas Reiter")
    tablet.auditee_acknowledges_everything()
    tablet.recommend("Recommended once the nonconformities are closed")
    tablet.show_closing_record()
    tablet.sign("Auditee's representative", "Thomas Reiter")
    tablet.sign("Audit team leader", "Lena Brandt")
    return tablet.seal_closing_record()


def write_and_send_report(tablet: Tablet) -> None:
    tablet.goes_back_to_the_audit()
    tablet.write_report(
        Executive_summary="The management system of Spanwerk is established and used. Purchasing, inspection and release work as "
        "described; the recall of gauges does not reach every bench.",
        Conformity="The system conforms to the requirements with one minor nonconformity.",
        Effectiveness="Objectives are set, followed and largely met; scrap fell by a fifth in twelve months.",
        Internal_audit_and_management_review="Both are carried out as planned, their results lead to action.",
        Plan_against_actual="28 of 28 hours; 40 minutes were lost by a fire alarm and made up in the evening.",
        Next_audit="Surveillance within twelve months of the decision; recall of gauges first.",
    )
    tablet.seal_report()
    tablet.ask_for_pdf()


def report_in(raw: bytes) -> bytes:
    """The one PDF that is attached to the mail."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message["To"] is not None and RECIPIENT in message["To"], message["To"]
    attached = [part for part in message.iter_attachments() if part.get_content_type() == "application/pdf"]
    assert len(attached) == 1, f"{len(attached)} PDFs in a mail of {len(raw)} bytes"
    return bytes(attached[0].get_content())


def verify_what_arrived(folder: Path, sealed: str) -> None:
    """Our own verdict, poppler's, and the hash that people signed: all three agree."""
    report = folder / "report.pdf"
    with pikepdf.open(report) as pdf:
        closing = pdf.attachments["closing-record.json"].get_file().read_bytes()
        record = pdf.attachments["report-record.json"].get_file().read_bytes()
    assert sha256_hex(closing) == sealed, "the attached closing record is not the one that was signed on the tablet"
    content = json.loads(record)
    assert content["closing_sha256"] == sealed
    (folder / "audit.json").write_bytes(record)
    if shutil.which("pdfsig"):
        said = subprocess.run(["pdfsig", "-nocert", str(report)], capture_output=True, text=True, check=False).stdout
        assert "Signature is Valid" in said, said
    own = subprocess.run(
        [sys.executable, "-m", "server.cli", "verify", str(report)], capture_output=True, text=True, check=False
    )
    assert own.returncode == 0, own.stdout + own.stderr
    print(own.stdout)


def paint_caliper(path: Path) -> Path:
    """A picture from a file, as a colleague would hand it over: a caliper with an overdue label."""
    picture = Image.new("RGB", (1600, 1200), "#b9bcb6")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((160, 560, 1440, 640), fill="#e8eaed", outline="#5b6470", width=4)
    draw.polygon(((240, 640), (330, 640), (330, 900), (290, 940)), fill="#d7dadf", outline="#5b6470")
    draw.polygon(((620, 640), (710, 640), (690, 940), (620, 900)), fill="#d7dadf", outline="#5b6470")
    draw.rectangle((600, 500, 860, 700), fill="#cfd4da", outline="#5b6470", width=4)
    for mark in range(60):
        draw.line((180 + mark * 20, 640, 180 + mark * 20, 620 - (mark % 5 == 0) * 14), fill="#333", width=2)
    draw.rectangle((940, 470, 1260, 560), fill="#f3d34a", outline="#333", width=3)
    draw.text((960, 485), "M-114   DUE 30 SEP", fill="#222", font_size=34)
    picture.save(path, quality=88)
    return path


def say(step: str) -> None:
    print(f"- {step}", flush=True)


if __name__ == "__main__":
    main()
