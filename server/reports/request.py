"""
Ask for the report of a sealed record, and see what became of it.

Asked twice, it is made once: the second request finds the row of the first. One that failed, or that was provisional, is made anew.
"""

from server.database import reading, unit_of_work
from server.domain.fold import fold_log
from server.domain.refusals import Refusal, Refused
from server.reports.asking import Asker, led_audit
from server.reports.catalogues import RECORDS, refuse_unknown
from server.reports.gather import find_record
from server.reports.succession import refuse_place
from server.storage import audits, report_store
from server.storage import operation_log as log
from server.storage.clients import settings
from server.storage.clock import now_ms
from server.storage.job_queue import enqueue
from server.storage.report_store import FAILED, MADE, ReportRow

JOB = "issue_report"


def ask_for_report(asker: Asker, audit: str, report_record: str, *, is_provisional: bool) -> ReportRow:
    """Queue the report. Raises `Refused` for whoever may not, for a record that has not arrived, and where nobody would receive it."""
    with unit_of_work(asker.scope) as session:
        row = led_audit(session, asker, audit)
        if not settings(session, row.workspace_id).content.get("report_recipient"):
            raise Refused(Refusal("report.recipient_missing"))
        now = now_ms()
        # The audit's row is locked, so that two who ask at once come one after the other.
        audits.lock_audit(session, row.id)
        known = report_store.report_of_record(session, audit, report_record)
        if known is not None and not _is_to_be_made(known, is_provisional=is_provisional):
            return known
        view = fold_log(log.load_report_entries(session, audit, RECORDS))
        found = find_record(view, report_record)
        if found is None:
            raise Refused(Refusal("report.seal_does_not_match", {"what": "the sealed record has not arrived"}))
        if refusal := refuse_place(view, report_record, report_store.reports_of(session, audit)):
            raise Refused(refusal)
        if refusal := refuse_unknown(session, view, found):
            raise Refused(refusal)
        if known is not None:
            asked = report_store.await_again(
                session, known.id, is_provisional=is_provisional, account=asker.account, now=now
            )
        else:
            asked = report_store.add_report(
                session,
                workspace=row.workspace_id,
                audit=audit,
                report_record=report_record,
                revision=int(found.get("revision") or 1),
                is_provisional=is_provisional,
                account=asker.account,
                now=now,
            )
        enqueue(session, JOB, {"report": asked.id})
        return asked


def _is_to_be_made(known: ReportRow, *, is_provisional: bool) -> bool:
    """It failed, or was made without all of its pictures."""
    return known.state == FAILED or (known.state == MADE and known.is_provisional and not is_provisional)


def reports_of_audit(asker: Asker, audit: str) -> list[ReportRow]:
    """The latest first, for those who may see the audit."""
    with reading(asker.scope) as session:
        if audits.visible_audit(session, audit, asker.account, asker.roles) is None:
            raise Refused(Refusal("request.not_found"))
        return report_store.reports_of(session, audit)


def finished_report(asker: Asker, report: str) -> ReportRow:
    """The row of a report that was made, for those who may see its audit. What they may not see does not exist for them."""
    with reading(asker.scope) as session:
        row = report_store.find_report(session, report)
        if row is None or row.pdf_sha256 is None:
            raise Refused(Refusal("request.not_found"))
        if audits.visible_audit(session, row.audit, asker.account, asker.roles) is None:
            raise Refused(Refusal("request.not_found"))
        return row
