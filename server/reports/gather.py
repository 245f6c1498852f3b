"""
From the log to what a report is made of, and the question that comes first: does the seal agree with the log?

Before: the tablet sealed a record and pushed it, with every operation behind it.
After:  either the material, each piece of it checked against the server's own fold, or the reason why no report can be made.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from server.domain.fold import EntityView, Entry, LogView, fold_log
from server.domain.operation import ChainKey, head_statement
from server.domain.record import report_record
from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind, Origin
from server.reports.material import (
    ChainHead,
    HandwrittenSignature,
    LateEntries,
    Record,
    ReportMaterial,
    ReportState,
    SealedRecord,
    ServerStatement,
)
from server.reports.telling import CERTIFICATION
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.seals import SealState, check_seal, handwritten_digests, is_signed_by
from server.standards.catalogue import criterion_id, load_catalogue
from server.storage.clock import as_instant

PublicKeys = Mapping[tuple[str, str], Sequence[str]]
"""Every key that was ever enrolled, by installation and account: SPKI, base64url."""
HeadSignatures = Mapping[tuple[str, str], tuple[int, str, str | None]]
"""The last signed head of a chain: its number, its digest, the signature."""
Covered = dict[ChainKey, tuple[int, str]]
SEAL = "seal"


def find_record(entries: Iterable[Entry], record: str) -> EntityView | None:
    """The report record as the log shows it; None when it has not arrived or is not sealed."""
    entity = fold_log(entries).entity(f"report_record/{record}")
    return entity if entity is not None and entity.born and entity.get(SEAL) else None


def gather_material(
    entries: list[Entry],
    audit: str,
    record: str,
    *,
    public_keys: PublicKeys,
    heads: HeadSignatures,
    names: Mapping[str, str],
    arrived: frozenset[str],
) -> ReportMaterial | Refusal:
    """Everything of one report, checked. `names` are people by account; `arrived` are the originals that the server holds."""
    view = fold_log(entries)
    sealed = _sealed(view, f"report_record/{record}", public_keys)
    if isinstance(sealed, Refusal):
        return sealed
    content = sealed.record
    closing_ref = _closing_of(view, str(content.get("closing_sha256")))
    if closing_ref is None:
        return Refusal("report.closing_seal_missing")
    closing = _sealed(view, closing_ref, public_keys)
    if isinstance(closing, Refusal):
        return closing
    handwritten = _handwritten(view, closing.sha256)
    if handwritten_digests([entry.born for entry in handwritten]) != list(closing.seal.get("signatures") or []):
        return _mismatch("the handwritten signatures")
    covered = _covered(audit, content)
    if refusal := _refuse_recomputed(entries, audit, sealed, closing, covered):
        return refusal
    if SealState.INVALID in (sealed.state, closing.state):
        return Refusal("report.device_signature_invalid")
    is_certification = (content.get("audit") or {}).get("type") in CERTIFICATION
    return ReportMaterial(
        report=sealed,
        closing=closing,
        handwritten=handwritten,
        # Where no certification body has to release it, the audit team leader's word is the last one.
        state=ReportState.DRAFT if is_certification else ReportState.RELEASED,
        server=_statement(entries, view, covered, (f"report_record/{record}", closing_ref), names),
        heads=tuple(_chain_heads(covered, heads, public_keys)),
        arrived=arrived,
        zone=_zone(entries, f"report_record/{record}"),
    )


def _mismatch(what: str) -> Refusal:
    return Refusal("report.seal_does_not_match", {"what": what})


def _sealed(view: LogView, ref: str, public_keys: PublicKeys) -> SealedRecord | Refusal:
    entity = view.entity(ref)
    if entity is None or not entity.born:
        return _mismatch("the record has not arrived")
    seal_view = entity.fields.get(SEAL)
    if seal_view is None or not seal_view.value:
        return _mismatch("it is not sealed") if ref.startswith("report") else Refusal("report.closing_seal_missing")
    if seal_view.is_disputed:
        return _mismatch("there are two different seals")
    data, seal = str(entity.born["record"]).encode(), seal_view.value
    digest = sha256_hex(data)
    if not digest == entity.born["sha256"] == seal["sha256"]:
        return _mismatch("the hash of the record")
    author = seal_view.heads[-1].chain
    if (str(seal["installation"]), str(seal["account"])) != (author.installation, author.account):
        return _mismatch("who sealed it")
    keys = public_keys.get((author.installation, author.account), ())
    key, state = _checked(seal, keys)
    return SealedRecord(data=data, sha256=digest, seal=seal, state=state, public_key=key)


def _checked(seal: Mapping[str, Any], keys: Sequence[str]) -> tuple[str | None, SealState]:
    """The key that verifies, if any does: a tablet may have been enrolled anew since it sealed."""
    offered: list[str | None] = [*keys] or [None]
    states = [(key, check_seal(seal, key)) for key in offered]
    return next((found for found in states if found[1] is SealState.VERIFIED), states[0])


def _closing_of(view: LogView, sha256: str) -> str | None:
    found = [entity for entity in view.of_kind("closing_record") if entity.get("sha256") == sha256]
    sealed = [entity.ref for entity in found if entity.get(SEAL)]
    return next(iter([*sealed, *(entity.ref for entity in found)]), None)


def _handwritten(view: LogView, closing_sha256: str) -> tuple[HandwrittenSignature, ...]:
    return tuple(
        HandwrittenSignature(entity.id, dict(entity.born or {}))
        for entity in sorted(view.of_kind("handwritten_signature"), key=lambda entity: entity.id)
        if entity.get("closing_sha256") == closing_sha256
    )


def _covered(audit: str, content: Record) -> Covered:
    return {
        ChainKey(head["installation"], head["account"], audit): (head["dseq"], head["digest"])
        for head in content.get("heads") or []
    }


def _refuse_recomputed(
    entries: list[Entry], audit: str, sealed: SealedRecord, closing: SealedRecord, covered: Covered
) -> Refusal | None:
    """The sealed bytes must be what the server's own fold of the same operations gives."""
    here = {(entry.operation.chain, entry.operation.dseq): entry.operation.digest for entry in entries}
    if any(here.get((chain, dseq)) not in (None, digest) for chain, (dseq, digest) in covered.items()):
        return _mismatch("the entries of a tablet differ")
    if any((chain, dseq) not in here for chain, (dseq, _digest) in covered.items()):
        return _mismatch("entries of a tablet have not arrived")
    content, closing_content = sealed.record, closing.record
    if refusal := _refuse_criteria(content):
        return refusal
    verdicts = [entry for entry in entries if _is_verdict(entry)]
    # Tablets' chains and the office's alike: whoever set the audit up from a desk wrote into it too.
    written = [entry for entry in entries if not _is_verdict(entry) and _is_covered(entry, covered)]
    # What is in quarantine now must not be in a report. A tablet that sealed before it heard of a verdict seals again.
    if _recomputed(written + verdicts, audit, content, closing_content, closing.sha256, covered) == sealed.data:
        return None
    known = [entry for entry in verdicts if _is_covered(entry, covered)]
    if _recomputed(written + known, audit, content, closing_content, closing.sha256, covered) != sealed.data:
        return _mismatch("its content")
    if set(fold_log(written + verdicts).quarantined) - set(fold_log(written + known).quarantined):
        return _mismatch("entries in it were set aside since")
    return None


def _recomputed(
    entries: list[Entry], audit: str, content: Record, closing: Record, closing_sha256: str, covered: Covered
) -> bytes:
    record = report_record(
        fold_log(entries),
        audit,
        [(chain, dseq, digest) for chain, (dseq, digest) in covered.items()],
        criteria=[row["criterion"] for row in content.get("clauses") or []],
        closing=closing,
        closing_sha256=closing_sha256,
        revision=content["revision"],
        reason=content.get("reason"),
    )
    return canonical_bytes(record)


def _refuse_criteria(content: Record) -> Refusal | None:
    """A report that leaves clauses of its standards out would look better than the audit was."""
    listed = [row["criterion"] for row in content.get("clauses") or []]
    standards = (content.get("audit") or {}).get("criteria") or []
    known = load_catalogue()
    expected = {
        criterion_id(standard, clause.number)
        for standard in standards
        if standard in known
        for clause in known[standard].auditable_clauses()
    }
    if len(set(listed)) != len(listed) or expected - set(listed):
        return _mismatch("the list of clauses")
    return None


def _is_verdict(entry: Entry) -> bool:
    return entry.origin is Origin.SERVER and entry.operation.kind is OperationKind.VERDICT


def _is_covered(entry: Entry, covered: Covered) -> bool:
    head = covered.get(entry.operation.chain)
    return head is not None and entry.operation.dseq <= head[0]


def _statement(
    entries: list[Entry],
    view: LogView,
    covered: Covered,
    refs: tuple[str, str],
    names: Mapping[str, str],
) -> ServerStatement:
    report_ref, closing_ref = refs
    devices = [entry for entry in entries if entry.origin is Origin.DEVICE]
    under_seal = [
        entry.received_at for entry in devices if _is_covered(entry, covered) and entry.received_at is not None
    ]
    return ServerStatement(
        closing_received_at=_received(entries, closing_ref),
        report_received_at=_received(entries, report_ref),
        entries=len(under_seal),
        first_received_at=as_instant(min(under_seal)) if under_seal else None,
        last_received_at=as_instant(max(under_seal)) if under_seal else None,
        late=tuple(_late(devices, view, covered, names)),
        quarantined=len(view.quarantined),
    )


def _received(entries: list[Entry], ref: str) -> str | None:
    at = [
        entry.received_at
        for entry in entries
        if entry.operation.entity == ref
        and entry.operation.kind is OperationKind.SEAL
        and entry.received_at is not None
    ]
    return as_instant(min(at)) if at else None


def _late(devices: list[Entry], view: LogView, covered: Covered, names: Mapping[str, str]) -> list[LateEntries]:
    """By author. The records themselves, which every seal lies behind, are no late entries."""
    by_author: dict[str, list[int]] = {}
    for entry in devices:
        operation = entry.operation
        if _is_covered(entry, covered) or operation.digest in view.quarantined:
            continue
        if operation.entity_kind != "report_record":
            by_author.setdefault(operation.chain.account, []).append(entry.received_at or 0)
    return [
        LateEntries(names.get(account, account), len(times), as_instant(max(times)))
        for account, times in sorted(by_author.items())
    ]


def _chain_heads(covered: Covered, heads: HeadSignatures, public_keys: PublicKeys) -> list[ChainHead]:
    """For every chain under the seal the last head that its tablet signed, which reaches at least as far."""
    found = []
    for chain, (dseq, digest) in sorted(covered.items()):
        signed = heads.get((chain.installation, chain.account))
        if signed is None or signed[0] < dseq or signed[2] is None:
            found.append(ChainHead(chain.installation, chain.account, dseq, digest))
            continue
        statement = head_statement(chain, signed[0], signed[1])
        offered = public_keys.get((chain.installation, chain.account), ())
        key = next((key for key in offered if is_signed_by(statement, signed[2], key)), None)
        found.append(
            ChainHead(chain.installation, chain.account, signed[0], signed[1], signed[2] if key else None, key)
        )
    return found


def _zone(entries: list[Entry], ref: str) -> str | None:
    """Where the tablet was when it sealed: times in the report are told in that zone."""
    seals = [entry.operation for entry in entries if entry.operation.entity == ref]
    zone = next((seal.context.get("zone") for seal in seals if seal.kind is OperationKind.SEAL), None)
    return zone if isinstance(zone, str) else None
