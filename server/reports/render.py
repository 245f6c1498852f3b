"""
From content to the finished, unsigned PDF: lay out, turn into PDF/A, attach what was sealed.

The same content and pictures give the same bytes: dates come from the seal, identifiers from the content.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from reportlab.pdfgen.canvas import Canvas

from server.reports import look
from server.reports.jpeg import Jpeg, read_jpeg
from server.reports.layout import ReportDocument
from server.reports.parts import ReportContent, StampWords
from server.reports.pdfa import to_pdfa
from server.reports.pieces import Place, draw_text
from server.reports.sections import story
from server.reports.typefaces import BOLD, MONO, TABULAR, TEXT

PictureSource = Callable[[str], bytes | None]
"""The JPEG in report size of a piece of evidence, by its name (drawn.py), or None while it is not there."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The PDF before its signatures: where their fields belong, and which pictures were not there."""

    pdf: bytes
    pages: int
    places: Mapping[str, Place]
    missing_pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StampText:
    """What one visible signature says, line by line."""

    title: str
    signer: str
    at: str
    hash_label: str
    sha256: str
    warning: str | None


def render_report(
    content: ReportContent, picture: PictureSource, files: Mapping[str, bytes], fields: tuple[str, str]
) -> Rendered:
    """Lay the content out. `fields` names the two signature fields; `files` are attached as they are."""
    readers: dict[str, Jpeg | None] = {}

    def reader_of(name: str) -> Jpeg | None:
        if name not in readers:
            readers[name] = read_jpeg(picture(name))
        return readers[name]

    output = io.BytesIO()
    document = ReportDocument(
        output,
        content.head,
        title=content.title,
        author=content.author,
        subject=content.subject,
        creator="Auditbook",
        producer="Auditbook",
        lang=content.language,
    )
    document.multiBuild(story(content, reader_of, document.facts, fields), maxPasses=8)
    made_at = datetime.fromisoformat(content.made_at.replace("Z", "+00:00"))
    return Rendered(
        pdf=to_pdfa(output.getvalue(), files, language=content.language, made_at=made_at, descriptions=content.title),
        pages=document.facts.pages,
        places=dict(document.facts.places),
        missing_pictures=tuple(sorted({name[:64] for name, reader in readers.items() if reader is None})),
    )


def render_stamp(text: StampText, width: float, height: float) -> bytes:
    """One visible signature as a page of its own, with its fonts inside: the file stays archivable."""
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(width, height), initialFontName=TEXT, pageCompression=1)
    # The page says "not signed" beneath: the stamp covers it, frame and all.
    canvas.setFillColor(look.WHITE)
    canvas.setStrokeColor(look.LINE)
    canvas.setLineWidth(look.HAIRLINE)
    canvas.rect(0.5, 0.5, width - 1, height - 1, stroke=1, fill=1)
    canvas.setFillColor(look.INK)
    inner = width - 16
    draw_text(canvas, 8, height - 15, text.title, BOLD, 9, most=inner)
    draw_text(canvas, 8, height - 28, text.signer, TEXT, 8.5, most=inner)
    draw_text(canvas, 8, height - 40, text.at, TABULAR, 8.5, most=inner)
    canvas.setFillColor(look.QUIET)
    draw_text(canvas, 8, height - 52, f"{text.hash_label}, SHA-256", TEXT, 6.5, most=inner)
    half = len(text.sha256) // 2
    draw_text(canvas, 8, height - 60, text.sha256[:half], MONO, 6.5, most=inner)
    draw_text(canvas, 8, height - 68, text.sha256[half:], MONO, 6.5, most=inner)
    if text.warning:
        canvas.setFillColor(look.DANGER)
        draw_text(canvas, 8, height - 79, text.warning, BOLD, 7.5, most=inner)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


def stamp_text(
    words: StampWords,
    *,
    is_release: bool,
    signer: str,
    at: str,
    level: str,
    has_timestamp: bool,
    is_for_development: bool,
    sha256: str,
) -> StampText:
    """The stamp in words. A signature without a time stamp says so where people look."""
    line = words.level.format(at=at, level=level)
    return StampText(
        title=words.released if is_release else words.signed,
        signer=signer,
        at=line if has_timestamp else f"{line} · {words.no_timestamp}",
        hash_label=words.record,
        sha256=sha256,
        warning=words.warning if is_for_development else None,
    )


def instant_of(at: datetime) -> str:
    """An instant as the records write it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
