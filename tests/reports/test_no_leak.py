"""
What a photo says of its place and of the device that took it gets neither into the PDF nor into the mail: not what stands in the file, and
not where the tablet was, unless the audit says so.
"""

import contextlib
import email
import email.policy
import io
import struct
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from server.config import Config
from server.sealing.canonical import sha256_hex
from server.storage.report_store import ReportFiles
from tests.evidence.pictures import quartered
from tests.evidence.signed import CAMERA, FIRMWARE, MAKER, signed
from tests.people import Person
from tests.reports.issuing import ask, keep_pictures, listed, sent, tablet_with_sample, work
from tests.reports.sample import seal_closing, seal_report

pytestmark = pytest.mark.slow

DEGREES = (47, 7, IFDRational(24420, 1000))
IN_FILE = {
    "place": struct.pack(">6I", 47, 1, 7, 1, 1221, 50),
    "serial number": b"SERIAL-7781-LEAK",
    "maker": b"Leakmaker Corp",
    "model": b"Leakphone 9 Pro",
    "owner": b"Owner Leak",
    "maker notes": b"MAKERNOTE-LEAK",
    "XMP": b"47,7.407N-LEAK",
    "IPTC": b"IPTC-LEAK Hall 2",
    "comment": b"COMMENT-LEAK",
    "signer": CAMERA.encode(),
    "who made the signer": MAKER.encode(),
    "tool": FIRMWARE.encode(),
    "manifest": b"jumdc2pa",
}
"""What the test puts into the file."""
FILE_NAME = "LEAKPHONE_20261124.jpg"
POSITION = {
    "latitude": 478_123_456,
    "longitude": 81_987_654,
    "accuracy": 8,
    "measured_at": "2026-11-24T09:40:00.000Z",
}
PLACES = (b"478123456", b"81987654", b"47.8123", b"N 8.1987")
"""Of the tablet, as the log and as the report write it."""


def telling_photo() -> bytes:
    """A photo with everything that telephones and picture programs write into one."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Leakmaker Corp", "Leakphone 9 Pro"
    details = exif.get_ifd(0x8769)
    details[0xA431], details[0xA430], details[0x927C] = "SERIAL-7781-LEAK", "Owner Leak", b"MAKERNOTE-LEAK" * 9
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", DEGREES, "E", DEGREES
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><p exif:GPSLatitude="47,7.407N-LEAK"/></x:xmpmeta>'
    file = io.BytesIO()
    quartered((2000, 1500)).save(file, "JPEG", exif=exif, xmp=xmp, comment=b"COMMENT-LEAK", quality=90)
    data = file.getvalue()
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x15\x1c\x02\x5a\x00\x10IPTC-LEAK Hall 2\x00"
    segment = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    return signed(data[:2] + segment + data[2:])


@pytest.mark.parametrize("use", ["off", "kept", "in_report"])
def test_nothing_that_a_photo_says_of_place_and_device_gets_out(
    use: str, office: Person, app: Flask, config: Config, tmp_path: Path
):
    photo = telling_photo()
    assert [name for name, word in IN_FILE.items() if word not in photo] == [], "the file has what is looked for"
    tablet = tablet_with_sample(office)
    tablet.set(f"audit/{tablet.audit}", "positions", use)
    tablet.add(
        "evidence/e8",
        kind="photo",
        sha256=sha256_hex(photo),
        size=len(photo),
        media_type="image/jpeg",
        source="system_camera",
        file_name=FILE_NAME,
        captured_at="2026-11-24T09:41:07.250Z",
    )
    tablet.set("evidence/e8", "is_in_report", True)
    tablet.set("evidence/e8", "position", POSITION)
    seal_closing(tablet)
    seal_report(tablet)
    tablet.sample.pictures[sha256_hex(photo)] = photo
    sent(tablet)
    keep_pictures(tablet, config, tmp_path, is_first_report=True)
    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    assert (report["state"], report["is_provisional"]) == ("made", False), report
    pdf = ReportFiles(config.data_folder).path(report["id"]).read_bytes()
    (mail,) = [path.read_bytes() for path in config.data_folder.rglob("*.eml")]
    everything = [*parts_of(pdf), *parts_of_mail(mail)]
    assert any(sha256_hex(photo).encode() in part for part in everything), "the photo is in the register"
    forbidden = IN_FILE | {"file name": FILE_NAME.encode()}
    leaks = [
        name for name, word in forbidden.items() if any(form in part for form in forms(word) for part in everything)
    ]
    assert leaks == []
    told = [place for place in PLACES if any(form in part for form in forms(place) for part in everything)]
    assert bool(told) is (use == "in_report"), told


def forms(word: bytes) -> tuple[bytes, ...]:
    """As it stands, and as PDF writes texts that are not ASCII."""
    return (word, word.decode("latin-1").encode("utf-16-be"))


def parts_of(pdf: bytes) -> Iterator[bytes]:
    """The file as it lies there, every object and every stream of it unpacked, every attachment, and its text."""
    yield pdf
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for thing in document.objects:
            yield thing.unparse(resolved=True) if not isinstance(thing, pikepdf.Stream) else repr(dict(thing)).encode()
            if isinstance(thing, pikepdf.Stream):
                yield thing.read_raw_bytes()
                with contextlib.suppress(pikepdf.PdfError):  # A picture, which has no further form.
                    yield thing.read_bytes()
        for name in document.attachments:
            yield name.encode()
            yield document.attachments[name].get_file().read_bytes()
        yield str(document.docinfo).encode()


def parts_of_mail(mail: bytes) -> Iterator[bytes]:
    """The mail as it goes, and each of its parts decoded; of the attached report again every part."""
    yield mail
    message = email.message_from_bytes(mail, policy=email.policy.default)
    pdfs = 0
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content
        if part.get_content_type() == "application/pdf" and isinstance(content, bytes):
            pdfs += 1
            yield from parts_of(content)
    assert pdfs == 1, "the report goes with the mail"
