"""A finding: its number, whether it counts, and what it still lacks before the closing meeting can seal it."""

from server.domain.fold import EntityView, LogView
from server.domain.refusals import Refusal
from server.domain.vocabulary import FindingGrade

NONCONFORMITIES = (FindingGrade.MAJOR_NONCONFORMITY, FindingGrade.MINOR_NONCONFORMITY)
THREE_PARTS = ("requirement", "failure", "objective_evidence")
"""ISO/IEC 17021-1:2015, 9.4.5.3: the requirement, the statement of what is not met, the objective evidence."""


def numbered_findings(view: LogView) -> list[tuple[str, EntityView]]:
    """
    Every finding with its number, in the order in which they were raised; withdrawn ones keep theirs.

    Provisional on the floor, since another tablet may hold earlier ones; fixed by the closing record.
    """
    findings = sorted(view.of_kind("finding"), key=lambda finding: (finding.get("raised_at", ""), finding.id))
    return [(f"{position:02d}", finding) for position, finding in enumerate(findings, start=1)]


def is_withdrawn(finding: EntityView) -> bool:
    return bool(finding.get("withdrawn_reason"))


def is_nonconformity(finding: EntityView) -> bool:
    return finding.get("grade") in NONCONFORMITIES


def missing_parts(finding: EntityView) -> list[str]:
    """The parts of a nonconformity that are still empty. Nothing of this stands in the way of capturing it."""
    if not is_nonconformity(finding) or is_withdrawn(finding):
        return []
    missing = [part for part in THREE_PARTS if not str(finding.get(part) or "").strip()]
    return missing if finding.get("criteria") else [*missing, "criteria"]


def refusals_before_closing(view: LogView) -> list[Refusal]:
    """Why the closing record cannot be sealed yet, finding by finding."""
    refusals = []
    for number, finding in numbered_findings(view):
        if is_withdrawn(finding):
            continue
        if not finding.get("grade"):
            refusals.append(Refusal("closing.grade_missing", {"number": number, "finding": finding.id}))
        elif missing := missing_parts(finding):
            refusals.append(
                Refusal(
                    "closing.nonconformity_incomplete",
                    {"number": number, "finding": finding.id, "missing": ", ".join(missing)},
                )
            )
    return refusals
