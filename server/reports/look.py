"""
The measures, colours and styles of the page. One column of text at 10.5/14, and a wide margin for what leads the eye: grades,
clause numbers, labels. Colours are those of pwa/src/look/tokens.css, the paper theme, on white.
"""

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from server.reports.typefaces import BOLD, ITALIC, MONO, TABULAR, TABULAR_BOLD, TEXT

PAGE_WIDTH, PAGE_HEIGHT = A4
LEFT = RIGHT = 20 * mm
TOP, BOTTOM = 26 * mm, 22 * mm
FULL = PAGE_WIDTH - LEFT - RIGHT
MARGIN = 34 * mm
GAP = 6 * mm
INDENT = MARGIN + GAP
COLUMN = FULL - INDENT

WHITE = HexColor("#ffffff")
INK = HexColor("#152036")
QUIET = HexColor("#4e5768")
LINE = HexColor("#c9c4ba")
FAINT = HexColor("#e6e2da")
ACCENT = HexColor("#1d3eb4")
DANGER = HexColor("#ab171a")

HAIRLINE = 0.4


def _style(name: str, **settings: Any) -> ParagraphStyle:
    base = {
        "fontName": TEXT,
        "fontSize": 10.5,
        "leading": 14,
        "textColor": INK,
        "splitLongWords": 1,
        "allowWidows": 0,
        "allowOrphans": 0,
    }
    return ParagraphStyle(name, **(base | settings))


BODY = _style("body", leftIndent=INDENT, spaceAfter=5)
BODY_STRONG = _style("body-strong", parent=BODY, leftIndent=INDENT, fontName=BOLD, spaceAfter=2)
LEAD = _style("lead", leftIndent=INDENT, fontSize=11.5, leading=16, spaceAfter=6)
NOTE = _style("note", leftIndent=INDENT, fontSize=8.5, leading=11.5, textColor=QUIET, spaceAfter=4)
LABEL = _style(
    "label", leftIndent=INDENT, fontName=BOLD, fontSize=8.5, leading=11, textColor=QUIET, spaceBefore=5, spaceAfter=1
)
HEADING = _style("heading", fontName=BOLD, fontSize=21, leading=25, leftIndent=INDENT, spaceAfter=12)
SUBHEADING = _style(
    "subheading", fontName=BOLD, fontSize=12.5, leading=16, leftIndent=INDENT, spaceBefore=10, spaceAfter=5
)
FINDING_TITLE = _style("finding", fontName=BOLD, fontSize=13, leading=16.5, leftIndent=INDENT, spaceAfter=3)

FINDING_WITHDRAWN = _style(
    "finding-withdrawn", fontName=ITALIC, fontSize=13, leading=16.5, leftIndent=INDENT, textColor=QUIET, spaceAfter=3
)
COMMAND = _style("command", fontName=MONO, fontSize=9, leading=14, leftIndent=INDENT, spaceAfter=2)

COVER_BODY = _style("cover-body", fontName=BOLD, fontSize=11, leading=14)
COVER_BODY_INDENTED = _style(
    "cover-body-indented", parent=COVER_BODY, fontName=BOLD, fontSize=11, leading=14, leftIndent=INDENT, spaceAfter=1
)
COVER_KIND = _style("cover-kind", fontSize=12, leading=16, leftIndent=INDENT, textColor=QUIET, spaceAfter=2)
COVER_CLIENT = _style("cover-client", fontName=BOLD, fontSize=26, leading=30, leftIndent=INDENT, spaceAfter=3)
COVER_STATE = _style("cover-state", fontName=BOLD, fontSize=12, leading=14)
COVER_FACT = _style("cover-fact", fontSize=9.5, leading=12.8, leftIndent=INDENT, spaceAfter=2.5)
STANDING_TEXT = _style("standing-text", fontSize=9.5, leading=12.8, leftIndent=INDENT, spaceAfter=3)
COVER_STRONG = _style("cover-strong", fontName=BOLD, fontSize=9.5, leading=12.8, leftIndent=INDENT)

MARGIN_LABEL = _style("margin-label", fontName=BOLD, fontSize=8.5, leading=11.5, textColor=QUIET)
MARGIN_TEXT = _style("margin-text", fontName=TABULAR, fontSize=8.5, leading=11.5, textColor=QUIET)
MARGIN_STRONG = _style("margin-strong", fontName=BOLD, fontSize=9, leading=12)

CELL = _style("cell", fontSize=9, leading=12)
CELL_STRONG = _style("cell-strong", fontName=BOLD, fontSize=9, leading=12)
CELL_NUMBER = _style("cell-number", fontName=TABULAR, fontSize=9, leading=12)
CELL_NUMBER_STRONG = _style("cell-number-strong", fontName=TABULAR_BOLD, fontSize=9, leading=12)
CELL_NOTE = _style("cell-note", fontName=TABULAR, fontSize=8, leading=10.5, textColor=QUIET)
CELL_HEAD = _style("cell-head", fontName=BOLD, fontSize=8, leading=10.5, textColor=QUIET)
CELL_NOTE_INK = _style("cell-note-ink", fontName=TABULAR, fontSize=8.8, leading=11.8)
CAPTION_ABSENT = _style(
    "caption-absent",
    fontSize=8.5,
    leading=11,
    textColor=QUIET,
    borderColor=LINE,
    borderWidth=0.4,
    borderPadding=6,
    # ReportLab draws the frame outside the text: without these it would leave its column.
    leftIndent=6,
    rightIndent=6,
    spaceBefore=6,
    spaceAfter=8,
)
CAPTION = _style("caption", fontName=TABULAR, fontSize=8.5, leading=11, textColor=QUIET)
CAPTION_STANDING = _style("caption-standing", fontName=TABULAR_BOLD, fontSize=8.5, leading=11, textColor=INK)
CAPTION_NOTE = _style("caption-note", fontSize=7, leading=9.5, textColor=QUIET)
CAPTION_HASH = _style("caption-hash", fontName=MONO, fontSize=6.4, leading=8.4, textColor=QUIET)
COUNT = _style("count", fontName=TABULAR_BOLD, fontSize=17, leading=19)
HASH = _style("hash", fontName=MONO, fontSize=7.4, leading=10.5, textColor=QUIET)
BODY_HASH = _style(
    "body-hash", fontName=MONO, fontSize=7.8, leading=11.5, textColor=INK, leftIndent=INDENT, spaceAfter=6
)
WITHDRAWN = _style("withdrawn", fontName=ITALIC, leftIndent=INDENT, textColor=QUIET, spaceAfter=4)

CONTENTS = (
    _style("contents-0", fontName=BOLD, fontSize=10.5, leading=15, leftIndent=INDENT, spaceBefore=7, rightIndent=0),
    _style(
        "contents-1", fontName=TEXT, fontSize=9.5, leading=13, leftIndent=INDENT + 12, textColor=QUIET, rightIndent=24
    ),
)
