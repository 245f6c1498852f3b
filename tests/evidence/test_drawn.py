"""What auditors draw on a photo, as the server paints it for a report: in the right place, the same each time, and hiding what it covers."""

import hashlib

import pytest
from PIL import Image

from server.config import Config
from server.domain.annotation import COVER, INKS, drawing_text
from server.evidence.derivatives import report_picture
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from tests.evidence.pictures import QUARTERS, as_file, is_close, lies, quartered

pytestmark = pytest.mark.slow

WORKSPACE, AUDIT = new_id(), new_id()
SIZE = (2000, 1500)


@pytest.fixture
def files(tmp_path):
    return EvidenceFiles(Config(data=str(tmp_path)))


@pytest.fixture
def drawn(files, tmp_path):
    """The picture that a report shows of a photo with these shapes on it."""

    def drawn(shapes, photo=None) -> Image.Image:
        data = photo or as_file(quartered(SIZE))
        key = BlobKey(WORKSPACE, AUDIT, hashlib.sha256(data).hexdigest())
        source = tmp_path / "source"
        source.write_bytes(data)
        files.blobs.put(key, source)
        made = report_picture(files, key, drawing_text(shapes) if shapes else None)
        assert made.name is not None, made.reason
        with Image.open(lies(files, made)) as picture:
            return picture.convert("RGB")

    return drawn


def shape(kind, *points, colour="red", text=None):
    colour = None if kind == "redact" else colour
    return {"kind": kind, "colour": colour, "points": [list(point) for point in points], "text": text}


def at(picture, x, y):
    """The colour at a place in ten-thousandths of the longer edge."""
    scale = max(picture.size) / 10_000
    return picture.getpixel((min(round(x * scale), picture.width - 1), min(round(y * scale), picture.height - 1)))


def test_the_tip_of_an_arrow_is_where_the_auditor_pointed(drawn):
    picture = drawn([shape("arrow", (1000, 1000), (4000, 3000), colour="blue")])
    ink = INKS["blue"][0]
    assert picture.size == (1600, 1200)
    assert is_close(at(picture, 2500, 2000), ink, 20)
    assert is_close(at(picture, 3940, 2960), ink, 40)
    assert is_close(at(picture, 4300, 3200), QUARTERS[0])


def test_on_a_photo_that_was_held_upright_it_stands_where_it_was_seen(drawn):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = drawn([shape("redact", (0, 0), (1000, 1000))], as_file(quartered(SIZE), exif=exif))
    assert picture.size == (1200, 1600)
    assert is_close(at(picture, 500, 500), COVER)
    assert is_close(at(picture, 500, 9000), QUARTERS[3])


def test_of_what_is_covered_nothing_is_left(drawn):
    noise = Image.effect_noise(SIZE, 90).convert("RGB")
    picture = drawn([shape("redact", (2000, 1000), (6000, 5000))], as_file(noise, quality=95))
    scale = max(picture.size) / 10_000
    inside = picture.crop(tuple(round(one * scale) for one in (2040, 1040, 5960, 4960)))
    assert all(high - low <= 12 for low, high in inside.getextrema())
    assert is_close(inside.getpixel((20, 20)), COVER)


def test_what_covers_hides_the_picture_and_no_mark(drawn):
    picture = drawn(
        [shape("arrow", (1000, 3000), (3000, 3000)), shape("redact", (500, 2000), (5000, 4000))],
    )
    assert is_close(at(picture, 2000, 3000), INKS["red"][0], 20)


def test_a_text_stands_on_its_line_in_the_tablets_letters(drawn):
    picture = drawn([shape("text", (1000, 2000), colour="black", text="HHHH")])
    scale = max(picture.size) / 10_000
    box = tuple(round(one * scale) for one in (900, 1600, 2600, 2100))
    dark = picture.crop(box).convert("L").point(lambda value: 255 if value < 40 else 0).getbbox()
    assert dark is not None
    left, top, _right, bottom = (one / scale for one in dark)
    assert abs(1600 + bottom - 2000) < 20, "the letters stand on the line"
    assert 180 < bottom - top < 240, "capitals of 300 units are some 200 high"
    assert abs(900 + left - 1030) < 30


def test_letters_that_the_first_font_lacks_are_written_in_another(drawn):
    boxes = drawn([shape("text", (1000, 2000), text="\U0001f527\U0001f527\U0001f527\U0001f527")])
    greek = drawn([shape("text", (1000, 2000), text="Ωμέγ")])
    assert boxes.tobytes() != greek.tobytes()
    assert drawn([shape("text", (1000, 2000), text="Калибр")]).tobytes() != greek.tobytes()


def test_the_same_drawing_gives_the_same_bytes_and_another_one_another_file(files, drawn, tmp_path):
    shapes = [
        shape("pen", *[(1000 + 10 * n, 2000 + n * n % 97) for n in range(100)]),
        shape("text", (9, 900), text="7"),
    ]
    data = as_file(quartered(SIZE))
    key = BlobKey(WORKSPACE, AUDIT, hashlib.sha256(data).hexdigest())
    drawn(shapes, data)
    first = lies(files, report_picture(files, key, drawing_text(shapes)))
    bytes_before = first.read_bytes()
    first.unlink()
    assert lies(files, report_picture(files, key, drawing_text(shapes))).read_bytes() == bytes_before
    plain = lies(files, report_picture(files, key))
    assert plain.name != first.name
    assert plain.read_bytes() != bytes_before


def test_what_lies_beyond_the_shorter_edge_is_not_seen_and_does_no_harm(drawn):
    shapes = [
        shape("box", (9000, 9000), (10_000, 10_000)),
        shape("text", (100, 9900), text="below"),
        shape("redact", (0, 8000), (10_000, 10_000)),
    ]
    assert drawn(shapes).size == (1600, 1200)


def test_with_the_evidence_its_drawn_pictures_go(files, drawn):
    data = as_file(quartered(SIZE))
    drawn([shape("redact", (1, 1), (900, 900))], data)
    key = BlobKey(WORKSPACE, AUDIT, hashlib.sha256(data).hexdigest())
    files.blobs.delete(key)
    assert list(files.blobs.path(key).parent.iterdir()) == []
