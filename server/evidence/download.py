"""
Evidence on its way back: only what the audit names and was itself sent, only to those who may pull the audit.

Where something of a photo is covered for privacy, its original goes to the audit team leader and the programme manager alone, and that it
went is noted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.database import reading, unit_of_work
from server.domain.annotation import covers, drawing_text
from server.domain.fold import BORN, fold_log
from server.domain.operation import Operation
from server.domain.permissions import may_open_covered
from server.domain.refusals import Refusal, Refused
from server.evidence.upload import Sender
from server.storage import Session, accounts, audits, erasures
from server.storage import evidence as records
from server.storage import operation_log as log
from server.storage.blobs import BlobKey
from server.storage.clock import now_ms
from server.storage.evidence_store import EvidenceFiles
from server.storage.tables.audit import Audit


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """`media_type` is what the tablet said: a hint for a file name, not to be believed. `size` in bytes, as they lie in the store."""

    key: BlobKey
    media_type: str
    size: int


def load_evidence(files: EvidenceFiles, reader: Sender, audit: str, sha256: str) -> StoredEvidence:
    """
    Raises `Refused` where the audit is not the reader's to see, does not name the hash, the bytes are not here or were withdrawn, or
    something of it is covered and the reader is not one of those who may open it.
    """
    with reading(reader.scope) as session:
        row = named_audit(session, reader, audit, sha256)
        key = BlobKey(row.workspace_id, row.id, sha256)
        blob = records.find_blob(session, files.blobs, key)
        if blob is None:
            raise Refused(Refusal("evidence.not_stored"))
        is_noted = bool(_covering(session, audit, sha256))
        team_role = audits.team_roles(session, row).get(reader.account)
        if is_noted and not may_open_covered(team_role, reader.roles[row.workspace_id]):
            raise Refused(Refusal("evidence.covered"))
    if is_noted:
        with unit_of_work(reader.scope) as session:
            records.note_opening(session, key, reader.account, now_ms())
    try:
        size = files.blobs.size(key)
    except FileNotFoundError as problem:
        raise Refused(Refusal("evidence.not_stored")) from problem
    return StoredEvidence(key, blob.media_type, size)


def named_audit(session: Session, reader: Sender, audit: str, sha256: str) -> Audit:
    """Raises `Refused` where the audit is not the reader's to see or does not name the hash, and where that was withdrawn."""
    row = audits.visible_audit(session, audit, reader.account, reader.roles)
    if row is None:
        raise Refused(Refusal("request.not_found"))
    if erasures.is_withdrawn(session, row.id, sha256):
        raise Refused(Refusal("evidence.withdrawn"))
    if not log.names_evidence(session, audit, sha256):
        raise Refused(Refusal("request.not_found"))
    return row


def cover_of(session: Session, audit: str, sha256: str) -> str | None:
    """What covers it, as whoever makes a picture paints it; None where nothing does. All marks else are drawn by who shows it."""
    covering = _covering(session, audit, sha256)
    return drawing_text(covering) if covering else None


def _covering(session: Session, audit: str, sha256: str) -> list[Mapping[str, Any]]:
    """
    The shapes that cover something, in any entry that names this file, by any side of a dispute. A cover is taken off by those who may
    see what is under it: where anybody else wrote the drawing without it, it stays.
    """
    if not log.writes_field(session, audit, "evidence", "annotation"):
        return []
    entries = log.load_entries(session, audit, ["evidence"])
    # By any birth, also one that was set aside: what covers a face need not wait for a decision.
    naming = {
        entry.operation.entity
        for entry in entries
        if entry.operation.field == BORN
        and isinstance(entry.operation.value, dict)
        and entry.operation.value.get("sha256") == sha256
    }
    view = fold_log(entries)
    drawn: dict[str, list[Operation]] = {}
    for entry in entries:
        one = entry.operation
        if one.entity in naming and one.field == "annotation" and one.digest not in view.quarantined:
            drawn.setdefault(one.entity, []).append(one)
    if not any(covers(one.value) for drawings in drawn.values() for one in drawings):
        return []
    may_uncover = _who_may_uncover(session, audit)
    values = []
    for entity, drawings in drawn.items():
        taken_off = [number for number, one in enumerate(drawings) if one.chain.account in may_uncover]
        values += [one.value for one in drawings[taken_off[-1] if taken_off else 0 :]]
        values += [head.value for head in view.entities[entity].fields["annotation"].heads]
    shapes: list[Mapping[str, Any]] = []
    for value in values:
        for shape in value if isinstance(value, list) else []:
            if isinstance(shape, dict) and covers([shape]) and shape not in shapes:
                shapes.append(shape)
    return shapes


def _who_may_uncover(session: Session, audit: str) -> set[str]:
    row = audits.find_audit(session, audit)
    if row is None:
        return set()
    team = audits.team_roles(session, row)
    people = {person.account: person.roles for person in accounts.people(session, row.workspace_id)}
    return {account for account in {*team, *people} if may_open_covered(team.get(account), people.get(account, ()))}
