"""Every job by its name, and what does it. A job may run twice (its worker may die after the work): each must bear that."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from server.config import Config
from server.domain.refusals import Refusal
from server.evidence import credentials
from server.evidence.arrived import make_pictures
from server.evidence.decode import Reason
from server.evidence.derivatives import read_picture, report_pictures
from server.evidence.sent_ahead import report_picture_ahead
from server.evidence.upload import PICTURES_JOB
from server.identity import reset
from server.jobs.send_mail import send_mail
from server.reports import request
from server.reports.issue import Wanted, issue_report, report_attachment
from server.storage import Session, mailbox, report_store
from server.storage.blobs import BlobKey
from server.storage.evidence_store import EvidenceFiles
from server.sync.issuance import note_issuance, register_issuance

logger = structlog.get_logger()

Handler = Callable[[Mapping[str, Any], Config], None]
"""Does one job. Raises `GiveUp` when it will never succeed, `TryLater` when it knows when to try again."""


def _issue_report(args: Mapping[str, Any], config: Config) -> None:
    files = EvidenceFiles(config)

    def pictures(wanted: Sequence[Wanted]) -> Callable[[str], bytes | None]:
        pictures = report_pictures(files, [one.key for one in wanted], [one.drawing for one in wanted])
        made = dict(zip((one.name for one in wanted), pictures, strict=True))
        for name, one in made.items():
            if one.name is None:
                logger.info("evidence has no picture", report=args["report"], sha256=name[:64], reason=one.reason)
        drawings = {one.name: one.drawing for one in wanted}

        def read(name: str) -> bytes | None:
            one = made.get(name)
            if one is not None and one.reason is Reason.NOT_ARRIVED:
                return report_picture_ahead(files, one, drawings[name])
            return None if one is None else read_picture(files, one)

        return read

    issue_report(args["report"], config, pictures, note_issuance, register_issuance)


def _make_pictures(args: Mapping[str, Any], config: Config) -> None:
    make_pictures(args, EvidenceFiles(config))


def _send_mail(args: Mapping[str, Any], config: Config) -> None:
    send_mail(args["mail"], config, lambda report: report_attachment(report, config))


def _send_password_reset(args: Mapping[str, Any], config: Config) -> None:
    reset.send_reset(args["email"], config)


def _read_credentials(args: Mapping[str, Any], config: Config) -> None:
    key = BlobKey(args["workspace"], args["audit"], args["sha256"])
    credentials.read_credentials(EvidenceFiles(config), key)


GaveUp = Callable[[Session, Mapping[str, Any], str], None]
"""Says in the rows of the job's subject that it was given up, in the transaction that gives it up. `str` is the job's id."""


def _report_gave_up(session: Session, args: Mapping[str, Any], job: str) -> None:
    if report_store.lock_waiting(session, args["report"]):
        report_store.mark_failed(session, args["report"], Refusal("server.fault", {"reference": job}))


GAVE_UP: dict[str, GaveUp] = {request.JOB: _report_gave_up}

JOBS: dict[str, Handler] = {
    request.JOB: _issue_report,
    PICTURES_JOB: _make_pictures,
    mailbox.JOB: _send_mail,
    reset.JOB: _send_password_reset,
    credentials.JOB: _read_credentials,
}
