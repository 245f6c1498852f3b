"""
What is missing before a report may be made of what the audit says: the rules that the tablet asks before it seals, asked once more.

pwa/src/domain/closing.ts decides the same (`contentBeforeReport`); schemas/vectors/before_report holds both together.
"""

from dataclasses import dataclass

from server.domain.finding import graded_finding, numbered_findings, refusals_before_sealing
from server.domain.fold import DELETED, EntityView, LogView
from server.domain.recommendation import outdated_recommendations
from server.domain.record import SEALED_FIELDS
from server.domain.refusals import Refusal
from server.domain.vocabulary import AuditType

WITH_RECOMMENDATION = frozenset(
    {AuditType.STAGE_2, AuditType.SURVEILLANCE, AuditType.RECERTIFICATION, AuditType.SPECIAL}
)
"""Audits after which a certification body decides, so that the team's recommendation is part of the closing meeting."""


@dataclass(frozen=True, slots=True, order=True)
class OpenDispute:
    """
    One disagreement that a person has to decide: over a field, or over a deletion (`field` is `deleted`). `is_sealed` says whether
    it concerns what the closing record shows.
    """

    ref: str
    field: str
    is_sealed: bool


def open_disputes(view: LogView) -> list[OpenDispute]:
    """Every open dispute of the audit, by the reference of its entity."""
    disputes: list[OpenDispute] = []
    for ref, entity in sorted(view.entities.items()):
        if entity.born is None or is_withdrawn(entity):
            continue
        if _is_orphaned_grade(view, entity):
            # Somebody graded without knowing that the finding was deleted: what has to be decided is whether there is one.
            found = OpenDispute(f"finding/{graded_finding(entity.id)}", DELETED, is_sealed=True)
            disputes += [] if found in disputes else [found]
            continue
        sealed = SEALED_FIELDS.get(entity.kind)
        if entity.is_deletion_disputed:
            disputes.append(OpenDispute(ref, DELETED, sealed is not None))
        if not entity.is_deleted:
            names = [name for name, field in entity.fields.items() if field.is_disputed]
            disputes += [OpenDispute(ref, name, name in (sealed or ())) for name in names]
    return sorted(disputes, key=lambda dispute: dispute.ref)


def is_withdrawn(entity: EntityView) -> bool:
    """No record lists it any more, so nobody has to decide what was right about it."""
    return entity.kind == "evidence" and not entity.get("kind")


def content_before_report(view: LogView, audit: str) -> list[Refusal]:
    """
    Why the report cannot show what the audit says: a finding that lacks something, a dispute that nobody has decided, no number of
    the report, no recommendation, or one that was given over other nonconformities. Which value of an open dispute a screen shows depends on who looks: it is not sealed.
    """
    numbers = {finding.id: number for number, finding in numbered_findings(view)}
    disputes = [
        Refusal(
            "report.conflict_open",
            {"what": _spoken(dispute, numbers), "entity": dispute.ref, "field": dispute.field},
        )
        for dispute in open_disputes(view)
        if dispute.is_sealed or _is_in_report(dispute, audit)
    ]
    return [*refusals_before_sealing(view), *disputes, *_reference(view, audit), *_recommendations(view, audit)]


def _is_in_report(dispute: OpenDispute, audit: str) -> bool:
    """What the report adds to the closing record: the team's words, and which pictures are picked."""
    is_picked = dispute.ref.startswith("evidence/") and dispute.field == "is_in_report"
    return dispute.ref == f"audit/{audit}" or is_picked


def _is_orphaned_grade(view: LogView, entity: EntityView) -> bool:
    """A grade in one standard that stands although its finding was deleted: whoever deleted it had not seen the grade."""
    if entity.kind != "finding_grade" or entity.is_deleted or not entity.get("grade"):
        return False
    finding = view.entity(f"finding/{graded_finding(entity.id)}")
    return finding is not None and finding.is_deleted


def _reference(view: LogView, audit: str) -> list[Refusal]:
    """Page 1 of the report gives its number, which is the audit's reference."""
    shown = view.entity(f"audit/{audit}")
    if shown is None or str(shown.get("reference") or "").strip():
        return []
    return [Refusal("report.reference_missing")]


def _recommendations(view: LogView, audit: str) -> list[Refusal]:
    shown = view.entity(f"audit/{audit}")
    if shown is None or shown.get("type") not in WITH_RECOMMENDATION:
        return []
    given = {item.id for item in view.of_kind("recommendation") if item.get("outcome")}
    missing = [
        Refusal("closing.recommendation_missing", {"standard": standard})
        for standard in shown.get("criteria") or []
        if standard not in given
    ]
    return [*missing, *outdated_recommendations(view, audit)]


def _spoken(dispute: OpenDispute, numbers: dict[str, str]) -> str:
    kind, _, entity_id = dispute.ref.partition("/")
    number = numbers.get(entity_id) or numbers.get(graded_finding(entity_id))
    return f"{kind}{f' {number}' if number else ''}, {dispute.field}"
