"""Pages 1 to 3 and the contents, set."""

from collections.abc import Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Spacer, Table

from server.reports import look
from server.reports.layout import other_pages
from server.reports.parts import (
    Conclusions,
    Course,
    Cover,
    Fact,
    NonconformityRow,
    PreviousFinding,
    ReportContent,
)
from server.reports.pieces import (
    Landmark,
    Marked,
    OutlineEntry,
    Rule,
    beside,
    contents_table,
    facts_beside,
    labelled,
    section,
    table,
)
from server.reports.text import paragraph, paragraphs


def cover_section(cover: Cover, content: ReportContent) -> list[Flowable]:
    return [
        Landmark(OutlineEntry(0, content.head.report, "cover", is_in_contents=False)),
        other_pages(),
        *beside(
            [paragraph(cover.document, look.COVER_BODY)],
            [paragraph(cover.body, look.COVER_BODY_INDENTED), paragraph(_one_line(cover.body_address), look.NOTE)],
            after=0,
        ),
        Rule(before=3, after=6),
        paragraph(cover.kind, look.COVER_KIND),
        paragraph(cover.client, look.COVER_CLIENT),
        paragraph(_one_line(cover.client_address), look.NOTE),
        Spacer(0, 5),
        _identity(cover),
        Spacer(0, 2),
        *beside([paragraph(cover.state, look.COVER_STATE)], [paragraph(cover.state_meaning, look.COVER_FACT)], 3),
        Rule(before=1, after=4),
        *facts_beside(cover.facts, look.COVER_FACT, 2),
        Rule(before=1, after=4),
        *_recommendations(cover),
        Rule(before=1, after=5),
        *beside([paragraph(cover.counts_heading, look.MARGIN_LABEL)], [_counts(cover)], 2),
        *facts_beside(cover.closing_facts, look.COVER_FACT, 2),
    ]


def _one_line(address: str) -> str:
    return ", ".join(line.strip() for line in address.splitlines() if line.strip())


def _identity(cover: Cover) -> Flowable:
    """Number, revision and seal side by side; a reason for the revision gets a line of its own below."""
    short, long = cover.identity[:3], cover.identity[3:]
    cells = [[paragraph(fact.label, look.CELL_HEAD), paragraph(fact.value, look.CELL_NUMBER_STRONG)] for fact in short]
    rows: list[list[Any]] = [["", *cells]]
    style: list[tuple[Any, ...]] = [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
    ]
    for fact in long:
        rows.append(["", [paragraph(fact.label, look.CELL_HEAD), paragraph(fact.value, look.CELL)], "", ""])
        style.append(("SPAN", (1, len(rows) - 1), (3, len(rows) - 1)))
    third = look.COLUMN / 3
    made = Table(rows, colWidths=[look.INDENT, third * 1.05, third * 0.6, third * 1.35], style=style)
    made.hAlign = "LEFT"
    return made


def _recommendations(cover: Cover) -> list[Flowable]:
    body: list[Flowable] = []
    for item in cover.recommendations:
        body.append(paragraph(f"{item.standard}: {item.outcome}", look.COVER_STRONG))
        if item.text:
            body += paragraphs(item.text, look.COVER_FACT)
    since = cover.recommendation_since
    note = f"{since} {cover.recommendation_note}" if since else cover.recommendation_note
    body.append(paragraph(note, look.COVER_FACT if since else look.NOTE))
    return beside([paragraph(cover.recommendation_heading, look.MARGIN_LABEL)], body, 2)


def _counts(cover: Cover) -> Flowable:
    """The counts side by side; below them, in the same columns, those of each standard."""
    rows: list[list[Any]] = [
        [
            "",
            *(
                [
                    Marked(count.mark, str(count.number), look.COUNT, size=13),
                    Spacer(0, 2),
                    paragraph(count.word, look.CELL_NOTE),
                ]
                for count in cover.counts
            ),
        ]
    ]
    for of_standard in cover.counts_by_standard:
        numbers = (paragraph(str(number), look.CELL_NUMBER) for number in of_standard.numbers)
        rows.append([paragraph(of_standard.standard, look.MARGIN_TEXT), *numbers])
    width = look.COLUMN / max(len(cover.counts), 1)
    made = Table(
        rows,
        colWidths=[look.INDENT, *[width] * len(cover.counts)],
        style=[
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, 0), 0),
            ("TOPPADDING", (0, 1), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 1), (-1, -1), 1.5),
            # Under the large number, not under its mark.
            ("LEFTPADDING", (1, 1), (-1, -1), 17.5),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEABOVE", (1, 1), (-1, -1), look.HAIRLINE, look.FAINT),
        ],
    )
    made.hAlign = "LEFT"
    return made


def conclusions_section(part: Conclusions) -> list[Flowable]:
    flowables = [*section(part.heading, "conclusions"), *facts_beside(part.statements, after=2)]
    flowables += [CondPageBreak(90), paragraph(part.table_heading, look.SUBHEADING)]
    if part.nonconformities:
        flowables.append(_nonconformity_table(part.nonconformities))
        flowables.append(Spacer(0, 5))
    flowables += [paragraph(part.table_note, look.NOTE if part.nonconformities else look.BODY), Spacer(0, 3)]
    return [*flowables, *facts_beside(part.closing_facts, look.STANDING_TEXT, after=3)]


def _nonconformity_table(rows: Sequence[NonconformityRow]) -> Flowable:
    cells = [
        [
            [Marked(row.mark, row.number, look.CELL_NUMBER_STRONG), paragraph(row.grade, look.CELL_NOTE)],
            [paragraph(row.title, look.CELL_STRONG), paragraph(row.clauses, look.CELL_NOTE)],
            [_date_lines(row.dates)],
        ]
        for row in rows
    ]
    dates = 62 * mm
    return table(
        cells,
        [look.INDENT, look.COLUMN - dates, dates],
        has_head=False,
        extra=[("LINEABOVE", (0, 0), (-1, 0), look.HAIRLINE * 1.6, look.LINE)],
    )


def _date_lines(dates: Sequence[Fact]) -> Flowable:
    rows = [[paragraph(fact.label, look.CELL_NOTE), paragraph(fact.value, look.CELL_NOTE)] for fact in dates]
    if not rows:
        return Spacer(0, 0)
    return Table(
        rows,
        colWidths=[38 * mm, 24 * mm],
        style=[
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ],
    )


def course_section(part: Course) -> list[Flowable]:
    flowables = [*section(part.heading, "course"), *facts_beside(part.facts)]
    if part.previous:
        flowables += [CondPageBreak(70), paragraph(part.previous_heading, look.SUBHEADING)]
        for item in part.previous:
            flowables += previous_finding(item)
        flowables.append(Spacer(0, 6))
    else:
        flowables += facts_beside([Fact(part.previous_heading, part.previous_note)])
    return [*flowables, *facts_beside(part.closing_facts)]


def previous_finding(item: PreviousFinding) -> list[Flowable]:
    notes = [Marked(item.mark, item.number, look.MARGIN_TEXT), paragraph(item.grade, look.MARGIN_TEXT)]
    body = [
        *paragraphs(item.statement, look.BODY),
        *labelled(Fact(item.result, item.note), look.BODY),
    ]
    return beside(notes, body, 6)


def contents_section(content: ReportContent) -> list[Flowable]:
    return [
        PageBreak(),
        Landmark(OutlineEntry(0, content.contents_heading, "contents", is_in_contents=False)),
        paragraph(content.contents_heading, look.HEADING),
        contents_table(),
    ]
