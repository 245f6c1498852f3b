"""
Reports as rows, and their PDFs as files: `<data>/reports/<id>.pdf`.

The file is written whole under another name and takes its own in the transaction that says `made`: a reader never sees half of it,
and the row never names other bytes than those that lie there.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.domain.refusals import Refusal
from server.domain.vocabulary import TeamRole
from server.storage.clock import as_instant
from server.storage.identifiers import new_id
from server.storage.tables.audit import AuditTeam
from server.storage.tables.report import Report

WAITING, MADE, FAILED = "waiting", "made", "failed"


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report, as the wire shows it and the job needs it."""

    id: str
    workspace: str
    audit: str
    report_record: str
    revision: int
    state: str
    is_provisional: bool
    requested_by: str
    requested_at: str
    made_at: str | None
    pdf_sha256: str | None
    file_name: str | None
    pages: int | None
    error: dict[str, Any] | None


class ReportFiles:
    """The folder of finished PDFs."""

    def __init__(self, data: Path):
        self._folder = data / "reports"

    def path(self, report: str) -> Path:
        return self._folder / f"{report}.pdf"

    def write_draft(self, report: str, pdf: bytes) -> Path:
        """The bytes on disk, for good, under a name that nobody reads."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f"{report}.", suffix=".part", dir=self._folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pdf)
            file.flush()
            os.fsync(file.fileno())
        return Path(name)

    def publish(self, report: str, draft: Path) -> None:
        """Let the draft be the report. To be called in the transaction that marks it made."""
        draft.replace(self.path(report))
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def find_report(session: Session, report: str) -> ReportRow | None:
    row = session.get(Report, report)
    return None if row is None else _row(row)


def report_of_record(session: Session, audit: str, report_record: str) -> ReportRow | None:
    row = session.scalar(sa.select(Report).where(Report.audit_id == audit, Report.report_record == report_record))
    return None if row is None else _row(row)


def reports_of(session: Session, audit: str) -> list[ReportRow]:
    """The audit's reports, the latest first."""
    rows = session.scalars(
        sa.select(Report).where(Report.audit_id == audit).order_by(Report.requested_at.desc(), Report.id.desc())
    )
    return [_row(row) for row in rows]


def add_report(
    session: Session,
    *,
    workspace: str,
    audit: str,
    report_record: str,
    revision: int,
    is_provisional: bool,
    account: str,
    now: int,
) -> ReportRow:
    row = Report(
        id=new_id(now),
        workspace_id=workspace,
        audit_id=audit,
        report_record=report_record,
        revision=revision,
        state=WAITING,
        is_provisional=is_provisional,
        requested_by=account,
        requested_at=now,
    )
    session.add(row)
    session.flush()
    return _row(row)


def await_again(session: Session, report: str, *, is_provisional: bool, account: str, now: int) -> ReportRow:
    """It failed, or was provisional: it is made anew, under the same id."""
    row = session.get_one(Report, report)
    row.state, row.is_provisional, row.error = WAITING, is_provisional, None
    row.requested_by, row.requested_at = account, now
    session.flush()
    return _row(row)


def lock_waiting(session: Session, report: str) -> bool:
    """Whether the report is still to be made; locked until the transaction ends, so that only one worker finishes it."""
    state = session.scalar(sa.select(Report.state).where(Report.id == report).with_for_update())
    return state == WAITING


def mark_made(
    session: Session, report: str, *, pdf_sha256: str, file_name: str, pages: int, is_provisional: bool, now: int
) -> ReportRow:
    row = session.get_one(Report, report)
    row.state, row.error, row.is_provisional = MADE, None, is_provisional
    row.pdf_sha256, row.file_name, row.pages, row.made_at = pdf_sha256, file_name, pages, now
    session.flush()
    return _row(row)


def mark_failed(session: Session, report: str, refusal: Refusal) -> None:
    """It cannot be made as things are; whoever asked sees why."""
    row = session.get_one(Report, report)
    row.state = FAILED
    row.error = json.dumps({"code": refusal.code, "detail": refusal.sentence, "facts": dict(refusal.facts)})
    session.flush()


def leads_audit(session: Session, audit: str, account: str) -> bool:
    """Whether this account is the audit team leader."""
    row = session.get(AuditTeam, (audit, account))
    return row is not None and row.team_role == TeamRole.AUDIT_TEAM_LEADER


def _row(row: Report) -> ReportRow:
    return ReportRow(
        id=row.id,
        workspace=row.workspace_id,
        audit=row.audit_id,
        report_record=row.report_record,
        revision=row.revision,
        state=row.state,
        is_provisional=row.is_provisional,
        requested_by=row.requested_by,
        requested_at=as_instant(row.requested_at),
        made_at=None if row.made_at is None else as_instant(row.made_at),
        pdf_sha256=row.pdf_sha256,
        file_name=row.file_name,
        pages=row.pages,
        error=None if row.error is None else json.loads(row.error),
    )
