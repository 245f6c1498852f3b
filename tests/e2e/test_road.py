"""
The whole road, once: from the shop floor, without a network and without a server, to the mailed report. What arrived is then
checked by strangers to the app: our own `auditbook verify` and poppler's `pdfsig`, each in a process of its own.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest

from server.sealing.canonical import sha256_hex
from tests.e2e.browser import chromium

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Toured:
    """What the tour left behind."""

    folder: Path
    said: str

    @property
    def report(self) -> Path:
        return self.folder / "report.pdf"

    @property
    def sealed(self) -> str:
        """The hash that the tablet showed when the closing record was sealed."""
        shown = re.search(r"Sealed on the tablet under SHA-256 ([0-9a-f]{64})", self.said)
        assert shown is not None, self.said
        return shown.group(1)


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Toured:
    """`make tour`, in a process of its own: it drives a browser, and it signs and verifies."""
    if not Path(chromium()).is_file():
        pytest.fail(
            f"There is no Chromium at {chromium()}. `make test` installs one; CHROMIUM=/path/to/one names another."
        )
    folder = tmp_path_factory.mktemp("tour")
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.tour", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    if done.returncode != 0:
        kept = ROOT / "var" / "e2e" / "tour"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept)
        pytest.fail(f"The tour ended early; its pictures are in var/e2e/tour.\n{done.stdout}\n{done.stderr[-6000:]}")
    return Toured(folder, done.stdout)


def verified(report: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What `auditbook verify` says, as whoever received the mail would call it: with no settings at all."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITBOOK_")}
    return subprocess.run(
        [sys.executable, "-m", "server.cli", "verify", str(report), *options],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def poppler_says(report: Path) -> str:
    if shutil.which("pdfsig") is None:
        pytest.fail("There is no pdfsig here. `make test` installs it (poppler-utils).")
    done = subprocess.run(
        ["pdfsig", "-nocert", str(report)], capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    return done.stdout + done.stderr


def changed(report: Path, at: int, to: bytes, into: Path) -> Path:
    data = bytearray(report.read_bytes())
    assert bytes(data[at : at + len(to)]) != to, "nothing would change"
    data[at : at + len(to)] = to
    path = into / "changed.pdf"
    path.write_bytes(data)
    return path


def signed_ranges(report: Path) -> tuple[int, int, int, int]:
    found = re.search(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", report.read_bytes())
    assert found is not None, "the report has no signature"
    first, length, second, rest = (int(number) for number in found.groups())
    return first, length, second, rest


def middle_of_the_longest_stream(data: bytes) -> int:
    """A place where a byte can change and the file still opens: inside a picture or an attachment."""
    streams = re.finditer(rb"\bstream\r?\n(.*?)endstream", data, re.DOTALL)
    longest = max(streams, key=lambda stream: stream.end(1) - stream.start(1))
    return (longest.start(1) + longest.end(1)) // 2


def test_an_audit_that_was_held_without_network_or_server_arrives_as_a_mailed_report(toured: Toured):
    assert "The network is gone and the server is dead" in toured.said
    assert toured.report.read_bytes().startswith(b"%PDF-")
    assert (toured.folder / "mail.eml").stat().st_size > toured.report.stat().st_size


def test_the_hash_that_people_signed_on_the_glass_is_the_one_of_the_attached_closing_record(toured: Toured):
    with pikepdf.open(toured.report) as pdf:
        closing = pdf.attachments["closing-record.json"].get_file().read_bytes()
        record = json.loads(pdf.attachments["report-record.json"].get_file().read_bytes())
    assert sha256_hex(closing) == toured.sealed
    assert record["closing_sha256"] == toured.sealed


def test_a_stranger_finds_the_report_intact(toured: Toured):
    verdict = verified(toured.report, "--json")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert json.loads(verdict.stdout)["is_intact"] is True
    said = poppler_says(toured.report)
    assert "Signature is Valid" in said and "Total document signed" in said, said


def test_one_changed_byte_in_what_is_signed_is_refused_by_us_and_by_poppler(toured: Toured, tmp_path: Path):
    data = toured.report.read_bytes()
    at = middle_of_the_longest_stream(data)
    _, length, second, rest = signed_ranges(toured.report)
    assert at < length or second <= at < second + rest
    broken = changed(toured.report, at, bytes([data[at] ^ 1]), tmp_path)
    verdict = verified(broken)
    assert verdict.returncode == 1, verdict.stdout + verdict.stderr
    assert "Digest Mismatch" in poppler_says(broken)


def test_a_changed_byte_that_breaks_the_file_itself_does_not_pass_either(toured: Toured, tmp_path: Path):
    data = toured.report.read_bytes()
    _, _, second, rest = signed_ranges(toured.report)
    at = second + rest - len(b"%%EOF\n")
    broken = changed(toured.report, at, bytes([data[at] ^ 1]), tmp_path)
    assert verified(broken).returncode != 0
    assert "Signature is Valid" not in poppler_says(broken)


def test_something_hidden_in_the_padding_of_the_signature_is_refused(toured: Toured, tmp_path: Path):
    _, _, second, _ = signed_ranges(toured.report)
    padding_ends = second - 1
    assert toured.report.read_bytes()[padding_ends - 8 : padding_ends] == b"00000000"
    verdict = verified(changed(toured.report, padding_ends - 8, b"deadbeef", tmp_path))
    assert verdict.returncode == 1, verdict.stdout + verdict.stderr
