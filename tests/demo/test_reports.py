"""The reports of the finished audits: made by the worker from what was seeded, intact for a stranger, mailed."""

import io
from dataclasses import dataclass
from typing import Any

import pikepdf
import pytest
from flask import Flask

from server.config import Config
from server.jobs.registry import JOBS
from server.jobs.worker import run_next_job
from server.sealing.verify import verify_report
from server.storage.report_store import ReportFiles
from tests.demo.conftest import Held
from tests.demo.signed_in import signed_in

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Made:
    """What the app says of one report, and the file."""

    said: dict[str, Any]
    pdf: bytes


@pytest.fixture(scope="module")
def made(seeded: Flask, audits: dict[str, Held]) -> dict[str, Made]:
    """By reference and revision, once the worker has nothing left to do."""
    while run_next_job(seeded, jobs=JOBS):
        pass
    config: Config = seeded.config["AUDITBOOK"]
    api, _ = signed_in(seeded, "lena@nordlicht.example")
    reports = {}
    for reference, held in audits.items():
        for said in api.get(f"/api/audits/{held.id}/reports").json:
            pdf = ReportFiles(config.data_folder).path(said["id"]).read_bytes()
            reports[f"{reference}, revision {said['revision']}"] = Made(said, pdf)
    return reports


def test_there_is_one_of_stage_1_and_two_of_stage_2_and_each_was_mailed(made: dict[str, Made], seeded: Flask):
    assert set(made) == {"S1, revision 1", "S2, revision 1", "S2, revision 2"}
    assert {one.said["state"] for one in made.values()} == {"made"}
    config: Config = seeded.config["AUDITBOOK"]
    assert len(list((config.data_folder / "mail").glob("*.eml"))) == 3


def test_a_stranger_finds_each_of_them_intact(made: dict[str, Made], tmp_path):
    for one in made.values():
        path = tmp_path / "report.pdf"
        path.write_bytes(one.pdf)
        assert verify_report(path).is_intact


def test_the_first_three_pages_are_cover_conclusions_and_course(made: dict[str, Made]):
    """Many people read no further: what the demonstration says has to fit."""
    for one in made.values():
        with pikepdf.open(io.BytesIO(one.pdf)) as pdf, pdf.open_outline() as outline:
            pages = {item.title: pdf.pages.index(pikepdf.Page(item.destination[0])) + 1 for item in outline.root}
        assert (pages["Conclusions"], pages["How the audit went"]) == (2, 3)
