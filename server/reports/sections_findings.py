"""The findings, set: each with its grade in the margin, its parts, its lines of a form, and its pictures two in a row."""

from collections.abc import Callable, Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, Spacer, Table

from server.reports import look
from server.reports.jpeg import Jpeg, picture
from server.reports.parts import (
    Finding,
    Picture,
    ReportContent,
)
from server.reports.pieces import (
    Beside,
    ClearMargin,
    Marked,
    OnOnePage,
    OutlineEntry,
    Rule,
    form_lines,
    heading,
    labelled,
    section,
)
from server.reports.text import paragraph

Pictures = Callable[[str], Jpeg | None]
"""The copy in report size of a piece of evidence, by its name (drawn.py); None while it is not on the server."""

_LONG_CAPTION = 400
"""From this many letters on a caption gets the whole column, so that it and its picture fit on one page."""
_KEPT_TOGETHER = 0.52 * (look.PAGE_HEIGHT - look.TOP - look.BOTTOM)
_HALF = (look.COLUMN - 10) / 2


def findings_section(content: ReportContent, pictures: Pictures) -> list[Flowable]:
    part = content.findings
    flowables = [*section(part.heading, "findings"), paragraph(part.intro, look.BODY), Spacer(0, 4)]
    for finding in part.findings:
        flowables += _finding(finding, pictures)
    if part.further:
        entry = OutlineEntry(1, part.further_heading, "further-pictures")
        flowables += [CondPageBreak(200), Rule(before=8), heading(part.further_heading, look.FINDING_TITLE, entry)]
        flowables += _gallery(part.further, pictures)
    return flowables


def _finding(finding: Finding, pictures: Pictures) -> list[Flowable]:
    title = f"{finding.number}\u00a0\u00a0{finding.title}"
    notes: list[Flowable] = []
    for position, grade in enumerate(finding.grades):
        mark = Marked(grade.mark, grade.word, look.MARGIN_STRONG, size=10, is_grey=finding.is_withdrawn)
        notes += [Spacer(0, 7), mark] if position else [mark]
        notes += [Spacer(0, 3), *(paragraph(clause, look.MARGIN_TEXT) for clause in grade.clauses)]
    style = look.FINDING_WITHDRAWN if finding.is_withdrawn else look.FINDING_TITLE
    opening = heading(title, style, OutlineEntry(1, title, f"finding-{finding.id}"))
    margin = Beside(notes, level_with=opening)
    body: list[Flowable] = []
    for part in finding.parts:
        body += labelled(part, look.WITHDRAWN if finding.is_withdrawn else look.BODY)
    if finding.remarks:
        body.append(form_lines(finding.remarks))
    whole = [Rule(before=10, after=9), margin, opening, *body, *_gallery(finding.pictures, pictures)]
    # A short finding is not spread over two pages; a longer one begins where there is room for its first part.
    return [CondPageBreak(max(margin.note_height, 120)), OnOnePage(whole, _KEPT_TOGETHER), ClearMargin(6)]


def _gallery(shown: Sequence[Picture], pictures: Pictures) -> list[Flowable]:
    """Two in a row, each with its caption beneath; a row is never divided. Before and after stand side by side, whatever they say."""
    flowables: list[Flowable] = [Spacer(0, 8)] if shown else []
    pairs = [shown[at : at + 2] for at, item in enumerate(shown) if item.opens_pair]
    paired = {item.number for pair in pairs for item in pair}
    others = [item for item in shown if item.number not in paired]
    short = [item for item in others if len(item.caption) <= _LONG_CAPTION]
    for two in (*pairs, *(short[start : start + 2] for start in range(0, len(short), 2))):
        row = [_framed(item, pictures, _HALF, 58 * mm) for item in two]
        flowables.append(_picture_row([*row, ""][:2], [_HALF + 10, _HALF]))
    for item in others:
        if len(item.caption) > _LONG_CAPTION:
            flowables.append(_picture_row([_framed(item, pictures, look.COLUMN, 90 * mm)], [look.COLUMN]))
    return flowables


def _picture_row(cells: list[Any], widths: list[float]) -> Flowable:
    made = Table(
        [["", *cells]],
        colWidths=[look.INDENT, *widths],
        style=[
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-2, -1), 10),
            ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ],
    )
    made.hAlign = "LEFT"
    return made


def _framed(item: Picture, pictures: Pictures, width: float, most_height: float) -> list[Flowable]:
    reader = pictures(item.name)
    shown: Flowable = (
        paragraph(item.absent, look.CAPTION_ABSENT) if reader is None else picture(reader, width, most_height)
    )
    return [
        shown,
        Spacer(0, 4),
        *([paragraph(item.standing, look.CAPTION_STANDING)] if item.standing else []),
        paragraph(f"{item.number}\u00a0\u00a0{item.caption}", look.CAPTION),
        *([paragraph(item.ahead, look.CAPTION_NOTE)] if item.ahead and reader is not None else []),
        *_what_is_drawn(item, reader),
    ]


def _what_is_drawn(item: Picture, reader: Jpeg | None) -> list[Flowable]:
    """Under a picture on which something was drawn: that it was, and both hashes."""
    if not item.drawn.said or reader is None:
        return []
    told = [paragraph(item.drawn.said, look.CAPTION)]
    for label, sha256 in ((item.drawn.original_label, item.sha256), (item.drawn.shown_label, reader.sha256)):
        told += [paragraph(label, look.CAPTION_NOTE), paragraph(sha256, look.CAPTION_HASH)]
    return told
