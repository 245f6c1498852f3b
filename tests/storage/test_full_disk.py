"""The server's disk is full: nothing is half stored, everything can still be read, and what was refused goes on where it stood."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.app import create_app
from server.cli import _is_signed
from server.config import Config
from server.database import SERVER, unit_of_work
from server.domain.operation import digest_of
from server.domain.refusals import Refused
from server.storage.migrate import migrate
from server.upkeep.examine import examine_logs
from server.upkeep.examine_files import examine_files
from tests.conftest import close_database
from tests.devices import Device, new_audit
from tests.evidence.sending import announce, append, known, name_picture, offset_of
from tests.people import assemble_cast
from tests.small_disk import on_a_small_disk

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
PICTURE = os.urandom(MEGABYTE)


def test_with_a_full_disk_nothing_is_half_stored_and_what_was_refused_goes_on_when_there_is_room(tmp_path: Path):
    on_a_small_disk(_fill_and_make_room, tmp_path / "disk", 12 * MEGABYTE)


@pytest.mark.parametrize("database", ["postgresql"])
def test_postgresql_that_finds_no_room_is_not_taken_for_one_that_is_busy(database: str, app: Flask):
    """It really answers so; that its disk is full is all that is not true."""
    for answer, code in (("disk_full", "server.full"), ("lock_not_available", "server.busy")):
        with pytest.raises(Refused) as refused, unit_of_work(SERVER) as session:
            session.execute(sa.text(f"DO $$ BEGIN RAISE {answer}; END $$"))
        assert refused.value.refusal.code == code


def _fill_and_make_room(disk: Path) -> None:
    config = Config(data=str(disk / "data"), demo="0", worker="0")
    app = create_app(config)
    with app.app_context():
        migrate()
        lena = assemble_cast(app).lena
        device = new_audit(lena)
        assert device.push().status_code == 200
        sha256 = name_picture(device, PICTURE)
        address = announce(device, PICTURE).headers["Location"]
        ballast = disk / "something-else"
        _fill(ballast, leaving=MEGABYTE // 2)

        _is_full(append(device, address, 0, PICTURE))
        came = offset_of(device, address)
        assert 0 < came < len(PICTURE)
        assert known(device, sha256) == []
        os.truncate(ballast, ballast.stat().st_size - 400_000)
        answered = list(device.made)
        for number in range(200):
            device.add_finding(f"Finding {number} " + "with many words " * 100)
            refused = device.push()
            if refused.status_code != 200:
                break
            answered = list(device.made)
        assert number > 0, "some of it found room"
        _is_full(refused)

        assert lena.get("/api/session").status_code == 200
        reader = Device(lena, device.audit)
        reader.made = device.made
        reader.pull()
        stored = {text for text in device.made if digest_of(text.encode()) in reader.pulled_digests}
        assert stored == set(answered), "what was answered, and nothing of what was refused"
        assert lena.get("/api/audits").json[0]["head"] == {"seq": reader.cursor, "hash": reader.hash}
        _is_sound(config)

        ballast.unlink()
        assert device.push().status_code == 200
        device.pull()
        assert device.is_safe()
        assert append(device, address, came, PICTURE[came:]).status_code == 204
        assert known(device, sha256) == [hashlib.sha256(PICTURE).hexdigest()]
        _is_sound(config)
        close_database(app)


def _fill(ballast: Path, leaving: int) -> None:
    """Somebody else's files take the disk but for so many bytes."""
    disk = os.statvfs(ballast.parent)
    room = disk.f_bavail * disk.f_frsize - leaving
    with ballast.open("ab") as file:
        file.write(bytes(max(0, room)))


def _is_full(answer: Any) -> None:
    assert (answer.status_code, answer.json["code"]) == (507, "server.full")


def _is_sound(config: Config) -> None:
    assert [one.complaints for one in examine_logs(_is_signed) if one.complaints] == []
    assert list(examine_files(config)) == []
