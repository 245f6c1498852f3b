"""The picture in the report: upright, small, without metadata; and nothing that a file can do reaches the server."""

import hashlib
import struct
import zlib

import pytest
from PIL import Image

from server.evidence.derivatives import report_picture
from server.storage.evidence_store import BlobKey, EvidenceFiles
from server.storage.identifiers import new_id

pytestmark = pytest.mark.slow

WORKSPACE, AUDIT = new_id(), new_id()


@pytest.fixture
def files(tmp_path):
    return EvidenceFiles(tmp_path)


@pytest.fixture
def keep(files, tmp_path):
    def keep(data: bytes, audit: str = AUDIT) -> BlobKey:
        key = BlobKey(WORKSPACE, audit, hashlib.sha256(data).hexdigest())
        source = tmp_path / "source"
        source.write_bytes(data)
        files.blobs.put(key, source)
        return key

    return keep


def photo(tmp_path, size=(4000, 3000), form="JPEG", mode="RGB", **how) -> bytes:
    path = tmp_path / "photo"
    Image.new(mode, size, "red").save(path, form, **how)
    return path.read_bytes()


def png_of_size(width: int, height: int) -> bytes:
    """A file of some hundred bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_picture_is_made_upright_small_and_without_metadata(files, keep, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera maker"
    made = report_picture(files, keep(photo(tmp_path, exif=exif)))
    assert made.reason is None
    with Image.open(made.path) as picture:
        assert picture.size == (1200, 1600)
        assert dict(picture.getexif()) == {}
        assert picture.format == "JPEG"


def test_the_original_stays_as_it_is(files, keep, tmp_path):
    data = photo(tmp_path)
    key = keep(data)
    report_picture(files, key)
    with files.blobs.open(key) as original:
        assert original.read() == data


def test_it_is_made_once(files, keep, tmp_path):
    key = keep(photo(tmp_path))
    first = report_picture(files, key)
    made_at = first.path.stat().st_mtime_ns
    assert report_picture(files, key) == first
    assert first.path.stat().st_mtime_ns == made_at


def test_a_small_picture_is_not_enlarged(files, keep, tmp_path):
    made = report_picture(files, keep(photo(tmp_path, size=(300, 200))))
    with Image.open(made.path) as picture:
        assert picture.size == (300, 200)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1"])
def test_other_kinds_of_colour_come_out_as_jpeg(files, keep, tmp_path, mode):
    path = tmp_path / "p.png"
    Image.new(mode, (30, 20)).save(path)
    made = report_picture(files, keep(path.read_bytes()))
    assert made.reason is None


def test_what_is_transparent_lies_on_white_paper(files, keep, tmp_path):
    path = tmp_path / "p.png"
    Image.new("RGBA", (30, 20), (255, 0, 0, 0)).save(path)
    made = report_picture(files, keep(path.read_bytes()))
    with Image.open(made.path) as picture:
        assert picture.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7", "it is not a JPEG, PNG or WebP picture"),
        (b"", "it is not a JPEG, PNG or WebP picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "it is not a JPEG, PNG or WebP picture"),
        (png_of_size(9000, 9000), "it has more than 64 million pixels"),
        (png_of_size(60_000, 60_000), "it has more than 64 million pixels"),
        (png_of_size(100, 100), "it is damaged"),
    ],
    ids=["pdf", "empty", "gif", "bomb", "larger bomb", "damaged"],
)
def test_what_cannot_be_shown_has_a_reason(files, keep, data, reason):
    assert report_picture(files, keep(data)).reason == reason


def test_a_truncated_photo_is_damaged(files, keep, tmp_path):
    data = photo(tmp_path)
    assert report_picture(files, keep(data[: len(data) // 2])).reason == "it is damaged"


def test_a_decoder_that_takes_too_long_is_ended(files, keep, tmp_path, monkeypatch):
    monkeypatch.setattr("server.evidence.derivatives.TIMEOUT", 0.01)
    made = report_picture(files, keep(photo(tmp_path)))
    assert made.reason == "it takes too long to decode"
    assert made.path is None


def test_bytes_that_have_not_arrived_are_said_to_be_missing(files):
    assert report_picture(files, BlobKey(WORKSPACE, AUDIT, "0" * 64)).reason == "its bytes have not arrived"


def test_erasure_takes_the_derived_picture_along(files, keep, tmp_path):
    key = keep(photo(tmp_path))
    made = report_picture(files, key)
    files.blobs.delete(key)
    assert not made.path.exists()
    assert not files.blobs.exists(key)


def test_each_audit_has_a_derived_picture_of_its_own(files, keep, tmp_path):
    data = photo(tmp_path, size=(300, 200))
    one, other = keep(data), keep(data, new_id())
    made = {key: report_picture(files, key).path for key in (one, other)}
    files.blobs.delete(one)
    assert not made[one].exists()
    assert made[other].is_file()
    assert files.blobs.exists(other)


def test_an_audit_without_the_bytes_gets_no_derived_picture_from_another(files, keep, tmp_path):
    key = keep(photo(tmp_path, size=(300, 200)))
    report_picture(files, key)
    assert report_picture(files, BlobKey(WORKSPACE, new_id(), key.sha256)).reason == "its bytes have not arrived"


@pytest.mark.parametrize(
    "key",
    [
        BlobKey(WORKSPACE, AUDIT, "../../etc/passwd"),
        BlobKey("..", AUDIT, "0" * 64),
        BlobKey(WORKSPACE, "..", "0" * 64),
        BlobKey(WORKSPACE, "", "0" * 64),
        BlobKey(WORKSPACE, AUDIT, "0" * 63 + "/"),
    ],
)
def test_a_name_on_disk_is_never_made_of_what_a_person_wrote(files, key):
    with pytest.raises(ValueError, match="A name in the store"):
        files.blobs.local_path(key)
