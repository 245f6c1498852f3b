"""
The report as plain data: from the sealed record to `ReportContent`, in the language of the audit.

Before: the sealed record (server/domain/record.py), the seals and signatures, and what the server knows (material.py).
After:  parts.py, which sections.py sets without asking anything more. The same material gives the same content.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from server.domain.refusals import Refusal
from server.reports.content_annex import (
    attendance_part,
    clauses_part,
    server_part,
    signatures_part,
    verifying_part,
)
from server.reports.content_changes import changes_part
from server.reports.content_evidence import evidence_part
from server.reports.content_findings import findings_part
from server.reports.content_front import conclusions_part, course_part, cover_part
from server.reports.material import ReportMaterial
from server.reports.parts import ReportContent, RunningHead, StampWords
from server.reports.telling import Telling
from server.reports.text import right_to_left
from server.reports.wording import Words


def build_content(material: ReportMaterial) -> ReportContent | Refusal:
    """Put the material into words. Refused only for what cannot be set correctly at all: right-to-left scripts."""
    report, closing = material.report.record, material.closing.record
    brought = [one.tree for one in material.catalogues if one.is_brought]
    texts = tuple(_texts([report, closing, [entry.born or {} for entry in material.handwritten], brought]))
    if letter := right_to_left(texts):
        return Refusal("report.script_unsupported", {"letter": letter})
    words = Words.of((report.get("audit") or {}).get("language"), material.zone)
    return _told(Telling(material, report, closing, words, texts))


def _told(telling: Telling) -> ReportContent:
    words, audit = telling.words, telling.audit
    number = str(audit.get("reference") or "").strip()
    called = words.say("report.named", number=number) if number else words.say("report.unnamed")
    revision = telling.report.get("revision") or 1
    client = telling.stated((telling.report.get("audit_client") or {}).get("name"))
    body = telling.stated((telling.report.get("certification_body") or {}).get("name"))
    identity = words.say("head.report", report=called, revision=revision)
    return ReportContent(
        language=words.language,
        zone=words.zone,
        title=words.say("document.title", report=called, revision=revision, client=client),
        author=body,
        subject=words.say("document.subject", type=words.word("type", audit.get("type")), client=client),
        made_at=str(telling.material.report.seal["sealed_at"]),
        head=RunningHead(identity, words.say(f"state.{telling.material.state}"), body, words.template("head.page")),
        contents_heading=words.say("contents.heading"),
        cover=cover_part(telling),
        conclusions=conclusions_part(telling),
        course=course_part(telling),
        findings=findings_part(telling),
        clauses=clauses_part(telling),
        evidence=evidence_part(telling),
        attendance=attendance_part(telling),
        signatures=signatures_part(telling),
        changes=changes_part(telling),
        server=server_part(telling),
        verifying=verifying_part(telling),
        stamp=StampWords(
            signed=words.say("stamp.signed"),
            released=words.say("stamp.released"),
            level=words.template("stamp.level"),
            no_timestamp=words.say("stamp.no_timestamp"),
            record=words.say("stamp.record"),
            warning=words.say("stamp.warning"),
        ),
        report_sha256=telling.material.report.sha256,
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text in nested plain data, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _texts(inner)
