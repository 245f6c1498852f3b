"""
Which report may be made next. Every revision is made once, and each takes the place of the last one that was made.

Two tablets can both seal a "revision 1" while they have no network. The first that is asked for is made; the other is told to
synchronise and to seal the next revision. What was sealed and never made may lie between: it is passed on the way back.
"""

from collections.abc import Sequence
from typing import Any

from server.domain.fold import EntityView, LogView
from server.domain.refusals import Refusal
from server.storage.report_store import WAITING, ReportRow

SEAL = "seal"


def refuse_place(view: LogView, report_record: str, rows: Sequence[ReportRow]) -> Refusal | None:
    """Why this sealed report record is not the next. `rows` are all reports of the audit; its own may be among them."""
    record = view.entity(f"report_record/{report_record}")
    if record is None or not record.born:
        return Refusal("report.seal_does_not_match", {"what": "the sealed record has not arrived"})
    revision, others = record.born.get("revision"), [row for row in rows if row.report_record != report_record]
    if any(row.revision == revision and (row.state == WAITING or row.made_at) for row in others):
        return Refusal("report.revision_taken", {"revision": revision})
    made = {row.report_record: row.revision for row in others if row.made_at}
    last = max(made, key=lambda one: made[one], default=None)
    follows = _made_before(view, record, made)
    if isinstance(follows, Refusal):
        return follows
    if last is not None and (follows != last or made[last] > int(revision or 0)):
        return Refusal("report.not_the_next", {"revision": made[last]})
    return None


def _made_before(view: LogView, record: EntityView, made: dict[str, int]) -> str | Refusal | None:
    """The report that was made and whose place this one takes, directly or by way of some that never were; None for the first."""
    by_hash = {_seal_of(entity).get("sha256"): entity for entity in view.entities.values() if _seal_of(entity)}
    passed = set[str]()
    replaced = _seal_of(record).get("supersedes")
    while replaced is not None:
        before = by_hash.get(replaced)
        if before is None or before.id in passed:
            return Refusal("report.seal_does_not_match", {"what": "the report before has not arrived"})
        if before.id in made:
            return before.id
        passed.add(before.id)
        replaced = _seal_of(before).get("supersedes")
    return None


def _seal_of(entity: EntityView) -> dict[str, Any]:
    seal = entity.get(SEAL) if entity.kind == "report_record" else None
    return seal if isinstance(seal, dict) else {}
