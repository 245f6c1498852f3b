"""Codes as pictures, and as what a camera sees: Chromium plays the file to the app as its camera."""

import base64
import io
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]
SEEN = (1280, 720)


def drawn(codes: Sequence[tuple[str, str]]) -> list[Image.Image]:
    """For each format and text (as zxing names formats) its picture, in black on white."""
    asked = json.dumps([{"format": form, "text": text} for form, text in codes])
    command = [str(ROOT / "scripts/node.sh"), "node", str(Path(__file__).with_name("draw_codes.mjs"))]
    answer = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, timeout=60)
    return [Image.open(io.BytesIO(base64.b64decode(one))).convert("L") for one in json.loads(answer.stdout)]


def side_by_side(pictures: Sequence[Image.Image], size: tuple[int, int] = SEEN) -> Image.Image:
    """On one white sheet, each in a column of its own."""
    sheet = Image.new("L", size, 255)
    column = size[0] // len(pictures)
    for place, picture in enumerate(pictures):
        picture = picture.copy()
        if picture.width > column - 40:
            picture = picture.resize((column - 40, picture.height), Image.Resampling.NEAREST)
        sheet.paste(picture, (place * column + (column - picture.width) // 2, (size[1] - picture.height) // 2))
    return sheet


def as_camera(picture: Image.Image, path: Path) -> str:
    """The argument with which Chromium takes this still picture for what its camera sees."""
    frame = io.BytesIO()
    picture.convert("RGB").save(frame, "JPEG", quality=92)
    path.write_bytes(frame.getvalue() * 10)
    return f"--use-file-for-fake-video-capture={path}"
