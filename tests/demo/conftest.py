"""The demonstration, seeded once and copied for every file of tests: seeding takes seconds."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import pytest
from flask import Flask

from server.app import create_app
from server.config import Config
from server.database import SERVER, reading
from server.demo.seed import seed
from server.domain.fold import Entry, LogView, fold_log
from server.storage.evidence_store import EvidenceFiles
from server.storage.operation_log import load_entries
from tests.conftest import close_database
from tests.demo.signed_in import signed_in
from tests.stage import Stage

TODAY = date(2026, 11, 24)


@dataclass(frozen=True)
class Held:
    """One audit as the server has it."""

    id: str
    entries: list[Entry]
    view: LogView


@pytest.fixture(scope="session")
def seeded_once(sqlite_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings over a data folder with the demonstration in it, at which nobody works."""
    config = sqlite_stage.set(tmp_path_factory.mktemp("demo") / "data", peopled=False)
    app = create_app(config)
    with app.app_context():
        assert seed(TODAY, EvidenceFiles(config))
    close_database(app)
    return config


@pytest.fixture(scope="module")
def seeded(seeded_once: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A server of its own with the demonstration in it."""
    data = shutil.copytree(seeded_once.data_folder, tmp_path_factory.mktemp("demo") / "data")
    app = create_app(replace(seeded_once, data=str(data)))
    with app.app_context():
        yield app
        close_database(app)


@pytest.fixture(scope="module")
def audits(seeded: Flask) -> dict[str, Held]:
    """Every audit of the demonstration by the last part of its reference: S1, S2, S2R."""
    api, _ = signed_in(seeded, "lena@nordlicht.example")
    held = {}
    for listed in api.get("/api/audits").json:
        with reading(SERVER) as session:
            entries = load_entries(session, listed["id"])
        held[listed["reference"].rpartition("-")[2]] = Held(listed["id"], entries, fold_log(entries))
    return held


@pytest.fixture(scope="module")
def stage_1(audits: dict[str, Held]) -> Held:
    return audits["S1"]


@pytest.fixture(scope="module")
def stage_2(audits: dict[str, Held]) -> Held:
    return audits["S2"]
