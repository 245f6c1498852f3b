"""A server that grows moves from SQLite to PostgreSQL, in the middle of a sync: by a backup that is put back there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.app import create_app
from server.cli import _kept
from server.config import Config
from server.database import SERVER, Base, reading
from server.domain.operation import GENESIS
from server.sealing.log_key import load_log_key
from tests.conftest import close_database
from tests.devices import Device
from tests.evidence.sending import PICTURE, SHA256, announce, append, known, name_picture, offset_of
from tests.sync.test_erase import erase
from tests.upkeep.conftest import Command, keep_report

pytestmark = pytest.mark.slow


@pytest.fixture
def grown(config: Config, empty_postgresql: Callable[[], str]) -> Config:
    """The same machine and data folder, with settings that lead to an empty database on PostgreSQL."""
    load_log_key(config)
    return replace(config, database_url=empty_postgresql())


def backed_up(command: Command, place: Path) -> Path:
    assert command("backup", place)[0] == 0
    [folder] = (path for path in place.iterdir() if path.name[0].isdigit())
    return folder


def at(device: Device, app: Flask) -> Device:
    """The same tablet, which finds another epoch and begins its log anew."""
    person = device.person.at(app)
    return replace(device, person=person, epoch=None, cursor=0, hash=GENESIS, pulled=[], pulled_digests=[])


def test_tablets_in_the_middle_of_their_sync_go_on_after_the_move_and_nothing_is_lost(
    command: Command, config: Config, grown: Config, audit: Device, aron, paula, place: Path
):
    colleague = Device(aron, audit.audit)
    audit.add_member(aron)
    audit.add_finding("Words that went")
    audit.push()
    erase(paula, audit, audit.made[-1])
    keep_report(config, audit)
    # The server stops: some of it has arrived and was not seen again, some has not, and half of a photo.
    colleague.pull()
    colleague.add_finding("Arrived, and not seen again")
    colleague.push()
    photo = b"another" + PICTURE
    sha256 = name_picture(colleague, photo)
    address = announce(colleague, photo).headers["Location"]
    append(colleague, address, 0, photo[:50_000], promised=len(photo))
    colleague.add_finding("Not sent yet")
    audit.add_finding("Not sent yet either")

    code, said, complaint = command("restore", backed_up(command, place), at=grown)
    assert (code, complaint) == (0, "")
    assert "A new epoch has begun" in said
    app = create_app(grown)
    with app.app_context():
        tablets = [at(audit, app), at(colleague, app)]
        for tablet in tablets:
            assert tablet.push().status_code == 200
        for tablet in tablets:
            tablet.pull()
            assert tablet.is_safe()
            titles = {finding.get("title") for finding in tablet.view().of_kind("finding")}
            assert {
                "No calibration record",
                "Arrived, and not seen again",
                "Not sent yet",
                "Not sent yet either",
            } <= titles
            assert "Words that went" not in titles
        assert tablets[0].hash == tablets[1].hash
        assert known(tablets[0], SHA256) == [SHA256]
        assert offset_of(tablets[1], address) == 50_000
        assert append(tablets[1], address, 50_000, photo[50_000:]).status_code == 204
        assert known(tablets[0], sha256) == [sha256]
        close_database(app)
    assert [complaint for _, complaint in _kept(grown, is_quick=False) if complaint is not None] == []


def test_every_row_of_every_table_moves_as_it_is(command: Command, config: Config, grown: Config, audit, aron, place):
    Device(aron, audit.audit).push_all()
    keep_report(config, audit)
    before = rows(config)
    command("restore", backed_up(command, place), at=grown)
    after = rows(grown)
    # A restore begins an epoch and marks where each log ended.
    for told in ("server_state", "audit"):
        assert len(before.pop(told)) == len(after.pop(told)) > 0
    assert after == before
    assert sum(map(len, before.values())) > 30


def rows(config: Config) -> dict[str, list[str]]:
    app = create_app(config)
    with app.app_context(), reading(SERVER) as session:
        found = {
            table.name: sorted(repr(row) for row in session.execute(sa.select(table)))
            for table in Base.metadata.sorted_tables
        }
    close_database(app)
    return found


def test_the_walls_between_workspaces_stand_after_the_move(command: Command, grown: Config, audit, otto, place):
    assert command("restore", backed_up(command, place), at=grown)[0] == 0
    app = create_app(grown)
    with app.app_context():
        assert otto.at(app).get(f"/api/audits/{audit.audit}/operations").status_code == 404
        with reading(SERVER) as session:
            assert session.scalar(sa.text("SELECT count(*) FROM pg_policies")) > 10
        close_database(app)


def test_there_is_no_move_into_a_database_in_which_something_is(command: Command, grown: Config, audit, place):
    folder = backed_up(command, place)
    assert command("restore", folder, at=grown)[0] == 0
    assert "There is something in this database" in command("restore", folder, at=grown)[2]


def test_a_backup_of_another_version_is_not_moved(command: Command, grown: Config, audit, place, monkeypatch):
    folder = backed_up(command, place)
    monkeypatch.setattr("server.storage.move.latest_revision", lambda: "a newer one")
    code, _, complaint = command("restore", folder, at=grown)
    assert (code, "Start this version over SQLite once" in complaint) == (2, True)
