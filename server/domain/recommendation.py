"""
Whether the team's recommendation for a standard was given over the nonconformities that stand now.

Whoever recommends, or says that the recommendation stays, writes `considered`: what stood in that standard at that moment. The same
rule stands in pwa/src/domain/recommendation.ts; schemas/vectors/before_report holds both together.
"""

from typing import Any

from server.domain.finding import NONCONFORMITIES, cited_standards, grade_in, is_withdrawn, numbered_findings
from server.domain.fold import LogView
from server.domain.refusals import Refusal


def considered_now(view: LogView, standard: str) -> list[dict[str, Any]]:
    """The nonconformities that stand in this standard, by id, with their grade there: the value of `recommendation.considered`."""
    graded = [
        {"finding": finding.id, "grade": grade_in(view, finding, standard)}
        for finding in view.of_kind("finding")
        if not is_withdrawn(finding) and standard in cited_standards(finding)
    ]
    return [one for one in graded if one["grade"] in NONCONFORMITIES]


def outdated_recommendations(view: LogView, audit: str) -> list[Refusal]:
    """By standard, the findings that were raised, regraded or withdrawn since the recommendation was given or confirmed."""
    shown = view.entity(f"audit/{audit}")
    numbers = {finding.id: number for number, finding in numbered_findings(view)}
    given = {item.id: item for item in view.of_kind("recommendation") if item.get("outcome")}
    refusals = []
    for standard in (shown and shown.get("criteria")) or []:
        if standard not in given:
            continue
        was = _grades(given[standard].get("considered") or [])
        now = _grades(considered_now(view, standard))
        if was != now:
            # One that was deleted has no number any more.
            differing = {numbers[one] for one in {*was, *now} if was.get(one) != now.get(one) and one in numbers}
            facts = {"standard": standard, "findings": ", ".join(sorted(differing, key=int))}
            refusals.append(Refusal("closing.recommendation_outdated", facts))
    return refusals


def _grades(considered: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["finding"]: one["grade"] for one in considered}
