"""
The question before every report: are the sealed bytes what the server's own fold of the same operations gives?

From the heads that a record names follows which operations its tablet had, and `aside` says which of them it did not count. Nothing
else is needed, whatever numbers the log has got since: after a restore, too, the record is made again and compared byte for byte.
"""

import re
from dataclasses import dataclass

from server.domain.closing import content_before_report
from server.domain.coverage import ChainWalk, Head
from server.domain.finding import numbers_in
from server.domain.fold import EntityView, Entry, LogView, fold_log
from server.domain.operation import ChainKey
from server.domain.record import RECORDED_KINDS, closing_record, report_record
from server.domain.refusals import Refusal
from server.domain.spelling import Form, is_spelled
from server.domain.vocabulary import ON_OPERATIONS, Origin
from server.reports.material import Record, SealedRecord
from server.sealing.canonical import canonical_bytes
from server.sealing.seals import seal_sha256

_SALT = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 bits, as of an operation: without them an erased record could be found by guessing."""
FROZEN = frozenset({"at", "installation", "account", "app", "schema", "salt", "zone", "log"})


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The audit's log, and the ways back in it."""

    entries: list[Entry]
    view: LogView
    walk: ChainWalk


def mismatch(what: str) -> Refusal:
    return Refusal("report.seal_does_not_match", {"what": what})


def heads_of(audit: str, content: Record) -> list[Head]:
    return [
        Head(ChainKey(head["installation"], head["account"], audit), head["dseq"], head["digest"])
        for head in content.get("heads") or []
    ]


def is_frozen_by_author(entity: EntityView, record: Record) -> bool:
    """Whether what it says of itself is what the log says of whoever wrote it, and nothing more."""
    frozen = record.get("frozen")
    if not isinstance(frozen, dict) or set(frozen) != FROZEN or not is_spelled(Form.INSTANT, str(frozen["at"])):
        return False
    if not _SALT.fullmatch(str(frozen["salt"])) or not _is_place_in_log(frozen["log"]):
        return False
    said = tuple(frozen[name] for name in ("installation", "account", "app", "schema", "zone"))
    births = entity.born_view.heads if entity.born_view is not None else ()
    return any(
        said
        == (birth.chain.installation, birth.chain.account, *(birth.context[name] for name in ("app", "schema", "zone")))
        for birth in births
    )


def _is_place_in_log(log: object) -> bool:
    """How far the tablet had pulled, and no word of a person: it stays in the file for good."""
    if not isinstance(log, dict) or set(log) != {"epoch", "seq", "hash"} or type(log["seq"]) is not int:
        return False
    is_epoch = log["epoch"] is None or is_spelled(Form.UUID, str(log["epoch"]))
    return is_epoch and log["seq"] >= 0 and is_spelled(Form.SHA256, str(log["hash"]))


def refuse_recomputed(
    log: AuditLog,
    audit: str,
    sealed: SealedRecord,
    closing: SealedRecord,
    under_closing: set[str],
    under_report: set[str],
) -> Refusal | None:
    """The sealed bytes must be what the server's own fold of the same operations gives: of the closing record and of the report."""
    content, met = sealed.record, closing.record
    meeting, then = _reading(log, under_closing, met), _reading(log, under_report, content)
    if meeting is None or then is None:
        return mismatch("what it says was set aside")
    # What was set aside after the meeting changes nothing that people have signed for.
    signed = closing_record(
        meeting,
        audit,
        _record_heads(audit, met),
        met.get("frozen") or {},
        supersedes=met.get("supersedes"),
        reason=met.get("reason"),
        catalogues=met.get("catalogues") or [],
        numbers=_numbers_before(log, closing),
    )
    if canonical_bytes(signed) != closing.data:
        return Refusal("report.closing_erased") if _shows_erased(meeting) else mismatch("the closing record")
    if canonical_bytes(_recomputed(then, audit, content, closing)) != sealed.data:
        return Refusal("report.content_erased") if _shows_erased(then) else mismatch("its content")
    # What is in quarantine now must not be in a report. A tablet that sealed before it heard of a verdict seals again.
    now = fold_log(_written(log, under_report), {*then.quarantined, *(under_report & set(log.view.quarantined))})
    if _recomputed(now, audit, content, closing) | {"aside": content["aside"]} != content:
        return mismatch("entries in it were set aside since")
    # What was raised, regraded or disputed after the closing meeting meets the same rules as before it, whatever the tablet asks.
    return next(iter(content_before_report(now, audit)), None)


def _shows_erased(view: LogView) -> bool:
    """
    Whether a record of this would still show something whose words are gone. Then it is not printed: what has to be erased out of a
    sealed record is left out of the next one first (docs/adr/0003-two-seals.md).
    """
    shown = [entity for entity in view.entities.values() if entity.kind in RECORDED_KINDS and not entity.is_deleted]
    fields = [[*entity.fields.values(), *([entity.born_view] if entity.born_view else [])] for entity in shown]
    return any(field.is_erased for of_entity in fields for field in of_entity)


def _numbers_before(log: AuditLog, closing: SealedRecord) -> dict[str, int]:
    """A closing record that was erased cannot say any more how it numbered the findings; the one in its place carried that on."""
    births = [entity.born_view for entity in log.view.entities.values() if entity.kind == "closing_record"]
    is_erased = any(birth is not None and birth.is_erased for birth in births)
    return numbers_in(closing.data.decode()) if is_erased else {}


def _reading(log: AuditLog, covered: set[str], record: Record) -> LogView | None:
    """
    What the tablet saw when it froze the record: the operations under its heads, without those that it says were set aside. None
    where it says so of one that the server never set aside: no tablet leaves out what it does not like.
    """
    aside = record.get("aside")
    if not isinstance(aside, list) or not set(aside) <= _ever_set_aside(log):
        return None
    return fold_log(_written(log, covered), aside)


def _written(log: AuditLog, covered: set[str]) -> list[Entry]:
    """Tablets' entries and the office's alike: whoever set the audit up from a desk wrote into it too."""
    return [entry for entry in log.entries if _is_on_operation(entry) or entry.operation.digest in covered]


def _ever_set_aside(log: AuditLog) -> set[str]:
    return {
        entry.operation.entity_id
        for entry in log.entries
        if _is_on_operation(entry) and isinstance(entry.operation.value, dict)
        if entry.operation.value.get("state") == "quarantined"
    }


def _record_heads(audit: str, content: Record) -> list[tuple[ChainKey, int, str]]:
    return [(head.chain, head.dseq, head.digest) for head in heads_of(audit, content)]


def _recomputed(view: LogView, audit: str, content: Record, closing: SealedRecord) -> Record:
    return report_record(
        view,
        audit,
        _record_heads(audit, content),
        content.get("frozen") or {},
        criteria=[row["criterion"] for row in content.get("clauses") or []],
        catalogues=content.get("catalogues") or [],
        closing=closing.record,
        closing_sha256=closing.sha256,
        closing_seal_sha256=seal_sha256(closing.seal),
        revision=content["revision"],
        reason=content.get("reason"),
        supersedes_sha256=content.get("supersedes_sha256"),
    )


def _is_on_operation(entry: Entry) -> bool:
    return entry.origin is Origin.SERVER and entry.operation.kind in ON_OPERATIONS
