"""A finding: its number, whether it counts, and what it still lacks before the closing meeting can seal it."""

from itertools import count

from server.domain.fold import EntityView, LogView
from server.domain.numbering import fixed_numbers
from server.domain.refusals import Refusal
from server.domain.vocabulary import FindingGrade

WORST_FIRST = (
    FindingGrade.MAJOR_NONCONFORMITY,
    FindingGrade.MINOR_NONCONFORMITY,
    FindingGrade.AREA_OF_CONCERN,
    FindingGrade.OPPORTUNITY_FOR_IMPROVEMENT,
    FindingGrade.POSITIVE,
)
NONCONFORMITIES = (FindingGrade.MAJOR_NONCONFORMITY, FindingGrade.MINOR_NONCONFORMITY)
THREE_PARTS = ("requirement", "failure", "objective_evidence")
"""ISO/IEC 17021-1:2015, 9.4.5.3: the requirement, the statement of what is not met, the objective evidence."""


def numbered_findings(view: LogView) -> list[tuple[str, EntityView]]:
    """
    Every finding with its number; withdrawn ones keep theirs.

    On the floor the number is provisional: the order of raising, since another tablet may hold earlier ones. The closing seal
    fixes it, and so does a report that was issued: what people signed as 01 stays 01, whatever arrives or goes later, and no
    number is given twice.
    """
    fixed, given = fixed_numbers(view)
    raised = sorted(view.of_kind("finding"), key=lambda finding: (str(finding.get("raised_at") or ""), finding.id))
    free = (number for number in count(1) if number not in given)
    numbered: list[tuple[int, EntityView]] = []
    for finding in raised:
        numbered.append((fixed[finding.id] if finding.id in fixed else next(free), finding))
    return [(f"{number:02d}", finding) for number, finding in sorted(numbered, key=lambda one: one[0])]


def is_withdrawn(finding: EntityView) -> bool:
    return bool(finding.get("withdrawn_reason"))


def grade_id(finding: str, standard: str) -> str:
    """The same finding in the same standard is always the same entity, whichever tablet wrote it first."""
    return f"{finding}~{standard}"


def graded_finding(grade: str) -> str:
    """The finding that an entity of this id grades; empty where the id is none of that kind."""
    return grade.rpartition("~")[0]


def cited_standards(finding: EntityView) -> list[str]:
    """The standards whose clauses it cites, in the order of their ids."""
    return sorted({criterion.partition(":")[0] for criterion in finding.get("criteria") or []})


def special_grades(view: LogView, finding: EntityView) -> dict[str, EntityView]:
    """
    By standard, the grades that were given for it alone. One that was taken back is none, and one for a standard that the finding
    does not cite says nothing.
    """
    given = {
        standard: view.entity(f"finding_grade/{grade_id(finding.id, standard)}")
        for standard in cited_standards(finding)
    }
    return {
        standard: grade
        for standard, grade in given.items()
        if grade is not None and grade.born is not None and not grade.is_deleted and grade.get("grade")
    }


def grade_in(view: LogView, finding: EntityView, standard: str) -> str | None:
    """The grade in this standard: its own, or else the grade of the finding."""
    special = special_grades(view, finding).get(standard)
    grade: str | None = (special or finding).get("grade")
    return grade


def grades(view: LogView, finding: EntityView) -> list[str | None]:
    """The grade in each standard that it cites; while it cites none, the grade of the finding."""
    special = special_grades(view, finding)
    by_standard = [special.get(standard, finding).get("grade") for standard in cited_standards(finding)]
    return by_standard or [finding.get("grade")]


def worst_grade(view: LogView, finding: EntityView) -> str | None:
    """The one that counts where one must be shown."""
    given = grades(view, finding)
    return next((grade.value for grade in WORST_FIRST if grade in given), None)


def is_nonconformity(view: LogView, finding: EntityView) -> bool:
    """Whether it is one in any of its standards."""
    return any(grade in NONCONFORMITIES for grade in grades(view, finding))


def missing_parts(view: LogView, finding: EntityView) -> list[str]:
    """The parts of a nonconformity that are still empty. Nothing of this stands in the way of capturing it."""
    if not is_nonconformity(view, finding) or is_withdrawn(finding):
        return []
    missing = [part for part in THREE_PARTS if not str(finding.get(part) or "").strip()]
    return missing if finding.get("criteria") else [*missing, "criteria"]


def refusals_before_sealing(view: LogView) -> list[Refusal]:
    """Why neither record can be sealed yet, finding by finding."""
    refusals = []
    for number, finding in numbered_findings(view):
        if is_withdrawn(finding):
            continue
        if None in grades(view, finding):
            refusals.append(Refusal("closing.grade_missing", {"number": number, "finding": finding.id}))
        elif missing := missing_parts(view, finding):
            refusals.append(
                Refusal(
                    "closing.nonconformity_incomplete",
                    {"number": number, "finding": finding.id, "missing": ", ".join(missing)},
                )
            )
    return refusals
