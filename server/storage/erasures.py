"""
Taking content out of the log, and the register of what was taken out.

The file of evidence that is withdrawn goes when the transaction has committed: a rollback would not bring it back. Where the power goes
between the two, or the store does not answer, it goes at the next start, or when the worker next tidies up.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from server.database import current_config
from server.domain.fold import BORN
from server.domain.operation import Operation, erase_content, parse_operation
from server.domain.refusals import Refused
from server.storage.blobs import BlobKey
from server.storage.decision_register import Erasure as Decision
from server.storage.decision_register import register
from server.storage.evidence_store import EvidenceFiles
from server.storage.operation_log import note_read
from server.storage.tables.audit import Audit
from server.storage.tables.evidence import Blob, Upload
from server.storage.tables.operation import Erasure, LoggedOperation

_LOOKUP = 500
_log = structlog.get_logger()


def erase(session: Session, row: LoggedOperation) -> None:
    """Take the content away and leave header, digest and place. Its hash stands for it in everything that is checked."""
    if row.content_sha256 is not None:
        return
    if row.entity_kind == "team_member" and row.field == BORN:
        _note_member(session, row)
    row.data, row.content_sha256 = erase_content(row.data)
    header = parse_operation(row.data, row.content_sha256) if row.kind is None else None
    if isinstance(header, Operation):
        # Only its content could not be read. Whoever pulls it reads the header from here on.
        note_read(session, row, header)
    session.flush()


def _note_member(session: Session, row: LoggedOperation) -> None:
    operation, decided = parse_operation(row.data), session.get(Erasure, (row.audit_id, row.digest))
    born = operation.value if isinstance(operation, Operation) else None
    account = born.get("account") if isinstance(born, dict) else None
    if decided is not None and isinstance(account, str) and len(account) <= 36:
        decided.member = account


def members_named(session: Session, audit: str) -> dict[str, str]:
    """By the digest of the birth of an entry in the team that was erased, whose account it had named."""
    query = sa.select(Erasure.digest, Erasure.member).where(Erasure.audit_id == audit, Erasure.member.is_not(None))
    return {row.digest: row.member for row in session.execute(query)}


def register_erasure(session: Session, decision: Decision) -> None:
    """
    Note the decision in the register, once: in the table and, before the transaction ends, in the file beside the backups.
    """
    if session.get(Erasure, (decision.audit, decision.digest)) is not None:
        return
    note_decision(session, decision)
    register([decision])


def note_decision(session: Session, decision: Decision) -> None:
    """A line of the file as a row of the table."""
    row = Erasure(
        audit_id=decision.audit,
        digest=decision.digest,
        workspace_id=decision.workspace,
        reason=decision.reason,
        decided_by=decision.by,
        erased_at=decision.at,
        record=json.dumps(dict(decision.record)) if decision.record else None,
        evidence_sha256=decision.evidence,
    )
    session.add(row)
    session.flush()
    _remove_files(session, [row])


def remove_withdrawn_files(session: Session) -> None:
    """
    What was decided and not carried out to the end, or lies here again: every file of withdrawn evidence goes, and what came of an
    upload that no row names any more. Who is sending one of those begins it anew; what is held at this moment is being brought.
    """
    _remove_files(session, session.scalars(sa.select(Erasure).where(Erasure.evidence_sha256.is_not(None))))
    uploads = EvidenceFiles(current_config()).uploads
    for upload in uploads.ids() - set(session.scalars(sa.select(Upload.id))):
        with uploads.locked(upload, None) as is_a_rest:
            if is_a_rest:
                uploads.remove(upload)


def is_withdrawn(session: Session, audit: str, sha256: str) -> bool:
    """Whether this file was taken out of the audit for good."""
    is_it = (Erasure.audit_id == audit) & (Erasure.evidence_sha256 == sha256)
    return session.scalar(sa.select(Erasure.digest).where(is_it).limit(1)) is not None


def withdrawn_files(session: Session, audit: str) -> set[str]:
    """The SHA-256 of every file that was taken out of the audit."""
    query = sa.select(Erasure.evidence_sha256).where(Erasure.audit_id == audit, Erasure.evidence_sha256.is_not(None))
    return {sha256 for sha256 in session.scalars(query) if sha256 is not None}


def _remove_files(session: Session, rows: Iterable[Erasure]) -> None:
    """Their rows in this transaction; file, derived pictures and what is on its way behind it."""
    keys: list[BlobKey] = []
    uploads: list[str] = []
    for row in rows:
        if row.evidence_sha256 is None:
            continue
        keys.append(BlobKey(row.workspace_id, row.audit_id, row.evidence_sha256))
        for table in (Blob, Upload):
            is_its = (table.audit_id == row.audit_id) & (table.sha256 == row.evidence_sha256)
            if table is Upload:
                uploads += session.scalars(sa.select(Upload.id).where(is_its))
            session.execute(sa.delete(table).where(is_its))
    if not keys:
        return
    files = EvidenceFiles(current_config())

    @event.listens_for(session, "after_commit", once=True)
    def remove(_: Session) -> None:
        for upload in uploads:
            files.uploads.remove(upload)
        for key in keys:
            try:
                files.blobs.delete(key)
            except Refused as refused:
                # Committed is committed: nobody is given it any more, and it goes when the store answers again.
                _log.warning("withdrawn file stays for now", audit=key.audit, code=refused.refusal.code)


def all_decisions(session: Session) -> dict[tuple[str, str], Decision]:
    """The table, by log and digest, the eldest first."""
    rows = session.scalars(sa.select(Erasure).order_by(Erasure.erased_at, Erasure.audit_id, Erasure.digest))
    return {(row.audit_id, row.digest): decision_of(row) for row in rows}


def decision_of(row: Erasure) -> Decision:
    """A row of the table as a line of the file."""
    record = json.loads(row.record) if row.record else {}
    return Decision(
        row.audit_id,
        row.digest,
        row.workspace_id,
        row.reason,
        row.decided_by,
        row.erased_at,
        record,
        row.evidence_sha256,
    )


def register_words(session: Session, audit: Audit, digest: str, said: Mapping[str, Any]) -> None:
    """Note a decision that only the log tells of: its entry came back after a restore, and the register had been lost."""
    at = round(datetime.fromisoformat(said["at"]).timestamp() * 1000)
    record, evidence = said.get("record") or {}, said.get("evidence")
    decision = Decision(audit.id, digest, audit.workspace_id, said["reason"], said["by"], at, record, evidence)
    register_erasure(session, decision)


def erased_among(session: Session, audit: str, until: int, account: str) -> list[tuple[str, str | None]]:
    """
    Of the entries up to the number `until`, and of those that this account sent, the ones that were erased, by digest, in its order;
    each with the SHA-256 of the file that went with it.
    """
    of_entry = (LoggedOperation.audit_id == Erasure.audit_id) & (LoggedOperation.digest == Erasure.digest)
    rows = session.execute(
        sa.select(Erasure.digest, Erasure.evidence_sha256)
        .join(LoggedOperation, of_entry)
        .where(
            Erasure.audit_id == audit,
            LoggedOperation.content_sha256.is_not(None),
            sa.or_(LoggedOperation.seq <= until, LoggedOperation.sent_by_account == account),
        )
        .order_by(Erasure.digest)
    )
    return [(row.digest, row.evidence_sha256) for row in rows]


def registered_erasures(session: Session, audit: Audit, digests: Iterable[str]) -> dict[str, Decision]:
    """Of these digests those that were erased by decision, with the decision."""
    wanted = sorted(set(digests))
    found: dict[str, Decision] = {}
    for start in range(0, len(wanted), _LOOKUP):
        some = wanted[start : start + _LOOKUP]
        rows = session.scalars(sa.select(Erasure).where(Erasure.audit_id == audit.id, Erasure.digest.in_(some)))
        found.update({row.digest: decision_of(row) for row in rows})
    return found
