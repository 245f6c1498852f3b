"""Pictures for tests of evidence: made here, or real ones from the corpus where it is given."""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from server.evidence.derivatives import Derivative
from server.storage.disk_blobs import DiskBlobs
from server.storage.evidence_store import EvidenceFiles

register_heif_opener()

_GIVEN = os.environ.get("AUDITBOOK_CORPUS")
"""Read before a test begins: it may not see what the developer's shell sets."""
PHOTOS = Path(_GIVEN) / "photos" if _GIVEN else None
needs_corpus = pytest.mark.skipif(
    PHOTOS is None, reason="AUDITBOOK_CORPUS names no folder, so the camera pictures in it are not looked at"
)

QUARTERS = ("#c81e1e", "#1e8c1e", "#1e1ec8", "#e6e6e6")
"""Red, green, blue, light: from the left to the right, above, then below."""


def corpus() -> dict[str, Path]:
    """Every picture of the corpus by its name there."""
    if PHOTOS is None:
        return {}
    found = [path for path in sorted(PHOTOS.rglob("*")) if path.is_file() and path.name != "README"]
    return {path.relative_to(PHOTOS).as_posix(): path for path in found}


def quartered(size: tuple[int, int] = (480, 320), mode: str = "RGB") -> Image.Image:
    """Each quarter in its colour, so that one sees how it is turned."""
    picture = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for number, colour in enumerate(QUARTERS):
        left, top = number % 2 * width, number // 2 * height
        picture.paste(colour, (left, top, left + width, top + height))
    return picture.convert(mode)


def lies(files: EvidenceFiles, made: Derivative) -> Path:
    """Where a picture that was made lies on the disk."""
    assert isinstance(files.blobs, DiskBlobs) and made.name is not None, made.reason
    path = files.blobs.path(made.key)
    return path.with_name(f"{path.name}.{made.name}")


def as_file(picture: Image.Image, form: str = "JPEG", **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **how)
    return file.getvalue()


def colours(picture: Image.Image) -> list[tuple[int, int, int]]:
    """The middle of each quarter, in the order of `QUARTERS`."""
    across, down = (picture.width // 4, picture.width * 3 // 4), (picture.height // 4, picture.height * 3 // 4)
    shown = picture.convert("RGB")
    return [shown.getpixel((x, y)) for y in down for x in across]


def is_close(colour: tuple[int, int, int], to: str, tolerance: int = 12) -> bool:
    wanted = (int(to[1:3], 16), int(to[3:5], 16), int(to[5:7], 16))
    return all(abs(one - other) <= tolerance for one, other in zip(colour, wanted, strict=True))
