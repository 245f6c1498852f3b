"""
Camera pictures of the corpus, each with what comes of it: width, height, and the mean colour of the upper left corner (an eighth of each side).

The numbers were compared with Pillow's own way (whole decode, `ImageOps.exif_transpose`), the colours of those with a profile with
their twins without one, and every picture was looked at. One is on its side as its file says (`HMD_Nokia_8.3_5G.heif`).
"""

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from server.config import Config
from server.evidence.derivatives import Derivative, report_picture, report_pictures
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from tests.evidence.pictures import corpus, is_close, lies, needs_corpus

pytestmark = [pytest.mark.slow, needs_corpus]

EXPECTED: dict[str, tuple[int, int, str]] = {
    "heic/IMG_5195.HEIC": (1239, 1600, "#b3a38e"),
    "heic/mobile/HMD_Nokia_8.3_5G.heif": (1200, 1600, "#787676"),
    "heic/mobile/HMD_Nokia_8.3_5G_hdr.heif": (1600, 1200, "#929ea3"),
    "heic/mobile/iphone_13_pro_max.HEIC": (1200, 1600, "#938f85"),
    "heic/samplefilehub.heif": (640, 426, "#212626"),
    "jpg/Canon_40D.jpg": (100, 68, "#383513"),
    "jpg/Canon_40D_photoshop_import.jpg": (100, 77, "#625957"),
    "jpg/Canon_DIGITAL_IXUS_400.jpg": (100, 75, "#506c33"),
    "jpg/Canon_PowerShot_S40.jpg": (480, 360, "#8f9a77"),
    "jpg/Fujifilm_FinePix6900ZOOM.jpg": (100, 75, "#6b4015"),
    "jpg/Fujifilm_FinePix_E500.jpg": (59, 100, "#9db0ae"),
    "jpg/Kodak_CX7530.jpg": (100, 78, "#6b7d54"),
    "jpg/Konica_Minolta_DiMAGE_Z3.jpg": (70, 100, "#1f2020"),
    "jpg/Nikon_COOLPIX_P1.jpg": (100, 75, "#76a6ea"),
    "jpg/Nikon_D70.jpg": (100, 66, "#aebc6d"),
    "jpg/Olympus_C8080WZ.jpg": (100, 72, "#33e9fc"),
    "jpg/PaintTool_sample.jpg": (88, 100, "#373fa2"),
    "jpg/Panasonic_DMC-FZ30.jpg": (100, 75, "#6d6264"),
    "jpg/Pentax_K10D.jpg": (100, 72, "#2d3812"),
    "jpg/Reconyx_HC500_Hyperfire.jpg": (1600, 1200, "#324533"),
    "jpg/Ricoh_Caplio_RR330.jpg": (100, 75, "#1d346f"),
    "jpg/Samsung_Digimax_i50_MP3.jpg": (100, 75, "#8f8475"),
    "jpg/Sony_HDR-HC3.jpg": (100, 64, "#5b5e57"),
    "jpg/WWL_(Polaroid)_ION230.jpg": (75, 100, "#979d93"),
    "jpg/corrupted.jpg": (1600, 1200, "#8a9a88"),
    "jpg/gps/DSCN0010.jpg": (640, 480, "#e6c4a1"),
    "jpg/gps/DSCN0012.jpg": (640, 480, "#989eac"),
    "jpg/gps/DSCN0021.jpg": (640, 480, "#4d4f19"),
    "jpg/gps/DSCN0025.jpg": (640, 480, "#b5a58e"),
    "jpg/gps/DSCN0027.jpg": (640, 480, "#67634c"),
    "jpg/gps/DSCN0029.jpg": (640, 480, "#a39e98"),
    "jpg/gps/DSCN0038.jpg": (640, 480, "#87715d"),
    "jpg/gps/DSCN0040.jpg": (640, 480, "#f4fffe"),
    "jpg/gps/DSCN0042.jpg": (640, 480, "#494034"),
    "jpg/hdr/canon_hdr_NO.jpg": (1200, 1600, "#a28330"),
    "jpg/hdr/canon_hdr_YES.jpg": (1200, 1600, "#776122"),
    "jpg/hdr/iphone_hdr_NO.jpg": (1600, 1200, "#455540"),
    "jpg/hdr/iphone_hdr_YES.jpg": (1600, 1200, "#303d2c"),
    "jpg/invalid/image00971.jpg": (636, 227, "#d9d0c2"),
    "jpg/invalid/image01088.jpg": (425, 120, "#f0ede8"),
    "jpg/invalid/image01137.jpg": (88, 64, "#86bde0"),
    "jpg/invalid/image01551.jpg": (61, 58, "#9b8988"),
    "jpg/invalid/image01713.jpg": (49, 500, "#1f1f1f"),
    "jpg/invalid/image01980.jpg": (284, 25, "#eeecef"),
    "jpg/invalid/image02206.jpg": (65, 65, "#8c8c8d"),
    "jpg/long_description.jpg": (100, 73, "#d5a77f"),
    "jpg/mobile/HMD_Nokia_8.3_5G.jpg": (1600, 686, "#3776c4"),
    "jpg/mobile/jolla.jpg": (1600, 1200, "#c6741c"),
    "jpg/orientation/landscape_1.jpg": (600, 450, "#394737"),
    "jpg/orientation/landscape_2.jpg": (600, 450, "#394735"),
    "jpg/orientation/landscape_3.jpg": (600, 450, "#394735"),
    "jpg/orientation/landscape_4.jpg": (600, 450, "#394735"),
    "jpg/orientation/landscape_5.jpg": (600, 450, "#394735"),
    "jpg/orientation/landscape_6.jpg": (600, 450, "#394735"),
    "jpg/orientation/landscape_7.jpg": (600, 450, "#394735"),
    "jpg/orientation/landscape_8.jpg": (600, 450, "#394735"),
    "jpg/orientation/portrait_1.jpg": (450, 600, "#63644d"),
    "jpg/orientation/portrait_2.jpg": (450, 600, "#636549"),
    "jpg/orientation/portrait_3.jpg": (450, 600, "#636549"),
    "jpg/orientation/portrait_4.jpg": (450, 600, "#636549"),
    "jpg/orientation/portrait_5.jpg": (450, 600, "#636549"),
    "jpg/orientation/portrait_6.jpg": (450, 600, "#636549"),
    "jpg/orientation/portrait_7.jpg": (450, 600, "#636549"),
    "jpg/orientation/portrait_8.jpg": (450, 600, "#636549"),
    "jpg/tests/11-tests.jpg": (1136, 775, "#908e96"),
    "jpg/tests/22-canon_tags.jpg": (1600, 1200, "#ffffff"),
    "jpg/tests/28-hex_value.jpg": (1200, 1600, "#385a8e"),
    "jpg/tests/30-type_error.jpg": (1600, 993, "#6686a2"),
    "jpg/tests/32-lens_data.jpeg": (200, 133, "#9da5b2"),
    "jpg/tests/33-type_error.jpg": (1600, 1000, "#445061"),
    "jpg/tests/35-empty.jpg": (1600, 1202, "#b4c2d1"),
    "jpg/tests/36-memory_error.jpg": (1600, 1200, "#8898a0"),
    "jpg/tests/42_IndexError.jpg": (1600, 1200, "#282d11"),
    "jpg/tests/45-gps_ifd.jpg": (1600, 900, "#b2cff7"),
    "jpg/tests/67-0_length_string.jpg": (1600, 798, "#898989"),
    "jpg/tests/87_OSError.jpg": (1063, 1600, "#0d0e0c"),
    "jpg/xmp/BlueSquare.jpg": (360, 216, "#ffffff"),
    "jpg/xmp/no_exif.jpg": (322, 466, "#d3d1c7"),
}
WORKSPACE, AUDIT = new_id(), new_id()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EvidenceFiles:
    return EvidenceFiles(Config(data=str(tmp_path_factory.mktemp("evidence"))))


@pytest.fixture(scope="module")
def made(store: EvidenceFiles, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Derivative]:
    """Of each picture what a report would show, made as for one report."""
    pictures, source = corpus(), tmp_path_factory.mktemp("source") / "file"
    keys = [keep(store, path, source) for path in pictures.values()]
    return dict(zip(pictures, report_pictures(store, keys), strict=True))


def keep(store: EvidenceFiles, path: Path, source: Path) -> BlobKey:
    data = path.read_bytes()
    key = BlobKey(WORKSPACE, AUDIT, hashlib.sha256(data).hexdigest())
    source.write_bytes(data)
    store.blobs.put(key, source)
    return key


def test_every_picture_of_the_corpus_is_expected_to_become_something():
    assert sorted(corpus()) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_camera_picture_comes_out_upright_whole_and_in_its_colours(name: str, made: dict[str, Derivative]):
    width, height, corner = EXPECTED[name]
    assert made[name].reason is None
    with Image.open(lies(store, made[name])) as picture:
        assert picture.size == (width, height)
        assert "exif" not in picture.info
        assert is_close(mean_of_corner(picture), corner, tolerance=3), mean_of_corner(picture)


def mean_of_corner(picture: Image.Image) -> tuple[int, int, int]:
    corner = picture.crop((0, 0, max(1, picture.width // 8), max(1, picture.height // 8)))
    return corner.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))


@pytest.mark.parametrize("view", ["landscape", "portrait"])
def test_all_eight_ways_to_hold_a_camera_show_the_same_view(view: str, made: dict[str, Derivative]):
    """They differ by the number that is painted in the middle."""
    first, *others = [thumbnail(made[f"jpg/orientation/{view}_{number}.jpg"]) for number in range(1, 9)]
    for other in others:
        pairs = zip(first, other, strict=True)
        assert sum(abs(one - two) for one, two in pairs) / len(first) < 6


def thumbnail(derivative: Derivative) -> list[int]:
    assert derivative.name is not None
    with Image.open(lies(store, derivative)) as picture:
        return list(picture.convert("L").resize((16, 16), Image.Resampling.BOX).tobytes())


def test_of_half_a_heic_photo_there_is_no_picture_and_the_half_is_kept(store: EvidenceFiles, tmp_path: Path):
    whole = corpus()["heic/mobile/iphone_13_pro_max.HEIC"].read_bytes()
    half = tmp_path / "half"
    half.write_bytes(whole[: len(whole) // 2])
    key = keep(store, half, tmp_path / "source")
    assert report_picture(store, key).reason == "damaged"
    assert b"".join(store.blobs.chunks(key)) == half.read_bytes()
