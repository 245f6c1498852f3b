"""
The page and its furniture: running head, page x of y, bookmarks. Built several times, until the contents and the number of pages
have settled.
"""

from typing import Any, BinaryIO

from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageTemplate

from server.reports import look
from server.reports.parts import RunningHead
from server.reports.pieces import Facts, OutlineEntry, draw_text, text_width
from server.reports.text import markup
from server.reports.typefaces import BOLD, TABULAR, TEXT

FIRST_PAGE, OTHER_PAGES = "first", "others"


class ReportDocument(BaseDocTemplate):
    """A4 with a running head. Built several times until the contents and the number of pages have settled."""

    def __init__(self, target: BinaryIO, head: RunningHead, **metadata: Any):
        super().__init__(
            target,
            pagesize=(look.PAGE_WIDTH, look.PAGE_HEIGHT),
            leftMargin=look.LEFT,
            rightMargin=look.RIGHT,
            topMargin=look.TOP,
            bottomMargin=look.BOTTOM,
            pageCompression=1,
            initialFontName=TEXT,
            **metadata,
        )
        self.head = head
        self.facts = Facts()
        frame = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
        high = look.PAGE_HEIGHT - look.TOP - look.BOTTOM
        self.addPageTemplates(
            [
                PageTemplate(
                    FIRST_PAGE,
                    [Frame(look.LEFT, look.BOTTOM, look.FULL, high + look.TOP - look.LEFT, id="first", **frame)],
                    onPage=self._draw_foot,
                ),
                PageTemplate(
                    OTHER_PAGES,
                    [Frame(look.LEFT, look.BOTTOM, look.FULL, high, id="others", **frame)],
                    onPage=self._draw_head,
                ),
            ]
        )

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802  ReportLab's own name
        entry: OutlineEntry | None = getattr(flowable, "outline_entry", None)
        if entry is not None:
            self.canv.bookmarkPage(entry.key)
            self.canv.addOutlineEntry(" ".join(entry.text.split()), entry.key, entry.level, closed=entry.level > 0)
            if entry.is_in_contents:
                self.notify("TOCEntry", (entry.level, markup(entry.text), self.page, entry.key))

    def afterPage(self) -> None:  # noqa: N802  ReportLab's own name
        self.facts.pages = max(self.facts.pages, self.page)

    def _draw_head(self, canvas: Any, document: Any) -> None:
        canvas.saveState()
        high = look.PAGE_HEIGHT - 15 * mm
        canvas.setFillColor(look.QUIET)
        draw_text(canvas, look.LEFT, high, self.head.report, TABULAR, 8.5)
        canvas.setFillColor(look.INK)
        width = text_width(self.head.state, BOLD, 8.5)
        draw_text(canvas, look.PAGE_WIDTH - look.RIGHT - width, high, self.head.state, BOLD, 8.5)
        canvas.setStrokeColor(look.LINE)
        canvas.setLineWidth(look.HAIRLINE)
        canvas.line(look.LEFT, high - 6, look.PAGE_WIDTH - look.RIGHT, high - 6)
        canvas.restoreState()
        self._draw_foot(canvas, document)

    def _draw_foot(self, canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(look.QUIET)
        low = 11 * mm
        draw_text(canvas, look.LEFT, low, self.head.owner, TABULAR, 8.5, most=look.FULL - 120)
        number = self.head.page.format(page=canvas.getPageNumber(), pages=self.facts.pages or "?")
        width = text_width(number, TABULAR, 8.5)
        draw_text(canvas, look.PAGE_WIDTH - look.RIGHT - width, low, number, TABULAR, 8.5)
        canvas.restoreState()


def other_pages() -> NextPageTemplate:
    return NextPageTemplate(OTHER_PAGES)
