"""What tests of issuing a report have in common: a tablet with the whole sample, and what its auditor does with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from schemas.report import ReportSchema
from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of
from server.evidence.derivatives import read_picture, report_picture
from server.jobs.registry import JOBS
from server.jobs.worker import run_next_job
from server.reports.render import PictureSource
from server.sealing.canonical import canonical_bytes, sha256_hex
from server.sealing.verify import verify_report
from server.storage import accounts
from server.storage.blobs import BlobKey
from server.storage.evidence import add_blob
from server.storage.evidence_store import EvidenceFiles
from server.storage.identifiers import new_id
from server.storage.report_store import ReportFiles
from server.sync.erase import erase_content_of
from tests.devices import Device, value_of
from tests.people import Person
from tests.reports.sample import (
    CLOSING,
    REPORT,
    Sample,
    seal,
    seal_closing,
    write_audit,
)

RECIPIENT = "reports@nordlicht.example"


@dataclass
class TabletWithSample(Device):
    """A tablet on which the whole sample was recorded."""

    sample: Sample = field(init=False)


def tablet_with_sample(person: Person) -> TabletWithSample:
    tablet = TabletWithSample(person, new_id())
    tablet.sample = write_audit(tablet)
    return tablet


def sent(tablet: Device) -> Device:
    verdicts = tablet.push_all()
    assert {verdict["verdict"] for verdict in verdicts} == {"stored"}, [
        verdict for verdict in verdicts if verdict["verdict"] != "stored"
    ][:3]
    return tablet


def keep_pictures(
    tablet: TabletWithSample, config: Config, tmp_path: Path, *, but: int = 0, is_first_report: bool = False
) -> None:
    """They have arrived. Unless it is the audit's first report, the server has made them in its size before, and finds them."""
    sample = tablet.sample
    files = EvidenceFiles(config)
    for sha256, data in list(sample.pictures.items())[but:]:
        path = tmp_path / sha256
        path.write_bytes(data)
        key = BlobKey(tablet.person.workspace, tablet.audit, sha256)
        files.blobs.put(key, path)
        with unit_of_work(SERVER) as session:
            add_blob(session, key, len(data), "image/jpeg", 1)
        if not is_first_report:
            _keep_in_report_size(files, key)


_IN_REPORT_SIZE: dict[str, tuple[str, bytes]] = {}
"""Name and content of what the server made of a picture, by the picture's hash: the same for every test."""


def _keep_in_report_size(files: EvidenceFiles, key: BlobKey) -> None:
    if key.sha256 in _IN_REPORT_SIZE:
        name, data = _IN_REPORT_SIZE[key.sha256]
        path = files.blobs.path(key)
        path.with_name(f"{path.name}.{name}").write_bytes(data)
        return
    made = report_picture(files, key)
    data = read_picture(files, made)
    assert made.name is not None and data is not None, made.reason
    _IN_REPORT_SIZE[key.sha256] = (made.name, data)


def no_pictures(_keys: Sequence[BlobKey]) -> PictureSource:
    """For a report of which nobody looks at the pictures."""
    return lambda _sha256: None


def ask(tablet: Device, ref: str = REPORT, **more: Any) -> Any:
    record = ref.partition("/")[2]
    return tablet.person.post(f"/api/audits/{tablet.audit}/reports", json={"report_record": record} | more)


def listed(tablet: Device) -> list[dict[str, Any]]:
    answer = tablet.person.get(f"/api/audits/{tablet.audit}/reports")
    assert answer.status_code == 200, answer.json
    assert ReportSchema(many=True).dump(answer.json) == answer.json
    reports: list[dict[str, Any]] = answer.json
    return reports


def work(app: Flask) -> None:
    """Do everything that waits, with the mails written to a folder."""
    while run_next_job(app, jobs=JOBS):
        pass


def refusal_of(tablet: Device) -> tuple[str, dict[str, Any]]:
    (report,) = listed(tablet)
    assert report["state"] == "failed", report
    return report["error"]["code"], report["error"]["facts"]


OTHER, THIRD = "report_record/report-2", "report_record/report-3"


def asked(tablet: Device, ref: str) -> tuple[int, str | None]:
    answer = ask(tablet, ref)
    return answer.status_code, answer.json.get("code")


def states_of(tablet: Device) -> dict[str, str]:
    return {report["report_record"]: report["state"] for report in listed(tablet)}


def reseal(tablet: Device, record: dict[str, Any]) -> None:
    """Take back the last two operations, and seal this record in their place."""
    add = value_of(tablet.made[-2])
    take_back(tablet, 2)
    data = canonical_bytes(record)
    tablet.add(REPORT, **(add | {"record": data.decode(), "sha256": sha256_hex(data)}))
    seal(tablet, REPORT, sha256_hex(data), "2026-11-27T08:14:30.000Z")


def take_back(tablet: Device, count: int) -> None:
    """As if the last operations had never been made; they were not sent yet."""
    del tablet.made[-count:]
    tablet.dseq = len(tablet.made)
    tablet.prev = digest_of(tablet.made[-1].encode())


def seal_again(tablet: Device, **changed: Any) -> None:
    """The report's seal once more, with other words in it, in place of the last operation."""
    said = value_of(tablet.made[-1])
    take_back(tablet, 1)
    seal(tablet, REPORT, said["sha256"], said["sealed_at"], signatures=said["signatures"], **changed)


def made_text(tablet: Device, app: Flask, config: Config) -> str:
    """Ask, work, and read the PDF that must have been made."""
    from tests.reports.test_render import text_of

    ask(tablet)
    work(app)
    (report,) = listed(tablet)
    assert report["state"] == "made", report
    path = ReportFiles(config.data_folder).path(report["id"])
    assert verify_report(path).exit_code == 0
    return " ".join(text_of(path.read_bytes()).split())


AGAIN = "closing_record/closing-2"


def close_again(tablet: Device, reason: str = "A sentence named a person.", ref: str = AGAIN, **more: Any) -> str:
    first = more.pop("instead_of", None) or tablet.view_of_made().entity(CLOSING).get("sha256")
    return seal_closing(tablet, ref=ref, instead_of=first, reason=reason, at="2026-11-26T17:40:00.000Z", **more)


def birth_of_closing(tablet: Device) -> str:
    return next(text for text in tablet.made if '"ent":"closing_record/closing-1"' in text)


def erase(tablet: Device, paula: Person, *texts: str) -> None:
    """The programme manager decides it, as the law asks."""
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, tablet.audit, [digest_of(text.encode()) for text in texts], "withdrawn")
