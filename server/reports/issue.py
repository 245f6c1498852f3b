"""
The job that makes a report: check, lay out, sign, keep, and put the mail in the queue.

Before: somebody asked (request.py), and the row waits.
After:  the PDF lies in the data folder, the row says `made`, the audit's log says that this revision was issued, and the mail waits
        to be sent, all in one transaction; or the row says `failed` and why. A refusal is an answer and not tried again; a fault is the queue's to retry. Twice does no harm.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.fold import fold_log
from server.domain.numbering import numbers_in
from server.domain.operation import SERVER_ACCOUNT
from server.domain.refusals import Refusal
from server.mail import messages
from server.mail.smtp import Attachment
from server.reports.catalogues import known_catalogue
from server.reports.content import build_content
from server.reports.content_evidence import is_printable
from server.reports.drawn import drawing, picture_name
from server.reports.gather import EnrolledKey, SignedHead, gather_material
from server.reports.material import Record, ReportMaterial, ReportState, SealedRecord, attachments
from server.reports.parts import ReportContent
from server.reports.render import PictureSource, render_report
from server.reports.stamping import FIELDS, certify_report
from server.reports.succession import refuse_place
from server.sealing.canonical import sha256_hex
from server.sealing.pades import SigningUnavailable, load_signer
from server.storage import Session, accounts, audits, chains, erasures, evidence, report_store
from server.storage import operation_log as log
from server.storage.blobs import BlobKey, BlobStore
from server.storage.clients import settings
from server.storage.clock import as_instant, now_ms
from server.storage.decision_register import Issuance
from server.storage.evidence_store import EvidenceFiles
from server.storage.mailbox import queue_mail
from server.storage.report_store import WAITING, ReportFiles, ReportRow
from server.storage.server_state import server_identity


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture of a report: the audit's copy of the file, and what is painted on it (`drawing_text`), by the name of both."""

    name: str
    key: BlobKey
    drawing: str | None


Pictures = Callable[[Sequence[Wanted]], PictureSource]
"""All pictures of a report at once, to what gives each as JPEG in report size. Given by whoever joins the parts."""

SayIssued = Callable[[Session, str, str, Mapping[str, Any]], Issuance]
"""Writes into an audit's log, in this transaction, what was issued from the record under a seal, which is named by its digest."""

Register = Callable[[Issuance], None]
"""Notes it beside the backups, once the transaction has ended."""

PDF = "application/pdf"

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed report that is not kept yet."""

    pdf: bytes
    pages: int
    state: ReportState
    content: ReportContent
    sealed: SealedRecord

    @property
    def is_provisional(self) -> bool:
        return self.state is ReportState.PROVISIONAL


def issue_report(report: str, config: Config, pictures: Pictures, say_issued: SayIssued, register: Register) -> None:
    """Make the report with this id, if it is still to be made."""
    with reading(SERVER) as session:
        row = report_store.find_report(session, report)
        if row is None or row.state != WAITING:
            return
        material = _gather(session, row, EvidenceFiles(config).blobs)
    outcome = material if isinstance(material, Refusal) else _make(row, material, config, pictures)
    if isinstance(outcome, Refusal):
        _refuse(row, outcome)
    else:
        _keep(row, outcome, config, say_issued, register)


def report_attachment(report: str, config: Config) -> Attachment:
    """The PDF as it goes along with its mail. Raises LookupError while there is none, OSError when it cannot be read."""
    with reading(SERVER) as session:
        row = report_store.find_report(session, report)
    if row is None or row.pdf_sha256 is None or row.file_name is None:
        raise LookupError(f"The report {report} has not been made.")
    data = ReportFiles(config.data_folder).path(report).read_bytes()
    if sha256_hex(data) != row.pdf_sha256:
        raise LookupError(f"The file of the report {report} is not the one that was made.")
    return Attachment(row.file_name, PDF, data)


def file_name(reference: str | None, revision: int, *, is_provisional: bool) -> str:
    """A name that every system takes: the report's number and revision."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", reference or "").strip("-") or "audit-report"
    return f"{plain}-rev{revision}{'-provisional' if is_provisional else ''}.pdf"


def _gather(session: Any, row: ReportRow, blobs: BlobStore) -> ReportMaterial | Refusal:
    entries = log.load_entries(session, row.audit)
    of_tablets = {
        (entry.operation.chain.installation, entry.operation.chain.account)
        for entry in entries
        if entry.operation.chain.account != SERVER_ACCOUNT
    }
    keys = {
        chain: [EnrolledKey(_base64url(key), since) for key, since in accounts.installation_keys_since(session, *chain)]
        for chain in of_tablets
    }
    heads: dict[tuple[str, str], list[SignedHead]] = {}
    for head in chains.chain_heads(session, row.audit):
        if head.key_sha256 is not None:
            signed = SignedHead(head.dseq, head.digest, head.signature, head.key_sha256)
            heads.setdefault((head.installation, head.account), []).append(signed)
    people = {account: accounts.account_by_id(session, account) for _installation, account in keys}
    hashes = [
        str(entry.operation.value["sha256"])
        for entry in entries
        if entry.operation.entity_kind == "evidence"
        and isinstance(entry.operation.value, dict)
        and entry.operation.value.get("sha256")
    ]
    audit = audits.find_audit(session, row.audit)
    gone = erasures.withdrawn_files(session, row.audit)
    material = gather_material(
        entries,
        row.audit,
        row.report_record,
        public_keys=keys,
        heads=heads,
        names={account: person.name for account, person in people.items() if person is not None},
        catalogue_of=partial(known_catalogue, session),
        server=server_identity(session),
        restored_seq=None if audit is None else audit.first_restored_seq,
        hash_at=lambda seq: log.hash_at(session, row.audit, seq),
        unreadable=[(one.digest, one.sent_by, one.dseq) for one in log.unreadable_entries(session, row.audit)],
        stored_at=evidence.stored_since(session, blobs, row.workspace, row.audit, hashes),
    )
    if isinstance(material, Refusal):
        return material
    # A file that was withdrawn and is named again will never come: nothing waits for it, and its picture is absent.
    return replace(material, arrived=(material.arrived or frozenset()) | gone)


def _make(row: ReportRow, material: ReportMaterial, config: Config, pictures: Pictures) -> Issued | Refusal:
    record = material.report.record
    pending = _pending(record, material.arrived or frozenset())
    if pending and not row.is_provisional:
        return Refusal("report.evidence_pending", {"count": len(pending)})
    if pending:
        material = replace(material, state=ReportState.PROVISIONAL)
    content = build_content(material)
    if isinstance(content, Refusal):
        return content
    now = datetime.fromtimestamp(now_ms() / 1000, UTC)
    try:
        signer = load_signer(config, now)
    except SigningUnavailable as problem:
        return Refusal("report.signing_unavailable", {"why": str(problem)})
    shown = pictures(_wanted(row, record))
    rendered = render_report(content, shown, attachments(material), FIELDS)
    signed = certify_report(rendered, content, signer, now)
    if signed.timestamp_problem:
        logger.warning("report has no time stamp", report=row.id, error=signed.timestamp_problem)
    return Issued(signed.pdf, rendered.pages, material.state, content, material.report)


def _pending(record: Record, arrived: frozenset[str]) -> list[str]:
    """Pictures that belong in the report and are not on the server."""
    return [
        sha256 for sha256, media_type in _picked(record).items() if is_printable(media_type) and sha256 not in arrived
    ]


def _picked(record: Record) -> dict[str, str | None]:
    """The files that were picked for the report, by their hash, each with what the tablet took it for."""
    return {item["sha256"]: item.get("media_type") for item in _picked_evidence(record)}


def _wanted(row: ReportRow, record: Record) -> list[Wanted]:
    """Each picture once, with what was drawn on it."""
    wanted = [
        Wanted(picture_name(record, item), BlobKey(row.workspace, row.audit, item["sha256"]), drawing(record, item))
        for item in _picked_evidence(record)
    ]
    return list({one.name: one for one in wanted}.values())


def _picked_evidence(record: Record) -> list[Record]:
    """What is told in words has no file, and is no picture whatever the record says."""
    picked = set(record.get("pictures") or [])
    return [item for item in record.get("evidence") or [] if item["id"] in picked and item.get("sha256")]


def _refuse(row: ReportRow, refusal: Refusal) -> None:
    with unit_of_work(SERVER) as session:
        if report_store.lock_waiting(session, row.id):
            report_store.mark_failed(session, row.id, refusal)
    logger.info("report refused", report=row.id, code=refusal.code)


def _keep(row: ReportRow, issued: Issued, config: Config, say_issued: SayIssued, register: Register) -> None:
    """File, row, entry and mail: all or nothing. A second worker that made the same report drops its own."""
    files = ReportFiles(config.data_folder)
    draft = files.write_draft(row.id, issued.pdf)
    try:
        with unit_of_work(SERVER) as session:
            # As whoever asks: another revision may have been made meanwhile.
            audits.lock_audit(session, row.audit)
            if not report_store.lock_waiting(session, row.id):
                return
            view = fold_log(log.load_report_entries(session, row.audit))
            if refusal := refuse_place(view, row.report_record, report_store.reports_of(session, row.audit)):
                report_store.mark_failed(session, row.id, refusal)
                return
            decided = settings(session, row.workspace).content
            recipient = decided.get("report_recipient")
            if not recipient:
                report_store.mark_failed(session, row.id, Refusal("report.recipient_missing"))
                return
            digest, now = sha256_hex(issued.pdf), now_ms()
            record = issued.sealed.record
            reference = (record.get("audit") or {}).get("reference")
            name = file_name(reference, row.revision, is_provisional=issued.is_provisional)
            report_store.mark_made(
                session,
                row.id,
                pdf_sha256=digest,
                file_name=name,
                pages=issued.pages,
                is_provisional=issued.is_provisional,
                now=now,
            )
            said = {
                "revision": record["revision"],
                "sha256": issued.sealed.sha256,
                "state": issued.state.value,
                "pdf_sha256": digest,
                "pages": issued.pages,
                # No other finding ever gets one of them, whatever counts in the log by then.
                "numbers": numbers_in(issued.sealed.data.decode()),
                "by": row.requested_by,
                "at": as_instant(now),
            }
            issuance = say_issued(session, row.audit, issued.sealed.sealed_by, said)
            message = _message(row, issued, record, name, digest, decided.get("language"))
            queue_mail(
                session,
                workspace=row.workspace,
                to=recipient,
                subject=message.subject,
                body=message.body,
                report=row.id,
            )
            files.publish(row.id, draft)
        register(issuance)
    finally:
        draft.unlink(missing_ok=True)


def _message(
    row: ReportRow, issued: Issued, record: Record, name: str, digest: str, language: str | None
) -> messages.Message:
    audit = record.get("audit") or {}
    return messages.report(
        language or issued.content.language,
        certification_body=(record.get("certification_body") or {}).get("name") or "",
        audit_client=(record.get("audit_client") or {}).get("name") or "",
        title=audit.get("title") or issued.content.title,
        reference=audit.get("reference") or "",
        revision=row.revision,
        is_provisional=issued.is_provisional,
        file_name=name,
        sha256=digest,
    )


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
