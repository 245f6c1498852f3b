"""Reports: ask for one, see where it stands, fetch it. See docs/data-flow.md, section 6."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response, current_app, send_file

from schemas.catalogue import CatalogueTreeSchema
from schemas.report import ReportRequestSchema, ReportSchema
from server.config import Config
from server.database import SERVER, reading
from server.domain.refusals import Refusal, Refused
from server.reports.asking import Asker
from server.reports.catalogues import bring_catalogue
from server.reports.request import ask_for_report, finished_report, reports_of_audit
from server.storage.mailbox import mail_of_report
from server.storage.report_store import ReportFiles, ReportRow
from server.web.blueprint import Blueprint
from server.web.security import current_account

PDF = "application/pdf"

blueprint = Blueprint("reports", __name__, url_prefix="/api", description="Sealed audit reports as PDF.")


@blueprint.route("/audits/<uuid:audit>/reports", methods=["POST"])
@blueprint.arguments(ReportRequestSchema)
@blueprint.response(202, ReportSchema)
def request_report(given: dict[str, Any], audit: UUID) -> dict[str, Any]:
    """Ask for the report of a sealed record. It is made by the worker; asked twice, it is made once."""
    row = ask_for_report(
        _asker(), str(audit), given["report_record"], is_provisional=given.get("is_provisional", False)
    )
    return _shown(row)


@blueprint.route("/audits/<uuid:audit>/reports", methods=["GET"])
@blueprint.response(200, ReportSchema(many=True))
def list_reports(audit: UUID) -> list[dict[str, Any]]:
    """The audit's reports, the latest first, each with what became of its mail."""
    return [_shown(row) for row in reports_of_audit(_asker(), str(audit))]


@blueprint.route("/audits/<uuid:audit>/catalogues/<sha256>", methods=["PUT"])
@blueprint.arguments(CatalogueTreeSchema)
@blueprint.response(204)
def put_catalogue(given: dict[str, Any], audit: UUID, sha256: str) -> None:
    """A catalogue that a sealed record names and this server lacks (`report.catalogue_unknown` says which)."""
    bring_catalogue(_asker(), str(audit), sha256, given)


@blueprint.route("/reports/<uuid:report>.pdf", methods=["GET"])
@blueprint.response(200)
def get_report(report: UUID) -> Response:
    """The signed PDF."""
    row = finished_report(_asker(), str(report))
    config: Config = current_app.config["AUDITBOOK"]
    path = ReportFiles(config.data_folder).path(row.id)
    if not path.is_file():
        raise Refused(Refusal("request.not_found"))
    answer = send_file(
        path,
        mimetype=PDF,
        as_attachment=True,
        download_name=row.file_name or f"{row.id}.pdf",
        etag=row.pdf_sha256 or False,
        conditional=True,
    )
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = "sandbox"
    return answer


def _asker() -> Asker:
    signed_in = current_account()
    return Asker(signed_in.account, signed_in.roles)


def _shown(row: ReportRow) -> dict[str, Any]:
    # The mailbox stands outside the wall of workspaces; that the reader may see this report was asked before.
    with reading(SERVER) as session:
        mail = mail_of_report(session, row.id)
    shown = asdict(row)
    for inside in ("workspace", "requested_by", "file_name"):
        del shown[inside]
    return shown | {"mail": None if mail is None else asdict(mail)}
