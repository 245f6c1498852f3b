"""A certification body that issues reports, and a tablet on which a whole audit was sealed."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.config import Config
from server.sealing.development import ensure_development_authority
from tests.people import Person
from tests.reports.issuing import RECIPIENT, TabletWithSample, tablet_with_sample
from tests.reports.sample import (
    change_after_closing,
    seal_closing,
    seal_report,
)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: the keys of a new authority take longer than everything else here."""
    folder = tmp_path_factory.mktemp("authority")
    ensure_development_authority(folder, datetime.now(UTC))
    return folder / "signing"


@pytest.fixture
def _signing(authority: Path, config: Config) -> None:
    shutil.copytree(authority, config.data_folder / "signing")


@pytest.fixture
def office(lena: Person, paula: Person, _signing: None) -> Person:
    """The workspace knows where reports go."""
    settings = {"body_name": "Nordcert", "report_recipient": RECIPIENT, "language": "en"}
    answer = paula.api.put(f"/api/workspaces/{paula.workspace}/settings", json=settings, headers={"If-Match": '"0"'})
    assert answer.status_code == 200, answer.json
    return lena


@pytest.fixture
def tablet(office: Person) -> TabletWithSample:
    """A whole audit, sealed twice, with nothing sent yet."""
    device = tablet_with_sample(office)
    seal_closing(device)
    change_after_closing(device)
    seal_report(device)
    return device
