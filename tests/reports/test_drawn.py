"""What was drawn on a photo stands in the report, with both hashes; what was covered is not in the file at all."""

import hashlib
import io
import subprocess
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from PIL import Image

from server.config import Config
from server.domain.annotation import COVER
from server.evidence.derivatives import read_picture, report_picture
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.storage.report_store import ReportFiles
from tests.people import Person
from tests.reports.issuing import ask, keep_pictures, listed, sent, tablet_with_sample, work
from tests.reports.sample import seal_closing, seal_report

pytestmark = pytest.mark.slow

ARROW = {"kind": "arrow", "colour": "red", "points": [[1000, 1000], [4000, 3000]], "text": None}
COVERED = {"kind": "redact", "colour": None, "points": [[2000, 1000], [7000, 5000]], "text": None}


def test_the_report_shows_what_was_drawn_and_nothing_of_what_was_covered(
    office: Person, app: Flask, config: Config, tmp_path: Path
):
    tablet = tablet_with_sample(office)
    tablet.set("evidence/e1", "annotation", [ARROW, COVERED])
    seal_closing(tablet)
    tablet.set("evidence/e2", "annotation", [ARROW])
    seal_report(tablet)
    sent(tablet)
    keep_pictures(tablet, config, tmp_path, is_first_report=True)
    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    assert report["state"] == "made", report
    pdf = ReportFiles(config.data_folder).path(report["id"]).read_bytes()
    shown = pictures_in(pdf)
    files = EvidenceFiles(config)
    originals = list(tablet.sample.pictures)
    plain = {sha256: made(files, report_picture(files, key_of(tablet, sha256))) for sha256 in originals}
    assert not {plain[originals[0]], plain[originals[1]]} & set(shown), "neither is there as it was taken"
    assert {plain[sha256] for sha256 in originals[2:]} <= set(shown), "where nothing was drawn nothing is changed"
    drawn = [data for data in shown if data not in plain.values()]
    assert len(drawn) == 2
    text = in_one_word(pdf)
    for data in drawn:
        # Under the picture and in the register.
        assert text.count(hashlib.sha256(data).hexdigest()) == 2
    assert text.count(originals[0]) == 2
    assert "partscoveredforprivacy" in text
    assert "1shapedrawnonthepicture" in text, "drawn after the closing seal: a change since then"
    assert any(is_covered(data) for data in drawn)


def in_one_word(pdf: bytes) -> str:
    """Cell by cell: a hash below a picture goes over two lines."""
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def made(files, picture) -> bytes:
    data = read_picture(files, picture)
    assert data is not None, picture.reason
    return data


def key_of(tablet, sha256: str) -> BlobKey:
    return BlobKey(tablet.person.workspace, tablet.audit, sha256)


def pictures_in(pdf: bytes) -> list[bytes]:
    """Every JPEG in the file, as it lies there."""
    found = []
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for stream in document.objects:
            if isinstance(stream, pikepdf.Stream) and stream.get("/Subtype") == "/Image":
                file = io.BytesIO()
                assert pikepdf.PdfImage(stream).extract_to(stream=file) == ".jpg"
                found.append(file.getvalue())
    return found


def is_covered(jpeg: bytes) -> bool:
    with Image.open(io.BytesIO(jpeg)) as picture:
        scale = max(picture.size) / 10_000
        inside = picture.convert("RGB").crop(tuple(round(one * scale) for one in (4500, 3500, 6900, 4900)))
    wanted = int(COVER[1:3], 16)
    return all(abs(low - wanted) < 14 and abs(high - wanted) < 14 for low, high in inside.getextrema())
