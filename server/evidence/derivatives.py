"""
A picture at the size in which a report shows it, made from the original, which stays as it is.

Files come from outside and decoders have holes: a file is decoded in a process of its own, with limits on memory, time and pixels,
by the decoders of four formats and no other (`decode.py`), and what the team drew on it is painted there too. What cannot be decoded stays evidence like any other file; why there is
no picture of it is kept beside it, so that each report does not try it again.
"""

import json
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import repeat
from pathlib import Path
from secrets import token_hex

from server.evidence.apart import run_apart
from server.evidence.beside import keep_beside
from server.evidence.decode import RECIPE, Reason
from server.evidence.hold import is_whole
from server.storage.clock import now_ms
from server.storage.disk import is_there, sha256_of
from server.storage.evidence_store import BlobKey, EvidenceFiles

LONG_EDGE = 1600
"""Pixels: 190 mm at 210 dpi."""
LANES = 2
"""Decoders at work at once. One of them takes some 50 MB for a photo of 12 million pixels, up to 1.1 GB for the worst that is taken."""
FONTS = tuple(
    Path(__file__).parents[1] / "reports" / "fonts" / name
    for name in ("AtkinsonHyperlegibleNext-Bold.ttf", "NotoSans-Bold.ttf")
)
"""In which a text on a picture is written: the tablet's own, then one with more letters."""
PAINTING = 1
"""Raised when `decode.py` paints the same drawing otherwise: pictures that were made before are then made again."""
_PICTURE = ".report.jpg"
_REFUSED = ".report.json"
MADE = "report.made.json"
"""How the name of what is kept about a picture ends (`keep_beside`): from which bytes it was made, by what, and when."""
_PASSING = frozenset({Reason.NOT_FINISHED, Reason.NOT_ARRIVED, Reason.ROTTEN, Reason.GONE})
"""What is said of this moment and not of the file."""


@dataclass(frozen=True, slots=True)
class Derivative:
    """A JPEG file, or the reason why there is none."""

    path: Path | None
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
    if not files.blobs.exists(key):
        return Derivative(None, Reason.NOT_ARRIVED)
    original = files.blobs.local_path(key)
    picture = original.with_name(f"{key.sha256}{_named_by(drawing)}{_PICTURE}")
    refused = original.with_name(key.sha256 + _REFUSED)
    if is_there(picture):
        return Derivative(picture)
    reason = _refused_before(refused)
    if reason is None:
        with _unfinished(picture) as made, suppress(FileNotFoundError):  # Withdrawn in this moment.
            reason = _decode(original, made, drawing) if is_whole(files, key) else Reason.ROTTEN
            if reason is None:
                _note_made(files, key, made, drawing)
                made.replace(picture)
            elif reason not in _PASSING:
                made.write_text(json.dumps({"reason": reason, "decoders": _decoders()}), encoding="utf-8")
                made.replace(refused)
    if not files.blobs.exists(key):
        # Withdrawn meanwhile, or moved aside because it has rotted; nothing of it stays.
        picture.unlink(missing_ok=True)
        refused.unlink(missing_ok=True)
        return Derivative(None, Reason.GONE)
    return Derivative(picture if reason is None else None, reason)


def _note_made(files: EvidenceFiles, key: BlobKey, picture: Path, drawing: str | None) -> None:
    """Before the picture is in its place: one that is, has its origin beside it."""
    by = _decoders() if drawing is None else [*_decoders(), f"painting {PAINTING}"]
    facts = {
        "made_from": key.sha256,
        "sha256": sha256_of(picture),
        "size": picture.stat().st_size,
        "long_edge": LONG_EDGE,
        "is_drawn_on": drawing is not None,
        "made_by": by,
        "made_at": now_ms(),
    }
    keep_beside(files, key, f"{_named_by(drawing)}.{MADE}".lstrip("."), json.dumps(facts))


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A name for a file that is not whole yet, beside it; what still has it in the end is removed."""
    path = target.with_name(f"{target.name}.{token_hex(4)}.part")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _refused_before(kept: Path) -> Reason | None:
    """Why, if by these very decoders: others may do better."""
    try:
        said = json.loads(kept.read_text(encoding="utf-8"))
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
    return "" if drawing is None else f".{sha256(f'{PAINTING} {drawing}'.encode()).hexdigest()[:32]}"


def _decode(original: Path, target: Path, drawing: str | None) -> Reason | None:
    """None when it worked, else why not."""
    arguments = [str(original), str(target), str(LONG_EDGE)]
    if drawing is None:
        return _run(arguments)
    with _unfinished(target) as paper:
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
