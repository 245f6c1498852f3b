"""One server plays for many tests. Nothing that one of them leaves behind is found by the next."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.database import SERVER, reading, unit_of_work
from server.domain.vocabulary import WorkspaceKind
from server.storage.clock import now_ms
from server.storage.tables.account import Account
from server.storage.tables.workspace import Workspace
from server.storage.workspaces import add_workspace
from tests.stage import Stage

Play = Callable[..., AbstractContextManager[Flask]]


@pytest.fixture
def play(database: str, stage: Stage, tmp_path: Path) -> Play:
    """As a test would have it, over a folder of its own."""

    def play(folder: str, *, peopled: bool = False) -> AbstractContextManager[Flask]:
        return stage.serving(stage.set(tmp_path / folder, peopled=peopled))

    return play


def count(table: type) -> int:
    with reading(SERVER) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_what_was_written_is_not_in_the_next_database(play: Play):
    with play("first"):
        with unit_of_work(SERVER) as session:
            add_workspace(session, kind=WorkspaceKind.CERTIFICATION_BODY, name="Westcert", now=now_ms())
        assert count(Workspace) == 1
    with play("second"):
        assert count(Workspace) == 0


def test_the_people_are_there_only_where_they_were_asked_for(play: Play, stage: Stage):
    with play("first", peopled=True) as app:
        assert stage.cast(app).lena.get("/api/session").json["name"] == "Lena Hartmann"
        assert count(Account) == 5
    with play("second"):
        assert count(Account) == 0


def test_people_who_were_not_expected_enter_all_the_same(play: Play, stage: Stage):
    with play("first") as app:
        assert stage.cast(app).otto.get("/api/session").status_code == 200


def test_who_signs_out_is_signed_in_again_in_the_next_test(play: Play, stage: Stage):
    with play("first", peopled=True) as app:
        lena = stage.cast(app).lena
        lena.api.delete("/api/session")
        assert lena.get("/api/session").status_code == 401
    with play("second", peopled=True) as app:
        assert stage.cast(app).lena.get("/api/session").status_code == 200


def test_a_setting_and_a_route_are_gone(play: Play):
    with play("first") as app:
        app.config["MAX_CONTENT_LENGTH"] = 100
        app.config["TESTING"] = True
        app.add_url_rule("/api/there", view_func=lambda: "here")
        assert app.test_client().get("/api/there").text == "here"
    with play("second") as app:
        assert app.config["MAX_CONTENT_LENGTH"] > 100
        assert not app.config["TESTING"]
        assert app.test_client().get("/api/there").status_code == 404


def test_files_go_where_this_test_has_its_folder(play: Play, tmp_path: Path):
    with play("first"):
        pass
    with play("second") as app:
        assert app.config["AUDITBOOK"].data_folder == tmp_path / "second"
        assert app.extensions["auditbook_writer_lock"] in (tmp_path / "second" / "writer.lock", None)
