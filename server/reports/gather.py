"""
From the log to what a report is made of, and the question that comes first: does the seal agree with the log?

Before: the tablet sealed a record and pushed it, with every operation behind it.
After:  either the material, each piece of it checked against the server's own fold, or the reason why no report can be made.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.domain.closings import Closings, closings_of
from server.domain.coverage import ChainWalk, Gap, Head
from server.domain.fold import EntityView, Entry, LogView, fold_log
from server.domain.operation import ChainKey, head_statement
from server.domain.refusals import Refusal
from server.domain.vocabulary import OperationKind, Origin, SealPurpose
from server.reports.arrival import arrival_of
from server.reports.basis import AuditLog, Reading, heads_of, is_of_server, mismatch, read_basis
from server.reports.material import (
    Catalogue,
    ChainHead,
    HandwrittenSignature,
    LateEntries,
    Record,
    ReportMaterial,
    ReportState,
    SealedRecord,
    ServerStatement,
)
from server.reports.recompute import is_frozen_by_author, refuse_recomputed
from server.reports.telling import CERTIFICATION
from server.sealing.canonical import sha256_hex
from server.sealing.handwriting import HANDWRITTEN, is_word_under
from server.sealing.seals import SealState, check_seal, is_signed_by, key_sha256, seal_sha256
from server.storage.clock import as_instant
from server.storage.server_state import ServerIdentity

SEAL = "seal"


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """A key of a tablet: SPKI, base64url, and since when the server knows it, in milliseconds."""

    public_key: str
    enrolled_at: int


@dataclass(frozen=True, slots=True)
class SignedHead:
    """What a tablet signed about its chain, by a key that was enrolled."""

    dseq: int
    digest: str
    signature: str
    key_sha256: str


Keys = Mapping[tuple[str, str], Sequence[EnrolledKey]]
"""Every key that was ever enrolled, by installation and account."""
SignedHeads = Mapping[tuple[str, str], Sequence[SignedHead]]
"""Every signed head, by installation and account, in the order of the numbers."""
Unreadable = Iterable[tuple[str, ChainKey, int | None]]


def find_record(view: LogView, record: str) -> EntityView | None:
    """The report record as the log shows it; None when it has not arrived or is not sealed."""
    entity = view.entity(f"report_record/{record}")
    return entity if entity is not None and entity.born and entity.get(SEAL) else None


def gather_material(
    entries: list[Entry],
    audit: str,
    record: str,
    *,
    public_keys: Keys,
    heads: SignedHeads,
    names: Mapping[str, str],
    stored_at: Mapping[str, int],
    catalogue_of: Callable[[str], Catalogue | None],
    server: ServerIdentity,
    hash_at: Callable[[int], str],
    restored_seq: int | None = None,
    unreadable: Unreadable = (),
) -> ReportMaterial | Refusal:
    """
    Everything of one report, checked. `names` are people by account; `stored_at` tells since when the server holds an original;
    `catalogue_of` gives the catalogue behind a hash, if this server has it; `restored_seq` is where the log ended when a backup
    was put back for the first time, `hash_at` the running hash at a number.
    """
    view = fold_log(entries)
    log = AuditLog(entries, view, ChainWalk(entries, view.quarantined, unreadable), server, restored_seq, hash_at)
    sealed = _sealed(log, f"report_record/{record}", SealPurpose.REPORT, audit, public_keys)
    if isinstance(sealed, Refusal):
        return sealed
    content = sealed.record
    born = (view.entities[f"report_record/{record}"].born or {}).get("revision"), sealed.seal.get("supersedes")
    if (content.get("revision"), content.get("supersedes_sha256")) != born:
        return mismatch("which revision it is")
    closing_ref = _closing_of(view, str(content.get("closing_sha256")))
    closings = closings_of(view)
    if closing_ref is None:
        of_record = closings.of_record(str(content.get("closing_sha256")))
        if of_record is None:
            return Refusal("report.closing_seal_missing")
        is_counting = of_record is closings.counting
        return Refusal("report.closing_erased" if is_counting else "report.closing_superseded")
    named = str(content.get("closing_seal_sha256"))
    closing = _sealed(log, closing_ref, SealPurpose.CLOSING, audit, public_keys, named)
    if isinstance(closing, Refusal):
        return closing
    if refusal := _refuse_place(closings, closing):
        return refusal
    handwritten = _handwritten(view, audit, closing)
    if isinstance(handwritten, Refusal):
        return handwritten
    meeting, then = read_basis(log, audit, closing.record), read_basis(log, audit, content)
    if isinstance(meeting, Refusal):
        return meeting
    if isinstance(then, Refusal):
        return then
    if not {*meeting.covered, closing.sealed_by} <= then.covered:
        # Otherwise a report could end before its closing record, and leave out what both parties have signed.
        return mismatch("what lies under its closing record")
    if not _seals_of(view, content.get("supersedes_sha256")) <= then.covered:
        return mismatch("what lies under the report before it")
    catalogues = _catalogues_of(content, closing.record, catalogue_of)
    if isinstance(catalogues, Refusal):
        return catalogues
    if refusal := _refuse_criteria(content, catalogues):
        return refusal
    if refusal := refuse_recomputed(log, audit, sealed, closing, meeting, then):
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
        server=replace(
            _statement(
                entries,
                view,
                then,
                (f"report_record/{record}", closing_ref),
                names,
                is_checked=meeting.is_checked and then.is_checked,
            ),
            closing_arrival=arrival_of(entries, meeting.counted, stored_at),
        ),
        heads=tuple(_chain_heads(log.walk, audit, content, heads, public_keys)),
        arrived=frozenset(stored_at),
        catalogues=tuple(catalogues.values()),
        zone=_zone(entries, f"report_record/{record}"),
    )


def _sealed(
    log: AuditLog, ref: str, purpose: SealPurpose, audit: str, public_keys: Keys, seal_named: str | None = None
) -> SealedRecord | Refusal:
    """A record under its seal. Of several seals the one that the report names; of the report's own the first that fits."""
    entity = log.view.entity(ref)
    if entity is None or not entity.born:
        return mismatch("the record has not arrived")
    shown = entity.fields.get(SEAL)
    if shown is None:
        return mismatch("it is not sealed") if ref.startswith("report") else Refusal("report.closing_seal_missing")
    data = str(entity.born.get("record")).encode()
    digest = sha256_hex(data)
    if digest != entity.born.get("sha256"):
        return mismatch("the hash of the record")
    if not is_frozen_by_author(entity, json.loads(data)):
        return mismatch("where and when it was frozen")
    # The head that is shown, the first to arrive, comes last.
    for head in reversed(shown.heads):
        seal = head.value
        if seal_named is not None and (not isinstance(seal, dict) or seal_sha256(seal) != seal_named):
            continue
        if isinstance(seal, dict) and _fits(seal, purpose, audit, digest, head.chain):
            received_at = next(entry.received_at for entry in log.entries if entry.operation.digest == head.digest)
            key, state = _checked(seal, public_keys.get((head.chain.installation, head.chain.account), ()), received_at)
            return SealedRecord(data=data, sha256=digest, seal=seal, state=state, public_key=key, sealed_by=head.digest)
    return mismatch("no seal under it fits" if seal_named is None else "the seal of the closing record")


def _fits(seal: Mapping[str, Any], purpose: SealPurpose, audit: str, sha256: str, author: ChainKey) -> bool:
    said = (seal.get("purpose"), seal.get("audit"), seal.get("sha256"), seal.get("installation"), seal.get("account"))
    return said == (purpose.value, audit, sha256, author.installation, author.account)


def _checked(
    seal: Mapping[str, Any], keys: Sequence[EnrolledKey], received_at: int | None
) -> tuple[str | None, SealState]:
    """By the key that the seal names, if the server knew that key when the seal came: no key vouches for what lies before it."""
    for key in keys:
        is_in_time = received_at is None or key.enrolled_at <= received_at
        if key.public_key == seal.get("public_key") and is_in_time:
            return key.public_key, check_seal(seal, key.public_key)
    return None, check_seal(seal, None)


def _closing_of(view: LogView, sha256: str) -> str | None:
    records = [entity for entity in view.entities.values() if entity.kind == "closing_record" and entity.born]
    found = [entity for entity in records if (entity.born or {}).get("sha256") == sha256]
    sealed = [entity.ref for entity in found if entity.get(SEAL)]
    return next(iter([*sealed, *(entity.ref for entity in found)]), None)


def _refuse_place(closings: Closings, closing: SealedRecord) -> Refusal | None:
    """Whether it is the closing record that counts, and takes the place of one that was there."""
    if closings.counting is None or closings.counting.sha256 != closing.sha256:
        return Refusal("report.closing_superseded")
    replaced, reason = closing.record.get("supersedes"), closing.record.get("reason")
    if replaced != closing.seal.get("supersedes") or (replaced is None) != (not str(reason or "").strip()):
        return mismatch("what the closing record takes the place of")
    if replaced is not None and closings.of_record(str(replaced)) is None:
        return mismatch("the closing record before has not arrived")
    return None


def _handwritten(view: LogView, audit: str, closing: SealedRecord) -> tuple[HandwrittenSignature, ...] | Refusal:
    """
    The words that the seal names, erased ones too: the seal holds without what they said. What was written or taken back under
    the record afterwards is a late entry like others.
    """
    written = {
        birth.digest: HandwrittenSignature(birth)
        for entity in view.entities.values()
        if entity.kind == HANDWRITTEN and entity.born_view is not None
        for birth in entity.born_view.heads
        if is_word_under(birth, audit, closing.sha256)
    }
    named = [str(digest) for digest in closing.seal.get("signatures") or []]
    if any(digest not in written for digest in named):
        return mismatch("the handwritten signatures")
    return tuple(written[digest] for digest in named)


def _seals_of(view: LogView, sha256: object) -> set[str]:
    """The first seal under the report record with this hash, if it has arrived."""
    if sha256 is None:
        return set()
    sealed = [
        head
        for entity in view.entities.values()
        if entity.kind == "report_record" and SEAL in entity.fields
        for head in reversed(entity.fields[SEAL].heads)
        if isinstance(head.value, dict) and head.value.get("sha256") == sha256
    ]
    return {sealed[0].digest} if sealed else set()


def _catalogues_of(
    content: Record, met: Record, catalogue_of: Callable[[str], Catalogue | None]
) -> dict[str, Catalogue] | Refusal:
    """By hash every catalogue that the records name, those of the report first."""
    standards = (content.get("audit") or {}).get("criteria") or []
    if [one.get("standard") for one in content.get("catalogues") or []] != standards:
        return mismatch("the catalogues of its standards")
    found: dict[str, Catalogue] = {}
    for record in (content, met):
        for one in record.get("catalogues") or []:
            standard, sha256 = str(one.get("standard")), one.get("sha256")
            if sha256 is None and record is met:
                continue  # A tablet without the edition lists no clauses either; the report does.
            known = catalogue_of(str(sha256))
            if known is None or known.tree.get("id") != standard:
                return Refusal("report.catalogue_unknown", {"standard": standard, "sha256": str(sha256)})
            found[str(sha256)] = known
    return found


def _refuse_criteria(content: Record, catalogues: Mapping[str, Catalogue]) -> Refusal | None:
    """A report that leaves clauses of its standards out would look better than the audit was."""
    listed = [row["criterion"] for row in content.get("clauses") or []]
    expected = [
        clause["criterion"]
        for one in content.get("catalogues") or []
        for clause in catalogues[one["sha256"]].tree["clauses"]
        if clause["auditable"]
    ]
    return None if listed == expected else mismatch("the list of clauses")


def _statement(
    entries: list[Entry],
    view: LogView,
    then: Reading,
    refs: tuple[str, str],
    names: Mapping[str, str],
    *,
    is_checked: bool,
) -> ServerStatement:
    report_ref, closing_ref = refs
    covered = then.counted
    devices = [entry for entry in entries if entry.origin is Origin.DEVICE]
    under_seal = [
        entry.received_at for entry in devices if entry.operation.digest in covered and entry.received_at is not None
    ]
    return ServerStatement(
        closing_received_at=_received(entries, closing_ref),
        report_received_at=_received(entries, report_ref),
        entries=len(under_seal),
        first_received_at=as_instant(min(under_seal)) if under_seal else None,
        last_received_at=as_instant(max(under_seal)) if under_seal else None,
        late=tuple(_late(devices, view, {*covered, *then.unread}, names)),
        unread=len(then.unread),
        is_aside_checked=is_checked,
        quarantined=len(view.quarantined),
        erased=sum(1 for entry in entries if entry.operation.is_erased and entry.operation.digest in covered),
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


def _late(devices: list[Entry], view: LogView, covered: set[str], names: Mapping[str, str]) -> list[LateEntries]:
    """By author. The records themselves, which every seal lies behind, are no late entries."""
    by_author: dict[str, list[int]] = {}
    for entry in devices:
        operation = entry.operation
        if operation.digest in covered or operation.digest in view.quarantined:
            continue
        if operation.entity_kind != "report_record":
            by_author.setdefault(operation.chain.account, []).append(entry.received_at or 0)
    return [
        LateEntries(names.get(account, account), len(times), as_instant(max(times)))
        for account, times in sorted(by_author.items())
    ]


def _chain_heads(
    walk: ChainWalk, audit: str, content: Record, signed: SignedHeads, public_keys: Keys
) -> list[ChainHead]:
    """For every chain under the seal the first head that its tablet signed and that leads back to the one in the record."""
    found = []
    of_tablets = [head for head in heads_of(audit, content) if not is_of_server(head)]
    for head in sorted(of_tablets, key=lambda head: head.chain):
        of_chain = (head.chain.installation, head.chain.account)
        over = next((one for one in signed.get(of_chain, ()) if _reaches(walk, head, one)), None)
        if over is None:
            found.append(ChainHead(*of_chain, head.dseq, head.digest))
            continue
        statement = head_statement(head.chain, over.dseq, over.digest)
        offered = [key.public_key for key in public_keys.get(of_chain, ())]
        key = next((key for key in offered if key_sha256(key) == over.key_sha256), None)
        is_good = key is not None and is_signed_by(statement, over.signature, key)
        found.append(
            ChainHead(*of_chain, over.dseq, over.digest, over.signature if is_good else None, key if is_good else None)
        )
    return found


def _reaches(walk: ChainWalk, head: Head, signed: SignedHead) -> bool:
    if signed.dseq < head.dseq:
        return False
    behind = walk.back_from(Head(head.chain, signed.dseq, signed.digest))
    return not isinstance(behind, Gap) and head.digest in behind


def _zone(entries: list[Entry], ref: str) -> str | None:
    """Where the tablet was when it sealed: times in the report are told in that zone."""
    seals = [entry.operation for entry in entries if entry.operation.entity == ref]
    zone = next((seal.context.get("zone") for seal in seals if seal.kind is OperationKind.SEAL), None)
    return zone if isinstance(zone, str) else None
