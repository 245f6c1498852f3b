"""
The question before every report: are the sealed bytes what the server's own fold of the same operations gives?

What a record rests on says which operations its tablet had, and what it knew about them (basis.py). Nothing else is needed, whatever
numbers the log has got since: after a restore, too, the record is made again and compared byte for byte.
"""

import re

from server.domain.closing import content_before_report, is_withdrawn
from server.domain.fold import EntityView, LogView, fold_log
from server.domain.record import RECORDED_KINDS, Basis, closing_record, report_record
from server.domain.refusals import Refusal
from server.domain.spelling import Form, is_spelled
from server.reports.basis import AuditLog, Reading, heads_of, is_word, mismatch
from server.reports.material import Record, SealedRecord
from server.sealing.canonical import canonical_bytes
from server.sealing.seals import seal_sha256

_SALT = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 bits, as of an operation: without them an erased record could be found by guessing."""
FROZEN = frozenset({"at", "installation", "account", "app", "schema", "salt", "zone", "log"})


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
    log: AuditLog, audit: str, sealed: SealedRecord, closing: SealedRecord, meeting: Reading, then: Reading
) -> Refusal | None:
    """
    The sealed bytes must be what the server's own fold of the same operations gives: of the closing record as of the `meeting`, and of
    the report as of `then`.
    """
    content, met = sealed.record, closing.record
    # What was set aside after the meeting changes nothing that people have signed for.
    signed = closing_record(
        meeting.view,
        audit,
        _basis(audit, met, meeting),
        supersedes=met.get("supersedes"),
        reason=met.get("reason"),
        catalogues=met.get("catalogues") or [],
    )
    if canonical_bytes(signed) != closing.data:
        return Refusal("report.closing_erased") if _shows_erased(meeting.view, met) else mismatch("the closing record")
    if canonical_bytes(_recomputed(then.view, audit, sealed, closing, then)) != sealed.data:
        return Refusal("report.content_erased") if _shows_erased(then.view, content) else mismatch("its content")
    # What is in quarantine now must not be in a report, and a number that went out with another one stays as it is. A tablet that
    # sealed before it heard of it seals again.
    now = _as_of_now(log, then)
    if _recomputed(now, audit, sealed, closing, then) != content:
        return mismatch("what the server has said since")
    # What was raised, regraded or disputed after the closing meeting meets the same rules as before it, whatever the tablet asks.
    return next(iter(content_before_report(now, audit)), None)


def _as_of_now(log: AuditLog, then: Reading) -> LogView:
    """What the tablet saw, without what is set aside by now, and with every word of the server."""
    read = then.covered - then.unread
    entries = [entry for entry in log.entries if is_word(entry) or entry.operation.digest in read]
    return fold_log(entries, {*then.aside, *(read & log.view.quarantined.keys())})


def _shows_erased(view: LogView, record: Record) -> bool:
    """
    Whether a record of this would still show something whose words are gone. Then it is not printed: what has to be erased out of a
    sealed record is left out of the next one first (docs/adr/0003-two-seals.md).
    """
    shown = [
        entity
        for entity in view.entities.values()
        if entity.kind in RECORDED_KINDS and not entity.is_deleted and not is_withdrawn(entity)
    ]
    fields = [[*entity.fields.values(), *([entity.born_view] if entity.born_view else [])] for entity in shown]
    listed = [view.entity(f"evidence/{item['id']}") for item in record.get("evidence") or []]
    is_of_withdrawn = any(evidence is not None and is_withdrawn(evidence) for evidence in listed)
    return is_of_withdrawn or any(field.is_erased for of_entity in fields for field in of_entity)


def _basis(audit: str, record: Record, reading: Reading) -> Basis:
    heads = [(head.chain, head.dseq, head.digest) for head in heads_of(audit, record)]
    return Basis(heads, record.get("frozen") or {}, reading.aside, reading.unread)


def _recomputed(view: LogView, audit: str, sealed: SealedRecord, closing: SealedRecord, reading: Reading) -> Record:
    content = sealed.record
    return report_record(
        view,
        audit,
        _basis(audit, content, reading),
        criteria=[row["criterion"] for row in content.get("clauses") or []],
        catalogues=content.get("catalogues") or [],
        closing=closing.record,
        closing_sha256=closing.sha256,
        closing_seal_sha256=seal_sha256(closing.seal),
        revision=content["revision"],
        reason=content.get("reason"),
        supersedes_sha256=content.get("supersedes_sha256"),
    )
