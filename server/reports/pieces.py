"""
The pieces that pages are put together from: what stands beside the text, tables with hairlines, marks, strokes, signature fields.

Nothing here knows what an audit is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    LongTable,
    PageBreak,
    Paragraph,
    TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents

from server.reports import look
from server.reports.parts import Fact
from server.reports.shapes import draw_shape
from server.reports.text import paragraph, paragraphs, plain
from server.reports.typefaces import BOLD, TEXT

_LONG_REMARKS = 1500
"""From this many letters on the lines of a form may be divided over two pages."""


@dataclass(slots=True)
class Place:
    """Where something ended up: the page from 0, and its rectangle in points from the lower left corner."""

    page: int
    box: tuple[int, int, int, int]


@dataclass(slots=True)
class Facts:
    """What building the pages finds out."""

    pages: int = 0
    places: dict[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark; the first one of a document must be of level 0."""

    level: int
    text: str
    key: str
    is_in_contents: bool = True


class Landmark(Flowable):
    """A bookmark without anything to see."""

    def __init__(self, entry: OutlineEntry):
        super().__init__()
        self.outline_entry = entry
        self.keepWithNext = 1

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        """Nothing: `afterFlowable` sets the bookmark."""


def heading(text: str, style: Any, entry: OutlineEntry) -> Paragraph:
    """A heading that the contents and the bookmarks know."""
    made = paragraph(text, style)
    made.outline_entry = entry
    made.keepWithNext = 1
    return made


_ASCENT = 0.984
"""Of the text font, in parts of its size."""


def _first_size(flowable: Any) -> float:
    """The size of the letters that a flowable begins with; 0 for what has none."""
    text = getattr(flowable, "text_flowable", flowable)
    return float(getattr(getattr(text, "style", None), "fontSize", 0))


class Beside(Flowable):
    """What stands in the margin, level with whatever comes next. Takes no height itself: see `ClearMargin`."""

    def __init__(self, notes: Sequence[Flowable], level_with: Any = None):
        super().__init__()
        self.notes = list(notes)
        # Small letters beside larger ones stand on the same line only when they begin a little lower.
        sizes = [_first_size(flowable) for flowable in (level_with, self.notes[0])]
        self.drop = _ASCENT * (sizes[0] - sizes[1]) if all(sizes) else 0.0

    @property
    def note_height(self) -> float:
        return float(self.drop + sum(note.wrap(look.MARGIN, look.PAGE_HEIGHT)[1] for note in self.notes))

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        low = -self.drop
        for note in self.notes:
            low -= note.wrap(look.MARGIN, look.PAGE_HEIGHT)[1]
            note.drawOn(self.canv, 0, low)
        _x, y = self.canv.absolutePosition(0, low)
        self.canv.margin_bottom = (self.canv.getPageNumber(), y)


class ClearMargin(Flowable):
    """As much room as the margin's text needs beyond the text beside it, and a little."""

    def __init__(self, after: float = 0):
        super().__init__()
        self.after = after

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        page, low = getattr(self.canv, "margin_bottom", (0, 0))
        behind = self._frame._y - low if page == self.canv.getPageNumber() else 0  # noqa: SLF001  no other way to the pen's height
        return 0, min(max(behind, 0) + self.after, available_height)

    def draw(self) -> None:
        """Room only."""


def beginning(body: Sequence[Any]) -> float:
    """The height that a text needs on a page so as to begin there at all: two lines, or all of it where it has only three."""
    style = getattr(body[0], "style", None) if body else None
    if not isinstance(body[0] if body else None, Paragraph) or style is None:
        return 30
    high = float(body[0].wrap(look.FULL, look.PAGE_HEIGHT)[1])
    # Of three lines neither the first nor the last may stand alone, so they go on to the next page together.
    return high if high < 3.5 * style.leading else 2 * float(style.leading)


def beside(notes: Sequence[Flowable], body: Sequence[Flowable], after: float = 4) -> list[Flowable]:
    """Text with notes in the margin; neither runs into what follows, and notes never run off the page."""
    margin = Beside(notes, level_with=body[0] if body else None)
    return [CondPageBreak(max(margin.note_height, beginning(body))), margin, *body, ClearMargin(after)]


class OnOnePage(KeepTogether):
    """Not spread over two pages if it takes no more than `most` of one; what is longer flows as it comes."""

    def __init__(self, flowables: Sequence[Flowable], most: float):
        super().__init__(list(flowables))
        self.most = most

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        self.wrap(available_width, available_height)
        if self.most < self._H:
            return list(self._content)
        parts: list[Flowable] = super().split(available_width, available_height)
        return parts


class Rule(Flowable):
    """A hairline, over the whole width or over the column of text."""

    def __init__(self, *, is_full: bool = True, before: float = 0, after: float = 6):
        super().__init__()
        self.is_full = is_full
        self.spaceBefore, self.spaceAfter = before, after

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return look.FULL, look.HAIRLINE

    def draw(self) -> None:
        self.canv.setStrokeColor(look.LINE)
        self.canv.setLineWidth(look.HAIRLINE)
        self.canv.line(0 if self.is_full else look.INDENT, 0, look.FULL, 0)


class Marked(Flowable):
    """A mark with its word: shape, colour and text together."""

    def __init__(self, mark: str, text: str, style: Any, size: float = 8.5, *, is_grey: bool = False):
        super().__init__()
        self.mark, self.size, self.is_grey = mark, size, is_grey
        self.text_flowable = paragraph(text, style)
        self.leading = style.leading

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        width, height = self.text_flowable.wrap(available_width - self.size - 4.5, available_height)
        self.height = max(height, self.size)
        return width + self.size + 4.5, self.height

    def draw(self) -> None:
        self.text_flowable.drawOn(self.canv, self.size + 4.5, self.height - self.text_flowable.height)
        draw_shape(
            self.canv, self.mark, 0, self.height - (self.leading + self.size) / 2 - 0.4, self.size, is_grey=self.is_grey
        )


class Strokes(Flowable):
    """A handwritten signature as the lines that were drawn, fitted into a box."""

    def __init__(self, strokes: Sequence[Sequence[tuple[int, int]]], width: float, height: float):
        super().__init__()
        self.strokes, self.box = strokes, (width, height)

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return self.box[0], self.box[1] + 8

    def draw(self) -> None:
        width, height = self.box
        canvas = self.canv
        canvas.saveState()
        canvas.translate(0, 4)
        canvas.setStrokeColor(look.LINE)
        canvas.setLineWidth(look.HAIRLINE)
        canvas.line(0, 0, width, 0)
        points = [point for stroke in self.strokes for point in stroke]
        left, top = min(x for x, _ in points), min(y for _, y in points)
        wide, high = max(x for x, _ in points) - left, max(y for _, y in points) - top
        # The box is filled as far as the drawing's own proportions allow, but a dot is not blown up to a blot.
        scale = min((width - 8) / max(wide, 200), (height - 8) / max(high, 60))
        canvas.setStrokeColor(look.INK)
        canvas.setLineWidth(1.1)
        canvas.setLineCap(1)
        canvas.setLineJoin(1)
        for stroke in self.strokes:
            path = canvas.beginPath()
            for position, (x, y) in enumerate(stroke):
                at = (4 + (x - left) * scale, 4 + (high - (y - top)) * scale)
                if position:
                    path.lineTo(*at)
                else:
                    path.moveTo(*at)
            if len(stroke) == 1:
                path.lineTo(4 + (stroke[0][0] - left) * scale + 0.1, 4 + (high - (stroke[0][1] - top)) * scale)
            canvas.drawPath(path, stroke=1, fill=0)
        canvas.restoreState()


class SignaturePlaces(Flowable):
    """Two empty frames side by side. Where they end up goes to `facts`, so that the signature fields lie exactly there."""

    HEIGHT = 84

    def __init__(self, names: tuple[str, str], labels: tuple[str, str], hint: str, facts: Facts):
        super().__init__()
        self.names, self.labels, self.hint, self.facts = names, labels, hint, facts

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        return look.FULL, self.HEIGHT + 16

    def draw(self) -> None:
        gap = 10
        wide = (look.FULL - gap) / 2
        for position, (name, label) in enumerate(zip(self.names, self.labels, strict=True)):
            left = position * (wide + gap)
            canvas = self.canv
            canvas.saveState()
            canvas.setFillColor(look.QUIET)
            draw_text(canvas, left, self.HEIGHT + 5, label, BOLD, 8.5, most=wide)
            canvas.setStrokeColor(look.LINE)
            canvas.setLineWidth(look.HAIRLINE)
            canvas.rect(left, 0, wide, self.HEIGHT)
            canvas.setFillColor(look.LINE)
            draw_text(canvas, left + 8, 8, self.hint, TEXT, 8.5)
            canvas.restoreState()
            low_left, high_right = (
                canvas.absolutePosition(left, 0),
                canvas.absolutePosition(left + wide, self.HEIGHT),
            )
            box = (round(low_left[0]), round(low_left[1]), round(high_right[0]), round(high_right[1]))
            self.facts.places[name] = Place(canvas.getPageNumber() - 1, box)


class DividingTable(LongTable):
    """Breaks between rows. Only a row that no page could hold is divided in itself."""

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        first = self.repeatRows if isinstance(self.repeatRows, int) else len(self.repeatRows)
        page = look.PAGE_HEIGHT - look.TOP - look.BOTTOM
        self.splitInRow = 1 if self._rowHeights[first] > page - sum(self._rowHeights[:first]) else 0
        parts: list[Flowable] = super().split(available_width, available_height)
        return parts


def table(
    rows: list[list[Any]], widths: Sequence[float], *, has_head: bool, extra: Sequence[tuple[Any, ...]] = ()
) -> LongTable:
    """Hairlines between rows, no boxes; a row that is longer than a page is divided."""
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-2, -1), 8),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
        ("LINEBELOW", (0, 0), (-1, -1), look.HAIRLINE, look.FAINT),
        *extra,
    ]
    if has_head:
        style.append(("LINEBELOW", (0, 0), (-1, 0), look.HAIRLINE * 1.6, look.LINE))
    made = DividingTable(rows, colWidths=list(widths), repeatRows=1 if has_head else 0)
    made.setStyle(TableStyle(style))
    made.hAlign = "LEFT"
    return made


def contents_table() -> TableOfContents:
    """Every line a link; the dots are left to accountants."""
    made = TableOfContents(dotsMinLevel=-1)
    made.levelStyles = list(look.CONTENTS)
    made.rightColumnWidth = 30
    return made


def text_width(text: str, font: str, size: float) -> float:
    return float(sum(stringWidth(piece, name, size) for name, piece in plain(text, font)))


def draw_text(canvas: Any, x: float, y: float, text: str, font: str, size: float, most: float | None = None) -> None:
    """One line straight onto the page; what does not fit is cut at the last letter, with an ellipsis."""
    shown = text
    while most is not None and len(shown) > 1 and text_width(shown, font, size) > most:
        shown = shown.rstrip("…")[:-1] + "…"
    line = canvas.beginText(x, y)
    for name, piece in plain(shown, font):
        line.setFont(name, size)
        line.textOut(piece)
    canvas.drawText(line)


def whole_section(text: str, key: str, body: Sequence[Flowable]) -> list[Flowable]:
    """A section that goes on where the last one ended if it has room there as a whole; otherwise it begins its own page."""
    texts = [piece for piece in body if isinstance(piece, Paragraph)]
    high = sum(piece.wrap(look.FULL, look.PAGE_HEIGHT)[1] + piece.getSpaceAfter() for piece in texts)
    # The heading, and what `beside` leaves between its pieces.
    least = high + 60 + 5 * len(texts)
    return [*following_section(text, key, min(least, look.PAGE_HEIGHT - look.TOP - look.BOTTOM)), *body]


def section(text: str, key: str) -> list[Flowable]:
    return [PageBreak(), heading(text, look.HEADING, OutlineEntry(0, text, key))]


def following_section(text: str, key: str, least: float = 200) -> list[Flowable]:
    """A section that goes on where the last one ended, if there is room for a beginning."""
    title = heading(text, look.HEADING, OutlineEntry(0, text, key))
    # Not a piece of its own: at the top of a page there is no room before a heading.
    title.spaceBefore = 28
    return [CondPageBreak(least), title]


def facts_beside(facts: Sequence[Fact], style: Any = look.BODY, after: float = 5) -> list[Flowable]:
    """Labels in the margin, what they say beside them."""
    flowables: list[Flowable] = []
    for fact in facts:
        flowables += beside([paragraph(fact.label, look.MARGIN_LABEL)], paragraphs(fact.value, style), after)
    return flowables


def labelled(part: Fact, style: Any) -> list[Flowable]:
    """A label above its text, never without the beginning of it."""
    text = paragraphs(part.value, style)
    # Kept together with a long text, the label would leave the rest of the page empty.
    return [CondPageBreak(look.LABEL.leading + 7 + beginning(text)), paragraph(part.label, look.LABEL), *text]


def form_lines(remarks: Sequence[Fact]) -> Flowable:
    """Small lines of label and text, which read like a form; divided over two pages only where they are long."""
    style: list[tuple[Any, ...]] = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 2.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEABOVE", (1, 0), (-1, -1), look.HAIRLINE, look.FAINT),
    ]
    if sum(len(remark.value) for remark in remarks) < _LONG_REMARKS:
        style.append(("NOSPLIT", (0, 0), (-1, -1)))
    made = DividingTable(
        [
            ["", paragraph(remark.label, look.CELL_HEAD), paragraphs(remark.value, look.CELL_NOTE_INK)]
            for remark in remarks
        ],
        colWidths=[look.INDENT, 34 * mm, look.COLUMN - 34 * mm],
        style=style,
    )
    made.hAlign = "LEFT"
    return made
