"""What stands behind the findings, set: clauses, evidence, people, signatures, changes, the server's page, how to check."""

from collections.abc import Sequence
from typing import Any

from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Spacer, Table

from server.reports import look
from server.reports.parts import (
    Clauses,
    ClauseTable,
    EvidenceRow,
    Fact,
    Handwriting,
    ReportContent,
    Signatures,
)
from server.reports.pieces import (
    DividingTable,
    Facts,
    Marked,
    OutlineEntry,
    Rule,
    SignaturePlaces,
    Strokes,
    beside,
    facts_beside,
    following_section,
    heading,
    labelled,
    table,
    whole_section,
)
from server.reports.sections_findings import Pictures
from server.reports.text import paragraph, paragraphs


def clauses_section(part: Clauses) -> list[Flowable]:
    flowables = [*following_section(part.heading, "clauses", 300), paragraph(part.intro, look.BODY)]
    if part.legend:
        flowables.append(_legend(part))
    for position, of_standard in enumerate(part.tables):
        entry = OutlineEntry(1, of_standard.standard, f"clauses-{position}")
        title = heading(of_standard.standard, look.SUBHEADING, entry)
        # Kept with the table, it would be kept with all of it, and so begin a new page.
        title.keepWithNext = 0
        flowables += [CondPageBreak(140), title]
        flowables.append(_clause_table(of_standard, part.columns))
    return flowables


def _legend(part: Clauses) -> Flowable:
    marks = [Marked(count.mark, count.word, look.CELL_NOTE) for count in part.legend]
    rows = [[*marks[start : start + 4], "", "", ""][:4] for start in range(0, len(marks), 4)]
    quarter = look.FULL / 4
    made = Table(
        rows,
        colWidths=[quarter] * 4,
        style=[
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ],
    )
    made.hAlign = "LEFT"
    return made


def _clause_table(part: ClauseTable, columns: Sequence[str]) -> Flowable:
    rows: list[list[Any]] = [[paragraph(column, look.CELL_HEAD) for column in columns]]
    extra: list[tuple[Any, ...]] = []
    for row in part.rows:
        title: list[Flowable] = [paragraph(row.title, look.CELL if row.mark else look.CELL_STRONG)]
        title += [paragraph(note, look.CELL_NOTE) for note in row.notes]
        number = paragraph(row.number, look.CELL_NUMBER if row.mark else look.CELL_NUMBER_STRONG)
        if row.mark:
            rows.append(
                [number, title, Marked(row.mark, row.result, look.CELL), paragraph(row.findings, look.CELL_NUMBER)]
            )
        else:
            # A chapter heading must not stay behind at the foot of a page.
            extra += [
                ("NOSPLIT", (0, len(rows)), (-1, len(rows) + 1)),
                ("TOPPADDING", (0, len(rows)), (-1, len(rows)), 9),
            ]
            rows.append([number, title, "", ""])
    result, findings = 50 * mm, 18 * mm
    return table(
        rows, [look.MARGIN, look.FULL - look.MARGIN - result - findings, result, findings], has_head=True, extra=extra
    )


def evidence_section(content: ReportContent, pictures: Pictures) -> list[Flowable]:
    part = content.evidence
    flowables = [*following_section(part.heading, "evidence"), paragraph(part.intro, look.BODY), Spacer(0, 4)]
    for group in part.groups:
        rows = [[paragraph(row.number, look.CELL_NUMBER_STRONG), _evidence_cell(row, pictures)] for row in group.rows]
        # A heading never stands alone at the foot of a page.
        flowables += [CondPageBreak(96), paragraph(group.heading, look.SUBHEADING)]
        flowables.append(table(rows, [look.INDENT, look.COLUMN], has_head=False))
    return flowables


def _evidence_cell(row: EvidenceRow, pictures: Pictures) -> list[Flowable]:
    return [
        paragraph(row.caption, look.CELL),
        *(paragraph(line, look.CELL) for line in row.said),
        paragraph(row.facts, look.CELL_NOTE),
        *(_hashes(row, pictures) if row.sha256 else []),
    ]


def _hashes(row: EvidenceRow, pictures: Pictures) -> list[Flowable]:
    """Of the original; where something was drawn on it, also of the picture that this report shows."""
    if not row.drawn.said:
        return [paragraph(row.sha256, look.HASH)]
    shown = pictures(row.name) if row.name else None
    lines = [(row.drawn.original_label, row.sha256)]
    if shown is not None:
        lines.append((row.drawn.shown_label, shown.sha256))
    return [
        flowable
        for label, sha256 in lines
        for flowable in (paragraph(label, look.CELL_NOTE), paragraph(sha256, look.HASH))
    ]


def attendance_section(content: ReportContent) -> list[Flowable]:
    part = content.attendance
    flowables = [*following_section(part.heading, "attendance"), paragraph(part.intro, look.BODY), Spacer(0, 4)]
    if part.rows:
        rows: list[list[Any]] = [[paragraph(column, look.CELL_HEAD) for column in part.columns]]
        rows += [
            [paragraph(row[0], look.CELL_STRONG), *(paragraph(cell, look.CELL) for cell in row[1:])]
            for row in part.rows
        ]
        flowables.append(table(rows, [58 * mm, 64 * mm, 24 * mm, 24 * mm], has_head=True))
    return flowables


def signatures_section(part: Signatures, facts: Facts, fields: tuple[str, str]) -> list[Flowable]:
    flowables = [*following_section(part.heading, "signatures", 330), paragraph(part.intro, look.BODY)]
    flowables += [paragraph(statement, look.BODY_STRONG) for statement in part.statements]
    flowables += [Spacer(0, 6), _handwriting_table(part.entries)]
    flowables += [CondPageBreak(120), Rule(before=6), paragraph(part.records_heading, look.SUBHEADING)]
    for fact in part.records:
        is_hash = all(len(line) == 64 and " " not in line for line in fact.value.split("\n"))
        body = [paragraph(fact.value, look.BODY_HASH if is_hash else look.BODY)]
        if not is_hash:
            # A record and its hash below it stand on one page.
            flowables.append(CondPageBreak(72))
        flowables += beside([paragraph(fact.label, look.MARGIN_LABEL)], body, 2)
    places = SignaturePlaces(fields, (part.team_leader_label, part.release_label), part.empty_hint, facts)
    together = [
        paragraph(part.fields_heading, look.SUBHEADING),
        paragraph(part.fields_intro, look.BODY),
        Spacer(0, 6),
        places,
    ]
    return [*flowables, Rule(before=8), KeepTogether(together)]


def _handwriting_table(entries: Sequence[Handwriting]) -> Flowable:
    """The parties side by side, as under a contract."""
    half = (look.FULL - 20) / 2
    cells: list[Any] = [_handwriting(entry, half) for entry in entries]
    rows = [[*cells[start : start + 2], ""][:2] for start in range(0, len(cells), 2)]
    made = DividingTable(
        rows,
        colWidths=[half + 20, half],
        style=[
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (0, -1), 20),
            ("RIGHTPADDING", (1, 0), (1, -1), 0),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEABOVE", (0, 0), (-1, -1), look.HAIRLINE, look.LINE),
            ("TOPPADDING", (0, 0), (-1, -1), 7),
        ],
    )
    made.hAlign = "LEFT"
    return made


def _handwriting(entry: Handwriting, width: float) -> list[Flowable]:
    cell: list[Flowable] = [paragraph(entry.party, look.CELL_HEAD)]
    if entry.name:
        cell.append(paragraph(entry.name, look.CELL_STRONG))
    if any(entry.strokes):
        cell.append(Strokes([stroke for stroke in entry.strokes if stroke], width, 22 * mm))
    cell.append(paragraph(entry.outcome, look.CELL))
    for fact in entry.facts:
        cell += [Spacer(0, 3), paragraph(fact.label, look.CELL_HEAD), *paragraphs(fact.value, look.CELL_NOTE_INK)]
    return cell


def changes_section(content: ReportContent) -> list[Flowable]:
    part = content.changes
    flowables = [*following_section(part.heading, "changes"), paragraph(part.intro, look.BODY), Spacer(0, 4)]
    for change in part.changes:
        body: list[Flowable] = [paragraph(change.what, look.BODY_STRONG)]
        if change.was:
            body += labelled(Fact(part.was_label, change.was), look.BODY)
        if change.now:
            body += (
                labelled(Fact(part.now_label, change.now), look.BODY)
                if change.was
                else paragraphs(change.now, look.BODY)
            )
        flowables += beside([paragraph(change.where, look.MARGIN_LABEL)], body, 8)
    return flowables


def server_page_section(content: ReportContent) -> list[Flowable]:
    part = content.server
    return [
        *following_section(part.heading, "server", 260),
        paragraph(part.intro, look.BODY),
        Spacer(0, 4),
        *facts_beside(part.facts),
    ]


def verifying_section(content: ReportContent) -> list[Flowable]:
    part = content.verifying
    steps = [*part.steps]
    if part.letters:
        steps.append(Fact(part.letters_heading, part.letters))
    flowables: list[Flowable] = [paragraph(part.intro, look.BODY), Spacer(0, 4)]
    for step in steps:
        body = paragraphs(step.value, look.BODY)
        if step is part.steps[part.command_step]:
            body.insert(0, paragraph(part.command, look.COMMAND))
        flowables += beside([paragraph(step.label, look.MARGIN_LABEL)], body, 5)
    # Last of all: it must not leave two lines for a page of their own.
    return whole_section(part.heading, "verifying", flowables)
