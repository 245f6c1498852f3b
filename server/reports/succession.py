"""
Which report may be made next. Every revision is made once, and each takes the place of the last one that was made.

Two tablets can both seal a "revision 1" while they have no network. The first that is asked for is made; the other is told to
synchronise and to seal the next revision. What was sealed and never made may lie between: it is passed on the way back.

What was made stands in the audit's log (`LogView.issued`), so a restored server learns of it when the log is handed back; only what
still waits to be made stands in rows.
"""

from collections.abc import Mapping, Sequence
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
    revision = int(record.born.get("revision") or 0)
    before = _revision_before(view, record)
    if before is not None and revision != before + 1:
        return Refusal("report.seal_does_not_match", {"what": "which revision it is"})
    made = {sha256: number for sha256, number in _made(view).items() if sha256 != record.born.get("sha256")}
    waiting = [row.revision for row in rows if row.state == WAITING and row.report_record != report_record]
    if revision in (*made.values(), *waiting):
        return Refusal("report.revision_taken", {"revision": revision})
    last = max(made.values(), default=0)
    follows = _made_before(view, record, made)
    if isinstance(follows, Refusal):
        return follows
    if last and (follows is None or made[follows] != last or last > revision):
        return Refusal("report.not_the_next", {"revision": last})
    return None


def _revision_before(view: LogView, record: EntityView) -> int | None:
    """Of the record whose place this one takes; 0 where it is the first, None where that one is not known."""
    replaced = _seal_of(record).get("supersedes")
    if replaced is None:
        return 0
    before = _by_hash(view).get(replaced)
    known = None if before is None else int((before.born or {}).get("revision") or 0) or None
    return _made(view).get(replaced, known)


def _by_hash(view: LogView) -> dict[Any, EntityView]:
    """Every report record that is sealed, by its hash. A seal under another one's hash seals nothing."""
    sealed = [(_seal_of(entity).get("sha256"), entity) for entity in view.entities.values() if _seal_of(entity)]
    return {sha256: entity for sha256, entity in sealed if sha256 == entity.get("sha256", sha256)}


def _made(view: LogView) -> dict[str, int]:
    """The revision of every report that was issued, by the hash of its record."""
    return {str(word["sha256"]): int(word["revision"]) for words in view.issued.values() for word in words}


def _made_before(view: LogView, record: EntityView, made: Mapping[str, int]) -> str | Refusal | None:
    """The report that was made and whose place this one takes, directly or by way of some that never were; None for the first."""
    by_hash = _by_hash(view)
    passed = set[str]()
    replaced = _seal_of(record).get("supersedes")
    while replaced is not None and replaced not in made:
        before = by_hash.get(replaced)
        if before is None or before.id in passed:
            # Nothing was made, so there is nothing to follow on: a tablet that is gone cannot hold up the first report for good.
            return (
                Refusal("report.seal_does_not_match", {"what": "the report before has not arrived"}) if made else None
            )
        passed.add(before.id)
        replaced = _seal_of(before).get("supersedes")
    return replaced


def _seal_of(entity: EntityView) -> dict[str, Any]:
    seal = entity.get(SEAL) if entity.kind == "report_record" else None
    return seal if isinstance(seal, dict) else {}
