"""
Decodes one picture, in a process of its own that may die: `picture.py <original> <target> <long edge>`.

Ends with 0, or with 2 and a reason that a person can read. Everything else means that it hit a limit.
"""

import resource
import sys
import warnings

MOST_MEMORY = 1536 * 1024 * 1024
MOST_SECONDS = 30
MOST_PIXELS = 64_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 85


def main(original: str, target: str, long_edge: int) -> str | None:
    """None when the picture was written, else why it was not."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # After the limits: what a decoder allocates while it is being loaded counts as well.
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error")
    try:
        with Image.open(original, formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return f"it has more than {MOST_PIXELS // 1_000_000} million pixels"
            picture.draft("RGB", (long_edge, long_edge))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((long_edge, long_edge), Image.Resampling.LANCZOS)
            if "A" in upright.getbands() or "transparency" in upright.info:
                paper = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(paper, upright.convert("RGBA"))
            flat = Image.new("RGB", upright.size)
            flat.paste(upright.convert("RGB"))
            flat.save(target, "JPEG", quality=QUALITY, optimize=True)
    except UnidentifiedImageError:
        return "it is not a JPEG, PNG or WebP picture"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"it has more than {MOST_PIXELS // 1_000_000} million pixels"
    except (OSError, SyntaxError, ValueError, Warning):
        return "it is damaged"
    return None


if __name__ == "__main__":
    reason = main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    if reason is not None:
        sys.stdout.write(reason)
        sys.exit(2)
