"""
Decodes one picture, in a process of its own that may die: `decode.py <original> <sizes> [<drawing> <font> ...]`.

The sizes are JSON: pairs of a long edge in pixels and the file that the picture of it goes to, the largest first.

A drawing is a file of ours: what is painted on the picture, as `drawing_text` in server/domain/annotation.py has it.

Files come from outside and decoders have holes and hunger, so this process has limits on memory, time, pixels and what it writes. It
imports nothing of ours and is given no environment. It ends with 0, or with 2 and a `Reason` on its standard output. Everything else
means that it hit a limit or died. The limits hold what is too large or too slow; they are no sandbox.
"""

import itertools
import json
import math
import resource
import sys
import warnings
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image as Images
    from PIL import ImageFont as Fonts

RECIPE = 1
"""Raised when this program makes a picture of what it refused before: what was refused is then tried again."""
MOST_MEMORY = 1536 * 1024 * 1024
"""Bytes of address space. WebP of 64 million pixels is the hungriest: it takes 1.1 GB."""
MOST_SECONDS = 30
"""Of processor time; a photo of 12 million pixels takes less than half of one, as HEIF two."""
MOST_PIXELS = 64_000_000
MOST_WRITTEN = 32 * 1024 * 1024
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Pictures; a video begins in the same way and has other ones."""
QUALITY = 85
ORIENTATION = 0x0112


class Reason(StrEnum):
    """Why there is no picture. A code once released is never used again for something else: it is kept beside the evidence."""

    NOT_A_PICTURE = "not_a_picture"
    """Its first bytes are not those of a JPEG, PNG, WebP or HEIF picture, whatever its name says."""
    TOO_MANY_PIXELS = "too_many_pixels"
    DAMAGED = "damaged"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_SLOW = "too_slow"
    DECODER_DIED = "decoder_died"
    NOT_FINISHED = "not_finished"
    """The machine had no time or ended the process: tried again."""
    NOT_ARRIVED = "not_arrived"
    ROTTEN = "rotten"
    """Its bytes are no longer those of its hash: no picture of them is printed beside it, and what was brought again is tried again."""
    GONE = "gone"


def main(original: str, sizes: str, drawing: str | None = None, *fonts: str) -> Reason | None:
    """None when the pictures were written, else why they were not."""
    limit()
    wanted: list[tuple[int, str]] = json.loads(sizes)
    drawn = None if drawing is None else json.loads(Path(drawing).read_text(encoding="utf-8"))
    form = format_of(original)
    if form is None:
        return Reason.NOT_A_PICTURE
    # After the limits: what a decoder allocates while it is being loaded counts as well.
    from PIL import Image

    if form == "HEIF":
        if not is_whole_heif(original):
            return Reason.DAMAGED
        know_heif()
    # We look at the size before anything is decoded; Pillow looks again, at twice of it, also at what lies inside.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    # Broken metadata is warned about and does no harm to the picture.
    warnings.simplefilter("ignore")
    try:
        with Image.open(original, formats=(form,)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return Reason.TOO_MANY_PIXELS
            plain = upright(small(picture, wanted[0][0]))
        for long_edge, target in wanted:
            # Painted anew in each size: lines keep their sharpness, and what is covered is covered to the pixel.
            made = plain.copy()
            made.thumbnail((long_edge, long_edge), Image.Resampling.BICUBIC)
            if drawn is not None:
                paint(made, drawn, fonts)
            made.save(target, "JPEG", quality=QUALITY, optimize=True)
    except Image.DecompressionBombError:
        return Reason.TOO_MANY_PIXELS
    except MemoryError:
        return Reason.TOO_MUCH_MEMORY
    except ImportError:
        raise
    except Exception as problem:  # Plugins raise what they like over damaged files.
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # It was the system: a full disk is not the file's fault.
        return Reason.DAMAGED
    return None


def limit() -> None:
    """The limits of this process. The hard one on time is later, so that the soft one tells what happened."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def format_of(original: str) -> str | None:
    """By its first bytes, as Pillow calls it; no decoder of another format gets to see the file."""
    with Path(original).open("rb") as file:
        head = file.read(12)
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:] in HEIF_BRANDS:
        return "HEIF"
    return None


def is_whole_heif(original: str) -> bool:
    """
    Whether the boxes of the file (ISO/IEC 14496-12, section 4.2) that hold the picture end within it. Of a file that was cut off
    libheif would give what has come, and green where the rest belongs, without a word.
    """
    has_data, place, end = False, 0, Path(original).stat().st_size
    with Path(original).open("rb") as file:
        while len(header := file.read(16)) >= 8:
            size, kind = int.from_bytes(header[:4]), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:])
            elif size == 0:
                size = end - place
            if kind in (b"meta", b"mdat") and place + size > end:
                return False
            has_data = has_data or kind == b"mdat"
            if size < 8 or place + size > end:
                break  # Whatever was put behind the picture.
            place += size
            file.seek(place)
    return has_data


def know_heif() -> None:
    """Loaded for HEIF alone: no other picture pays for it."""
    from pillow_heif import register_heif_opener

    # A thumbnail in the file need not show what the picture shows. One thread: what it takes does not depend on the machine.
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def small(picture: "Images.Image", long_edge: int) -> "Images.Image":
    """At most so long, in sRGB, on white paper."""
    from PIL import Image

    scale = long_edge / max(picture.size)
    if scale < 1:
        # A JPEG is decoded at a half or a quarter at once, as long as that is not smaller than what is wanted.
        picture.draft("RGB", (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    picture = in_eight_bits(picture)
    picture.thumbnail((long_edge, long_edge), Image.Resampling.BICUBIC)
    orientation, profile = orientation_of(picture), picture.info.get("icc_profile")
    if "A" in picture.getbands() or "transparency" in picture.info:
        paper = Image.new("RGBA", picture.size, "white")
        flat = Image.alpha_composite(paper, picture.convert("RGBA")).convert("RGB")
    else:
        flat = in_srgb(picture, profile)
    # Without whatever metadata came along, but for how it was held.
    made = Image.new("RGB", flat.size)
    made.paste(flat)
    made.info["orientation"] = orientation
    return made


def in_eight_bits(picture: "Images.Image") -> "Images.Image":
    """A palette cannot be made smaller well, and of 16 bits of grey Pillow would make white."""
    if picture.mode in ("1", "P"):
        return picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    if picture.mode.startswith("I"):
        return picture.point(lambda value: value * (1 / 256)).convert("L")
    return picture


def orientation_of(picture: "Images.Image") -> int:
    """How the camera was held, 1 to 8 as EXIF has it; 1 where that cannot be read."""
    try:
        said: Any = picture.getexif().get(ORIENTATION, 1)
        return int(said)
    except Exception:
        return 1


def in_srgb(picture: "Images.Image", profile: bytes | None) -> "Images.Image":
    """By the profile that the file brings, or as if it were sRGB where that is of no use."""
    if not profile or picture.mode not in ("RGB", "CMYK", "L"):
        return picture.convert("RGB")
    import io

    from PIL import ImageCms

    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        turned = None
    return turned or picture.convert("RGB")


def upright(picture: "Images.Image") -> "Images.Image":
    """Turned and mirrored as its orientation says."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(picture.info["orientation"])
    return picture if turn is None else picture.transpose(turn)


def paint(picture: "Images.Image", drawing: Any, fonts: Sequence[str]) -> None:
    """Every mark in its order, on the picture itself: of what is covered nothing is left in it."""
    scale = max(picture.size) / drawing["units"]
    for mark in drawing["marks"]:
        if "cover" in mark:
            cover(picture, mark, scale)
        elif "text" in mark:
            write(picture, mark, scale, fonts)
        else:
            draw(picture, mark, scale)


def cover(picture: "Images.Image", mark: Any, scale: float) -> None:
    """Whole pixels, and one more on each side: making a picture smaller mixes neighbours."""
    from PIL import ImageDraw

    across, down = ([point[axis] * scale for point in mark["cover"]] for axis in (0, 1))
    corners = (math.floor(min(across)) - 1, math.floor(min(down)) - 1, math.ceil(max(across)), math.ceil(max(down)))
    ImageDraw.Draw(picture).rectangle(corners, fill=mark["ink"])


FINE = 4
"""Parts of a pixel, each way, in which an edge is drawn before it is made smaller: it would have steps."""


def draw(picture: "Images.Image", mark: Any, scale: float) -> None:
    """A line with round ends and corners, or an area."""
    from PIL import Image, ImageDraw

    half = mark.get("width", 0) * scale / 2
    points = [(x * scale, y * scale) for x, y in mark.get("line") or mark["area"]]
    box = _within(picture, [x for x, _ in points], [y for _, y in points], half + 1)
    if box is None:
        return
    left, top, right, bottom = box
    mask = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
    brush = ImageDraw.Draw(mask)
    fine = [((x - left) * FINE, (y - top) * FINE) for x, y in points]
    if "area" in mark:
        brush.polygon(fine, fill=255)
    else:
        thick = half * FINE
        for x, y in fine:
            brush.ellipse((x - thick, y - thick, x + thick, y + thick), fill=255)
        for (x, y), (to_x, to_y) in itertools.pairwise(fine):
            if length := math.sqrt((to_x - x) ** 2 + (to_y - y) ** 2):
                aside, down = (to_y - y) / length * thick, (x - to_x) / length * thick
                sides = [(x + aside, y + down), (to_x + aside, to_y + down), (to_x - aside, to_y - down)]
                brush.polygon([*sides, (x - aside, y - down)], fill=255)
    picture.paste(mark["ink"], box, mask.reduce(FINE))


def write(picture: "Images.Image", mark: Any, scale: float, fonts: Sequence[str]) -> None:
    """A text on its line, first its edge and then the letters."""
    from PIL import Image, ImageDraw

    x, y = (place * scale for place in mark["at"])
    font = _font_for(mark["text"], fonts, mark["size"] * scale * FINE)
    edge = round(mark["edge_width"] * scale * FINE)
    at_left, at_top, at_right, at_bottom = font.getbbox(mark["text"], anchor="ls", stroke_width=edge)
    box = _within(picture, [x + at_left / FINE, x + at_right / FINE], [y + at_top / FINE, y + at_bottom / FINE], 1)
    if box is None:
        return
    left, top, right, bottom = box
    for ink, around in ((mark["edge"], edge), (mark["ink"], 0)):
        mask = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
        place = ((x - left) * FINE, (y - top) * FINE)
        ImageDraw.Draw(mask).text(place, mark["text"], fill=255, font=font, anchor="ls", stroke_width=around)
        picture.paste(ink, box, mask.reduce(FINE))


def _within(
    picture: "Images.Image", across: Sequence[float], down: Sequence[float], around: float
) -> tuple[int, int, int, int] | None:
    """The part of the picture that a mark may touch; None where it lies beyond its edge."""
    left, top = max(0, math.floor(min(across) - around)), max(0, math.floor(min(down) - around))
    right, bottom = (
        min(picture.width, math.ceil(max(across) + around)),
        min(picture.height, math.ceil(max(down) + around)),
    )
    return (left, top, right, bottom) if left < right and top < bottom else None


def _font_for(text: str, fonts: Sequence[str], size: float) -> "Fonts.FreeTypeFont":
    """The first that has every letter of it, else the last."""
    from PIL import ImageFont

    font = None
    for path in fonts:
        # Not by the text shaper that this machine may have: the same text gives the same picture.
        font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
        lacking = bytes(font.getmask("\U0010ffff"))
        if all(bytes(font.getmask(letter)) != lacking for letter in set(text)):
            break
    if font is None:
        raise ValueError("a text needs a font")
    return font


if __name__ == "__main__":
    refused = main(sys.argv[1], sys.argv[2], *sys.argv[3:])
    if refused is not None:
        sys.stdout.write(refused)
        sys.exit(2)
