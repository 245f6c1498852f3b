"""Every job by its name, and what does it. A job may run twice (its worker may die after the work): each must bear that."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from server.config import Config
from server.domain.refusals import Refusal
from server.evidence import credentials
from server.evidence.derivatives import report_pictures
from server.identity import reset
from server.jobs.send_mail import send_mail
from server.reports import request
from server.reports.issue import Wanted, issue_report, report_attachment
from server.storage import Session, mailbox, report_store
from server.storage.evidence_store import BlobKey, EvidenceFiles
from server.sync.issuance import note_issuance, register_issuance

logger = structlog.get_logger()

Handler = Callable[[Mapping[str, Any], Config], None]
"""Does one job. Raises `GiveUp` when it will never succeed, `TryLater` when it knows when to try again."""


def _issue_report(args: Mapping[str, Any], config: Config) -> None:
    files = EvidenceFiles(config.data_folder)

    def pictures(wanted: Sequence[Wanted]) -> Callable[[str], bytes | None]:
        pictures = report_pictures(files, [one.key for one in wanted], [one.drawing for one in wanted])
        made = dict(zip((one.name for one in wanted), pictures, strict=True))
        for name, one in made.items():
            if one.path is None:
                logger.info("evidence has no picture", report=args["report"], sha256=name[:64], reason=one.reason)
        return lambda name: _read(made[name].path) if name in made else None

    issue_report(args["report"], config, pictures, note_issuance, register_issuance)


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except FileNotFoundError:
        return None  # Withdrawn since it was made.


def _send_mail(args: Mapping[str, Any], config: Config) -> None:
    send_mail(args["mail"], config, lambda report: report_attachment(report, config))


def _send_password_reset(args: Mapping[str, Any], config: Config) -> None:
    reset.send_reset(args["email"], config)


def _read_credentials(args: Mapping[str, Any], config: Config) -> None:
    key = BlobKey(args["workspace"], args["audit"], args["sha256"])
    credentials.read_credentials(EvidenceFiles(config.data_folder), key)


GaveUp = Callable[[Session, Mapping[str, Any], str], None]
"""Says in the rows of the job's subject that it was given up, in the transaction that gives it up. `str` is the job's id."""


def _report_gave_up(session: Session, args: Mapping[str, Any], job: str) -> None:
    if report_store.lock_waiting(session, args["report"]):
        report_store.mark_failed(session, args["report"], Refusal("server.fault", {"reference": job}))


GAVE_UP: dict[str, GaveUp] = {request.JOB: _report_gave_up}

JOBS: dict[str, Handler] = {
    request.JOB: _issue_report,
    mailbox.JOB: _send_mail,
    reset.JOB: _send_password_reset,
    credentials.JOB: _read_credentials,
}
