"""A closing record that was sealed wrongly is replaced at the table, and the report rests on the one that took its place."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import expect

from server.sealing.canonical import sha256_hex
from tests.e2e.conftest import Tablets
from tests.e2e.serving import Mailbox
from tests.e2e.tour import REFERENCE, report_in, write_and_send_report

pytestmark = pytest.mark.slow

REASON = "The deviation on the second day was forgotten."


def test_a_closing_record_takes_the_place_of_the_sealed_one(tablet: Tablets, mailbox: Mailbox, tmp_path: Path):
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    lena.note_attendance("Lena Brandt")
    lena.recommend("Recommended")
    lena.show_closing_record()
    lena.sign("Audit team leader", "Lena Brandt")
    lena.sign("Auditee's representative", "Thomas Reiter")
    first = lena.seal_closing_record()

    lena.begin_new_closing_record(REASON)
    # The tablet is put away in the middle of it: the sealed record goes on counting, and what was shown is there again.
    lena.show_closing_record()
    lena.battery_dies()
    lena.starts_again(offline=True)
    lena.open_audit()
    lena.enter("Closing")
    expect(lena.page.get_by_role("textbox", name="Why there is a new closing record")).to_have_value(REASON)
    lena.note_deviation("Fire alarm, building cleared", 40, "Thomas Reiter")
    lena.page.get_by_role("button", name="Show it again", exact=True).click()
    lena.sign("Audit team leader", "Lena Brandt")
    lena.note_absent("Auditee's representative", "Thomas Reiter", "On the road; the record goes to him by mail.")
    second = lena.seal_closing_record()
    assert second != first

    history = lena.page.get_by_role("region", name="Closing records of this audit")
    shown = history.get_by_role("listitem")
    expect(shown).to_have_count(2)
    expect(shown.nth(0)).to_contain_text("This one counts")
    expect(shown.nth(0)).to_contain_text(f"Made because: {REASON}")
    expect(shown.nth(1)).to_contain_text(re.compile("^Replaced.*Sealed by Lena Brandt"))

    lena.comes_back_online()
    # Chromium writes cookies every half minute: the sign-in may be lost with the battery, the work is not.
    lena.signs_in_again()
    lena.waits_until_safe()
    write_and_send_report(lena)
    report = tmp_path / "report.pdf"
    report.write_bytes(report_in(mailbox.wait_for_report(REFERENCE)))
    with pikepdf.open(report) as pdf:
        closing = pdf.attachments["closing-record.json"].get_file().read_bytes()
    assert sha256_hex(closing) == second
    record = json.loads(closing)
    assert (record["supersedes"], record["reason"]) == (first, REASON)
    verdict = subprocess.run(
        [sys.executable, "-m", "server.cli", "verify", str(report), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    said = {check["code"]: check["sentence"] for check in json.loads(verdict.stdout)["checks"]}
    assert first[:16] in said["records.replaced"]
