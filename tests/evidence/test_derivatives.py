"""The picture in the report: upright, small, without metadata; and nothing that a file can do reaches the server."""

import hashlib
import json
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from server.config import Config
from server.evidence import decode, derivatives
from server.evidence.decode import Reason
from server.evidence.derivatives import report_picture, report_pictures
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from tests.evidence.pictures import QUARTERS, as_file, colours, is_close, lies, quartered

pytestmark = pytest.mark.slow

WORKSPACE, AUDIT = new_id(), new_id()


@pytest.fixture
def files(tmp_path):
    return EvidenceFiles(Config(data=str(tmp_path)))


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


def test_of_a_file_that_has_rotted_no_picture_is_made_until_it_is_well_again(files, keep, tmp_path):
    well = photo(tmp_path, (64, 48))
    key = keep(well)
    files.blobs.path(key).write_bytes(photo(tmp_path, (32, 32)))
    assert report_picture(files, key).reason is Reason.ROTTEN
    files.blobs.path(key).write_bytes(well[:300])
    assert report_picture(files, key).reason is Reason.ROTTEN
    keep(well)
    made = lies(files, report_picture(files, key))
    assert made is not None
    with Image.open(made) as picture:
        assert picture.size == (64, 48)


def test_a_picture_is_made_upright_small_and_without_metadata(files, keep, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera maker"
    made = report_picture(files, keep(photo(tmp_path, exif=exif)))
    assert made.reason is None
    with Image.open(lies(files, made)) as picture:
        assert picture.size == (1200, 1600)
        assert dict(picture.getexif()) == {}
        assert picture.format == "JPEG"


def test_the_original_stays_as_it_is(files, keep, tmp_path):
    data = photo(tmp_path)
    key = keep(data)
    report_picture(files, key)
    assert b"".join(files.blobs.chunks(key)) == data


def test_it_is_made_once(files, keep, tmp_path):
    key = keep(photo(tmp_path))
    first = report_picture(files, key)
    made_at = lies(files, first).stat().st_mtime_ns
    assert report_picture(files, key) == first
    assert lies(files, first).stat().st_mtime_ns == made_at


def test_a_small_picture_is_not_enlarged(files, keep, tmp_path):
    made = report_picture(files, keep(photo(tmp_path, size=(300, 200))))
    with Image.open(lies(files, made)) as picture:
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
    with Image.open(lies(files, made)) as picture:
        assert picture.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7", "not_a_picture"),
        (b"", "not_a_picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "not_a_picture"),
        (b"%PDF-1.7\n" + as_file(quartered()), "not_a_picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "not_a_picture"),
        (png_of_size(9000, 9000), "too_many_pixels"),
        (png_of_size(60_000, 60_000), "too_many_pixels"),
        (png_of_size(100, 100), "damaged"),
    ],
    ids=["pdf", "empty", "postscript", "svg", "video", "pdf and picture", "gif", "bomb", "larger bomb", "damaged"],
)
def test_what_cannot_be_shown_has_a_reason(files, keep, data, reason):
    assert report_picture(files, keep(data)).reason == reason


def claiming_to_be_huge(form: str) -> bytes:
    """A small picture whose header tells of far too many pixels."""
    data = bytearray(as_file(quartered(), form, lossless=True) if form == "WEBP" else as_file(quartered(), form))
    match form:
        case "JPEG":
            place = data.index(b"\xff\xc0") + 5
            data[place : place + 4] = struct.pack(">HH", 65_500, 65_500)
        case "WEBP":
            place = data.index(b"VP8L") + 9
            data[place : place + 4] = struct.pack("<I", 16_382 | 16_382 << 14)
        case "HEIF":
            place = data.index(b"ispe") + 8
            data[place : place + 8] = struct.pack(">II", 30_000, 30_000)
    return bytes(data)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "HEIF"])
def test_a_bomb_of_any_kind_is_known_by_its_header(files, keep, form):
    assert report_picture(files, keep(claiming_to_be_huge(form))).reason == "too_many_pixels"


def test_a_truncated_photo_is_damaged(files, keep, tmp_path):
    data = photo(tmp_path)
    assert report_picture(files, keep(data[: len(data) // 2])).reason == "damaged"


def test_a_decoder_that_gets_no_time_is_ended_and_asked_again(files, keep, tmp_path, monkeypatch):
    monkeypatch.setattr("server.evidence.apart.TIMEOUT", 0.01)
    key = keep(photo(tmp_path))
    made = report_picture(files, key)
    assert (made.name, made.reason) == (None, "not_finished")
    monkeypatch.undo()
    assert report_picture(files, key).reason is None


def test_why_there_is_no_picture_is_kept_so_that_nobody_tries_again(files, keep, monkeypatch):
    key = keep(png_of_size(9000, 9000))
    assert report_picture(files, key).reason == "too_many_pixels"
    monkeypatch.setattr(derivatives, "_decode", lambda *_: pytest.fail("it was tried again"))
    assert report_picture(files, key).reason == "too_many_pixels"


def test_decoders_that_may_do_better_are_asked_again(files, keep):
    key = keep(as_file(quartered()))
    refused = files.blobs.path(key).with_name(f"{key.sha256}.report.json")
    refused.write_text('{"reason": "damaged", "decoders": ["recipe 0", "pillow 12.0.0", "pillow-heif none"]}')
    assert report_picture(files, key).reason is None


@pytest.mark.parametrize("said", ["", "{}", "[]", '{"reason": "dreamt", "decoders": []}'])
def test_a_note_that_cannot_be_read_is_no_reason(files, keep, said):
    key = keep(as_file(quartered()))
    files.blobs.path(key).with_name(f"{key.sha256}.report.json").write_text(said)
    assert report_picture(files, key).reason is None


def test_erasure_takes_the_reason_along(files, keep):
    key = keep(b"%PDF-1.7")
    report_picture(files, key)
    folder = files.blobs.path(key).parent
    assert [path.name for path in folder.iterdir() if path.name != key.sha256] == [f"{key.sha256}.report.json"]
    files.blobs.delete(key)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("ended", "said", "reason"),
    [
        (0, "", None),
        (2, "damaged", Reason.DAMAGED),
        (2, "something else", Reason.NOT_FINISHED),
        (1, "", Reason.NOT_FINISHED),
        (-signal.SIGXCPU, "", Reason.TOO_SLOW),
        (-signal.SIGSEGV, "", Reason.DECODER_DIED),
        (-signal.SIGABRT, "", Reason.DECODER_DIED),
        (-signal.SIGKILL, "", Reason.NOT_FINISHED),
    ],
)
def test_each_way_in_which_a_decoder_ends_has_its_reason(ended, said, reason):
    assert derivatives._outcome(ended, said) == reason


def test_a_picture_that_needs_more_memory_than_there_is_for_it_is_refused(tmp_path):
    original = tmp_path / "large.png"
    Image.new("RGB", (7000, 7000)).save(original)
    sizes = json.dumps([(1600, str(tmp_path / "made"))])
    program = (
        f"import sys; sys.path.insert(0, {str(Path(decode.__file__).parent)!r}); import decode; "
        f"decode.MOST_MEMORY = 150_000_000; print(decode.main({str(original)!r}, {sizes!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "too_much_memory", done.stderr


def test_many_are_made_side_by_side_and_come_in_their_order(files, keep):
    sizes = [(90, 60), (60, 90), (80, 40), (40, 80)]
    made = report_pictures(files, [keep(as_file(quartered(size))) for size in sizes])
    seen = []
    for one in made:
        with Image.open(lies(files, one)) as picture:
            seen.append(picture.size)
    assert seen == sizes


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_however_the_camera_was_held_the_picture_is_upright(files, keep, form, orientation):
    """The file is what a sensor gives that was turned and mirrored; its header says how."""
    sensor = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    view = quartered()
    held = view.transpose(sensor[orientation]) if orientation in sensor else view.copy()
    held.getexif()[0x0112] = orientation
    # HEIF says it outside EXIF, which its encoder does by itself.
    data = as_file(held, form) if form == "HEIF" else as_file(held, form, exif=held.getexif())
    made = report_picture(files, keep(data))
    with Image.open(lies(files, made)) as picture:
        assert picture.size == view.size
        assert all(is_close(seen, to) for seen, to in zip(colours(picture), QUARTERS, strict=True)), colours(picture)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0XXXXXXXX",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\x01\x0f\0\x02\0\0\xff\xff\0\0\xff\xff",
    ],
    ids=["no header", "cut off", "points nowhere"],
)
def test_broken_metadata_is_no_reason_to_show_nothing(files, keep, exif):
    assert report_picture(files, keep(as_file(quartered(), exif=exif))).reason is None


def test_what_was_made_for_print_keeps_its_colours(files, keep):
    made = report_picture(files, keep(as_file(quartered(mode="CMYK"))))
    with Image.open(lies(files, made)) as picture:
        assert picture.mode == "RGB"
        assert all(is_close(seen, to) for seen, to in zip(colours(picture), QUARTERS, strict=True)), colours(picture)


def test_a_scan_in_sixteen_bits_of_grey_is_not_a_white_page(files, keep):
    made = report_picture(files, keep(as_file(Image.new("I;16", (30, 20), 0x8000), "PNG")))
    with Image.open(lies(files, made)) as picture:
        assert is_close(picture.getpixel((10, 10)), "#808080")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("part", [0.25, 0.6, 0.95])
def test_of_a_part_of_a_picture_nothing_is_shown_as_if_it_were_all_of_it(files, keep, form, part):
    data = as_file(quartered((640, 480)), form)
    assert report_picture(files, keep(data[: int(len(data) * part)])).reason == "damaged"


def test_a_heif_photo_of_many_tiles_that_was_cut_off_is_not_shown_with_holes(files, keep):
    """As telephones write it. Its decoder fills in what is missing."""
    data = as_file(Image.effect_noise((1024, 768), 80).convert("RGB"), "HEIF", tile_size=256)
    assert report_picture(files, keep(data)).reason is None
    assert report_picture(files, keep(data[: len(data) * 2 // 3])).reason == "damaged"


def test_what_lies_behind_a_picture_does_not_get_into_the_report(files, keep):
    hidden = b"PK\x03\x04<script>alert(1)</script>" * 100
    for form in ("JPEG", "PNG", "WEBP", "HEIF"):
        made = report_picture(files, keep(as_file(quartered(), form) + hidden))
        assert made.reason is None, form
        assert b"script" not in lies(files, made).read_bytes()


def test_bytes_that_have_not_arrived_are_said_to_be_missing(files):
    assert report_picture(files, BlobKey(WORKSPACE, AUDIT, "0" * 64)).reason == "not_arrived"


def test_erasure_takes_the_derived_picture_along(files, keep, tmp_path):
    key = keep(photo(tmp_path))
    made = report_picture(files, key)
    files.blobs.delete(key)
    assert not lies(files, made).exists()
    assert not files.blobs.exists(key)


def test_each_audit_has_a_derived_picture_of_its_own(files, keep, tmp_path):
    data = photo(tmp_path, size=(300, 200))
    one, other = keep(data), keep(data, new_id())
    made = {key: lies(files, report_picture(files, key)) for key in (one, other)}
    files.blobs.delete(one)
    assert not made[one].exists()
    assert made[other].is_file()
    assert files.blobs.exists(other)


def test_an_audit_without_the_bytes_gets_no_derived_picture_from_another(files, keep, tmp_path):
    key = keep(photo(tmp_path, size=(300, 200)))
    report_picture(files, key)
    assert report_picture(files, BlobKey(WORKSPACE, new_id(), key.sha256)).reason == "not_arrived"


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
        files.blobs.path(key)
