"""Pictures of the report: what of them goes into the file, and how they are drawn without being held decoded."""

import hashlib
import io

from PIL import Image, UnidentifiedImageError
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable

_KEPT_SEGMENTS = frozenset({0xE0, 0xEE})
"""JFIF and Adobe's colour transform. Every other application segment may carry a place, a name or a serial number."""


class Jpeg(ImageReader):
    """
    A JPEG for the page. ReportLab names a picture by its decoded pixels, and keeps them: 10 MB for each of 300. The hash of the bytes
    names it as well, and the bytes go into the file as they are.
    """

    def __init__(self, data: bytes, width: int, height: int):
        self.data = data
        self._width, self._height = width, height
        self._dataA = None
        self._digest = hashlib.sha256(data).digest()

    def getRGBData(self) -> bytes:  # noqa: N802  ReportLab's name
        return self._digest

    def jpeg_fh(self) -> io.BytesIO:
        return io.BytesIO(self.data)

    @property
    def sha256(self) -> str:
        """Of the bytes as they lie in the report's file."""
        return self._digest.hex()

    def identity(self) -> str:
        return f"[Jpeg {self._digest.hex()[:16]}]"


class PlacedPicture(Flowable):
    """A picture with the size that it has on the page."""

    def __init__(self, jpeg: Jpeg, width: float, height: float):
        super().__init__()
        self.jpeg = jpeg
        self.width, self.height = width, height
        self.hAlign = "LEFT"

    def wrap(self, _available_width: float, _available_height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        self.canv.drawImage(self.jpeg, 0, 0, self.width, self.height)


def picture(jpeg: Jpeg, width: float, most_height: float) -> PlacedPicture:
    """A picture as wide as given, or less where it would become too high. Its bytes go into the PDF as they are."""
    wide, high = jpeg.getSize()
    scale = min(width / wide, most_height / high)
    return PlacedPicture(jpeg, wide * scale, high * scale)


def read_jpeg(data: bytes | None) -> Jpeg | None:
    """A JPEG in a colour space that PDF/A-3b with sRGB can show; None for bytes that are no picture."""
    if data is None:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            if picture.format == "JPEG" and picture.mode in ("RGB", "L"):
                picture.load()
                stripped = without_metadata(data)
            else:
                again = io.BytesIO()
                picture.convert("RGB").save(again, "JPEG", quality=85)
                stripped = again.getvalue()
            return Jpeg(stripped, *picture.size)
    except (OSError, UnidentifiedImageError, ValueError):
        return None


def without_metadata(jpeg: bytes) -> bytes:
    """The same picture, bit for bit, without application segments and comments: no GPS, no serial number, no thumbnail."""
    kept, position = bytearray(jpeg[:2]), 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        marker = jpeg[position + 1]
        if marker == 0xDA:
            break
        if marker == 0xFF:
            position += 1
            continue
        length = int.from_bytes(jpeg[position + 2 : position + 4])
        is_metadata = (0xE0 <= marker <= 0xEF and marker not in _KEPT_SEGMENTS) or marker == 0xFE
        if not is_metadata:
            kept += jpeg[position : position + 2 + length]
        position += 2 + length
    return bytes(kept + jpeg[position:])
