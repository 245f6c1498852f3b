"""Judgements and the result of a clause, which is derived from them: the worst evidence first."""

from collections.abc import Iterable
from dataclasses import dataclass

from server.domain.finding import WORST_FIRST, grade_in, is_withdrawn
from server.domain.fold import EntityView, LogView
from server.domain.vocabulary import FindingGrade, JudgementResult


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """A grade or a `JudgementResult` value, and how many judgements and findings it rests on."""

    criterion: str
    result: str
    judgements: int
    findings: tuple[str, ...]


def judgement_id(criterion: str, process: str | None, site: str | None, shift: str | None, auditor: str) -> str:
    """The same five parts always give the same entity: a second judgement is a change of the first."""
    return "~".join([criterion, process or "-", site or "-", shift or "-", auditor])


def clause_results(view: LogView, criteria: Iterable[str], numbers: dict[str, str]) -> list[ClauseResult]:
    """
    The result of each criterion, in the order given. `numbers` maps finding ids to their numbers.

    A finding outweighs every judgement, the worst grade in the criterion's standard first; then `conforms`; what nobody judged is `not_seen`.
    """
    judgements: dict[str, list[EntityView]] = {}
    for judgement in view.of_kind("judgement"):
        judgements.setdefault(judgement.get("criterion", ""), []).append(judgement)
    findings: dict[str, list[EntityView]] = {}
    for finding in view.of_kind("finding"):
        if not is_withdrawn(finding):
            for criterion in dict.fromkeys(finding.get("criteria") or []):
                findings.setdefault(criterion, []).append(finding)
    return [
        _clause_result(view, criterion, judgements.get(criterion, []), findings.get(criterion, []), numbers)
        for criterion in criteria
    ]


def _clause_result(
    view: LogView,
    criterion: str,
    judgements: list[EntityView],
    findings: list[EntityView],
    numbers: dict[str, str],
) -> ClauseResult:
    standard = criterion.partition(":")[0]
    grades = {grade_in(view, finding, standard) for finding in findings}
    said = {judgement.get("result") for judgement in judgements}
    result: str | None = next((grade.value for grade in WORST_FIRST if grade.value in grades), None)
    if result == FindingGrade.POSITIVE:
        # It does not change a clause's result.
        result = JudgementResult.CONFORMS.value
    elif result is None:
        weakest_last = (
            JudgementResult.CONFORMS,
            JudgementResult.NOT_APPLICABLE,
            JudgementResult.NOT_PLANNED,
        )
        result = next((value.value for value in weakest_last if value.value in said), JudgementResult.NOT_SEEN.value)
    return ClauseResult(
        criterion,
        result,
        sum(1 for judgement in judgements if judgement.get("result") not in (None, JudgementResult.NOT_SEEN.value)),
        tuple(sorted((numbers[finding.id] for finding in findings), key=int)),
    )
