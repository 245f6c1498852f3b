"""One signed report for all tests of this folder: laying it out and making keys takes seconds, reading it does not."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.config import Config
from server.reports.content import build_content
from server.reports.material import ReportMaterial, attachments
from server.reports.parts import ReportContent
from server.reports.render import Rendered, render_report
from server.reports.stamping import FIELDS, certify_report, release_report
from server.sealing.pades import Signer, load_signer
from tests.reports.sample import sample_material

SIGNED_AT = datetime(2026, 11, 27, 8, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    """A report with everything that it was made from."""

    material: ReportMaterial
    content: ReportContent
    rendered: Rendered
    certified: bytes
    released: bytes
    signer: Signer
    data: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    data = tmp_path_factory.mktemp("signing")
    material, sample = sample_material("en")
    content = build_content(material)
    assert isinstance(content, ReportContent)
    rendered = render_report(content, sample.picture, attachments(material), FIELDS)
    signer = load_signer(Config(data=str(data)), datetime.now(UTC))
    certified = certify_report(rendered, content, signer, SIGNED_AT).pdf
    released = release_report(certified, content, signer, SIGNED_AT).pdf
    return Made(material, content, rendered, certified, released, signer, data)


@pytest.fixture
def certified(made: Made, tmp_path: Path) -> Path:
    """A file of its own, to be damaged."""
    path = tmp_path / "report.pdf"
    path.write_bytes(made.certified)
    return path


@pytest.fixture
def released(made: Made, tmp_path: Path) -> Path:
    path = tmp_path / "released.pdf"
    path.write_bytes(made.released)
    return path
