"""
Pictures at the size in which a report shows them, and as thumbnails, made from the original, which stays as it is.

Files come from outside and decoders have holes: a file is decoded in a process of its own, with limits on memory, time and pixels,
by the decoders of four formats and no other (`decode.py`), and what the team drew on it is painted there too. What cannot be decoded stays evidence like any other file; why there is
no picture of it is kept beside it, so that each report does not try it again.
"""

import json
import signal
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import repeat
from pathlib import Path

from server.evidence.apart import run_apart
from server.evidence.beside import keep_beside
from server.evidence.decode import RECIPE, Reason
from server.storage.blobs import BlobKey, BlobStore
from server.storage.clock import now_ms
from server.storage.disk import has_hash, sha256_of
from server.storage.evidence_store import EvidenceFiles

LONG_EDGE = 1600
"""Pixels: 190 mm at 210 dpi."""
THUMBNAIL_EDGE = 320
LANES = 2
"""Decoders at work at once. One of them takes some 50 MB for a photo of 12 million pixels, up to 1.1 GB for the worst that is taken."""
FONTS = tuple(
    Path(__file__).parents[1] / "reports" / "fonts" / name
    for name in ("AtkinsonHyperlegibleNext-Bold.ttf", "NotoSans-Bold.ttf")
)
"""In which a text on a picture is written: the tablet's own, then one with more letters."""
PAINTING = 1
"""Raised when `decode.py` paints the same drawing otherwise: pictures that were made before are then made again."""
_PICTURE = "report.jpg"
_THUMBNAIL = "thumbnail.jpg"
_REFUSED = "report.json"
MADE = ".made.json"
"""How the name of what is kept about a picture ends (`keep_beside`): from which bytes it was made, by what, and when."""
_PASSING = frozenset({Reason.NOT_FINISHED, Reason.NOT_ARRIVED, Reason.ROTTEN, Reason.GONE})
"""What is said of this moment and not of the file."""


@dataclass(frozen=True, slots=True)
class Derivative:
    """The name under which a JPEG is kept beside its original, or the reason why there is none."""

    key: BlobKey
    name: str | None
    reason: Reason | None = None


def report_pictures(
    files: EvidenceFiles, keys: Iterable[BlobKey], drawings: Iterable[str | None] = repeat(None)
) -> list[Derivative]:
    """Those of many, in their order, each with its drawing; what is still to be made is made side by side."""
    with ThreadPoolExecutor(LANES) as lanes:
        return list(lanes.map(partial(report_picture, files), keys, drawings))


def report_picture(files: EvidenceFiles, key: BlobKey, drawing: str | None = None) -> Derivative:
    """
    The evidence as a report prints it: upright, at most 1600 pixels long, without metadata, with what was drawn on it
    (`drawing_text` in server/domain/annotation.py) painted in. Made, or refused, once and kept.
    """
    return _derivative(files, key, _PICTURE, drawing)


def thumbnail(files: EvidenceFiles, key: BlobKey, drawing: str | None = None) -> Derivative:
    """The same, at most 320 pixels long. Both are made at once."""
    return _derivative(files, key, _THUMBNAIL, drawing)


def painted(files: EvidenceFiles, picture: bytes, drawing: str | None) -> bytes | None:
    """A picture that is no original, at most in report size, with a drawing painted in; kept nowhere. None where it cannot be decoded."""
    with files.uploads.passing() as folder:
        given, made = folder / "given", folder / "made"
        given.write_bytes(picture)
        return made.read_bytes() if _decode(given, {LONG_EDGE: made}, drawing) is None else None


def _derivative(files: EvidenceFiles, key: BlobKey, size: str, drawing: str | None) -> Derivative:
    blobs = files.blobs
    if not blobs.exists(key):
        return Derivative(key, None, Reason.NOT_ARRIVED)
    named = _named_by(drawing)
    if blobs.has_beside(key, named + size):
        return Derivative(key, named + size)
    reason = _refused_before(blobs, key)
    if reason is None:
        with suppress(FileNotFoundError):  # Withdrawn in this moment.
            reason = _make(files, key, named, drawing)
    if not blobs.exists(key):
        # Withdrawn meanwhile, or moved aside because it has rotted; nothing of it stays.
        for size_of_it in (_PICTURE, _THUMBNAIL):
            blobs.remove_beside(key, named + size_of_it)
            blobs.remove_beside(key, f"{named}{Path(size_of_it).stem}{MADE}")
        blobs.remove_beside(key, _REFUSED)
        return Derivative(key, None, Reason.GONE)
    return Derivative(key, named + size if reason is None else None, reason)


def read_picture(files: EvidenceFiles, made: Derivative) -> bytes | None:
    """The JPEG; None where there is none, also where it was withdrawn since it was made."""
    return None if made.name is None else files.blobs.read_beside(made.key, made.name)


def _make(files: EvidenceFiles, key: BlobKey, named: str, drawing: str | None) -> Reason | None:
    """Have the pictures made, and keep them, or the reason why there are none, beside the original."""
    with files.uploads.passing() as folder, files.blobs.local_copy(key) as original:
        made = {LONG_EDGE: folder / _PICTURE, THUMBNAIL_EDGE: folder / _THUMBNAIL}
        reason = _decode(original, made, drawing) if has_hash(original, key.sha256) else Reason.ROTTEN
        if reason is None:
            for edge, path in made.items():
                _note_made(files, key, named, path, edge)
                files.blobs.keep_beside(key, named + path.name, path)
        elif reason not in _PASSING:
            said = folder / _REFUSED
            said.write_text(json.dumps({"reason": reason, "decoders": _decoders()}), encoding="utf-8")
            files.blobs.keep_beside(key, _REFUSED, said)
        return reason


def _note_made(files: EvidenceFiles, key: BlobKey, named: str, picture: Path, long_edge: int) -> None:
    """Before the picture is in its place: one that is, has its origin beside it."""
    facts = {
        "made_from": key.sha256,
        "sha256": sha256_of(picture),
        "size": picture.stat().st_size,
        "long_edge": long_edge,
        "is_drawn_on": bool(named),
        "made_by": [*_decoders(), f"painting {PAINTING}"] if named else _decoders(),
        "made_at": now_ms(),
    }
    keep_beside(files, key, f"{named}{picture.stem}{MADE}", json.dumps(facts))


def _refused_before(blobs: BlobStore, key: BlobKey) -> Reason | None:
    """Why, if by these very decoders: others may do better."""
    try:
        said = json.loads(blobs.read_beside(key, _REFUSED) or b"")
        return Reason(said["reason"]) if said["decoders"] == _decoders() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _decoders() -> list[str]:
    """What decides whether a file can be decoded."""
    return [f"recipe {RECIPE}", *(f"{name} {_version(name)}" for name in ("pillow", "pillow-heif"))]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _named_by(drawing: str | None) -> str:
    return "" if drawing is None else f"{sha256(f'{PAINTING} {drawing}'.encode()).hexdigest()[:32]}."


def _decode(original: Path, targets: Mapping[int, Path], drawing: str | None) -> Reason | None:
    """`targets` by their long edge, the largest first. None when it worked, else why not."""
    arguments = [str(original), json.dumps([(edge, str(path)) for edge, path in targets.items()])]
    if drawing is None:
        return _run(arguments)
    paper = next(iter(targets.values())).with_name("drawing")
    paper.write_text(drawing, encoding="utf-8")
    return _run([*arguments, str(paper), *map(str, FONTS)])


def _run(arguments: list[str]) -> Reason | None:
    ended = run_apart("decode.py", arguments)
    return Reason.NOT_FINISHED if ended is None else _outcome(ended.code, ended.said)


def _outcome(ended: int, said: str) -> Reason | None:
    """What the end of the decoder means: 0, 2 with a reason, or less than 0 for the signal that ended it."""
    if ended == 0:
        return None
    if ended == 2 and said in set(Reason):
        return Reason(said)
    if ended == -signal.SIGXCPU:
        return Reason.TOO_SLOW
    if ended in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL):
        return Reason.DECODER_DIED
    # Killed from outside, or an installation that is not whole: it says nothing about the file.
    return Reason.NOT_FINISHED
