"""
Decodes one picture, in a process of its own that may die: `decode.py <original> <target> <long edge>`.

Files come from outside and decoders have holes and hunger, so this process has limits on memory, time, pixels and what it writes. It
imports nothing of ours and is given no environment. It ends with 0, or with 2 and a `Reason` on its standard output. Everything else
means that it hit a limit or died. The limits hold what is too large or too slow; they are no sandbox.
"""

import resource
import sys
import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image as Images

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


def main(original: str, target: str, long_edge: int) -> Reason | None:
    """None when the picture was written, else why it was not."""
    limit()
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
            upright(small(picture, long_edge)).save(target, "JPEG", quality=QUALITY, optimize=True)
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


if __name__ == "__main__":
    refused = main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    if refused is not None:
        sys.stdout.write(refused)
        sys.exit(2)
