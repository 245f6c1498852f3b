"""The whole report as what ReportLab flows onto pages, in its order."""

from reportlab.platypus import Flowable

from server.reports.parts import ReportContent
from server.reports.pieces import Facts
from server.reports.sections_annex import (
    attendance_section,
    changes_section,
    clauses_section,
    evidence_section,
    server_page_section,
    signatures_section,
    verifying_section,
)
from server.reports.sections_findings import Pictures, findings_section
from server.reports.sections_front import conclusions_section, contents_section, course_section, cover_section


def story(content: ReportContent, pictures: Pictures, facts: Facts, fields: tuple[str, str]) -> list[Flowable]:
    """The whole report in its order: three pages for those who read three, the contents, then everything that bears them out."""
    return [
        *cover_section(content.cover, content),
        *conclusions_section(content.conclusions),
        *course_section(content.course),
        *contents_section(content),
        *findings_section(content, pictures),
        *clauses_section(content.clauses),
        *evidence_section(content, pictures),
        *attendance_section(content),
        *signatures_section(content.signatures, facts, fields),
        *changes_section(content),
        *server_page_section(content),
        *verifying_section(content),
    ]
