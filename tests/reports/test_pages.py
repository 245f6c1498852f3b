"""What stands on which page: no label without its text, no page for a few lines that had room on the one before."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest
from reportlab.platypus import Flowable, Spacer

from server.reports import look
from server.reports.layout import ReportDocument, other_pages
from server.reports.parts import Fact, PreviousFinding, RunningHead
from server.reports.pieces import Landmark, OutlineEntry, facts_beside, labelled
from server.reports.sections_front import previous_finding
from tests.reports.sample import sample_material
from tests.reports.test_changes import closed_with
from tests.reports.test_content import changed
from tests.reports.test_render import made, text_of

pytestmark = pytest.mark.slow

LINES = " ".join(["Words that fill the line of the column from one end to the other end."] * 3)
HIGH = look.PAGE_HEIGHT - look.TOP - look.BOTTOM


def pages_of(flowables: Sequence[Flowable]) -> list[str]:
    output = BytesIO()
    document = ReportDocument(output, RunningHead("Report", "DRAFT", "Body", "{page}/{pages}"))
    start: list[Any] = [Landmark(OutlineEntry(0, "Report", "cover")), other_pages(), Spacer(0, 1)]
    document.build([*start, *flowables])
    return [text_of(output.getvalue(), page, page) for page in range(1, document.facts.pages + 1)]


@pytest.mark.parametrize("left", range(16, 120, 7))
def test_no_label_is_parted_from_its_text(left: int):
    """The room at the foot of the page in points: with some of it a paragraph of three lines goes to the next page as a whole."""
    previous = PreviousFinding("minor_nonconformity", "S1-02", "Minor", "A statement.", "RESULT", LINES)
    for label, flowables in (
        ("LABEL", facts_beside([Fact("LABEL", LINES)])),
        ("LABEL", labelled(Fact("LABEL", LINES), look.BODY)),
        ("RESULT", previous_finding(previous)),
    ):
        # The first page is higher by what the running head takes.
        room = HIGH + look.TOP - look.LEFT - 1 - left
        pages = pages_of([Spacer(0, room), *flowables])
        with_label = [page for page in pages if label in page]
        assert len(with_label) == 1
        assert "Words that fill" in with_label[0].partition(label)[2] + with_label[0].partition(label)[0][-200:], left


@pytest.mark.slow
def test_a_short_audit_has_no_page_that_is_nearly_empty():
    material, files = sample_material("en")
    record = material.report.record
    clauses = [row | {"findings": []} for row in record["clauses"]]
    report = made(
        changed(
            material,
            findings=record["findings"][:2],
            evidence=record["evidence"][:1],
            pictures=record["pictures"][:1],
            attendance=record["attendance"][:2],
            clauses=clauses,
            changes_since_closing=[],
        ),
        files,
    )
    # Pages 1 to 3 and the contents stand alone by design.
    lines = [len(text_of(report.pdf, page, page).split("\n\n")) for page in range(5, report.pages + 1)]
    assert report.pages <= 13, lines
    last = [line for line in text_of(report.pdf, report.pages, report.pages).splitlines() if line.strip()]
    assert len(last) > 12


@pytest.mark.slow
@pytest.mark.parametrize(("language", "heading"), [("en", "Conclusions"), ("de", "Schlussfolgerungen")])
def test_the_cover_is_one_page_also_with_all_that_can_stand_on_it(language: str, heading: str):
    """A revision says why it is one, and a nonconformity that came after the closing meeting stands beside the recommendation."""
    material, files = sample_material(language)
    before = [item for item in material.closing.record["findings"] if item["number"] != "01"]
    later = changed(closed_with(material, findings=before), revision=2, reason="Major found on the way out")
    assert heading in text_of(made(later, files).pdf, 2, 2)
