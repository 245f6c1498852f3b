"""A backup is put back on another machine, or over what is here when somebody says so by name; then a new epoch begins."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.app import create_app
from server.config import Config
from server.database import SERVER, reading
from server.identity import by_hand
from server.storage import accounts, in_use
from server.storage.evidence_store import EvidenceFiles
from server.storage.server_state import server_identity
from server.sync.erase import erase_content_of, withdraw_evidence
from server.upkeep import restore
from server.upkeep.examine_files import examine_files
from server.upkeep.problem import CannotBeDone
from tests.conftest import close_database
from tests.devices import Device
from tests.evidence.sending import PICTURE, SHA256, bring, key_of
from tests.old_log import remember
from tests.upkeep.conftest import Command, keep_report

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(command: Command, audit: Device, place: Path) -> Path:
    """A backup of what there is."""
    assert command("backup", place)[0] == 0
    return next(path for path in place.iterdir() if path.name[0].isdigit())


@contextmanager
def serving(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    with app.app_context():
        yield app
        close_database(app)


def epoch_of(config: Config) -> str:
    with serving(config), reading(SERVER) as session:
        return server_identity(session).epoch


def test_a_tablet_goes_on_with_a_server_on_another_machine(
    database, command: Command, config: Config, elsewhere: Config, audit: Device, place: Path
):
    report = keep_report(config, audit)
    command("backup", place)
    [folder] = (path for path in place.iterdir() if path.name[0].isdigit())
    audit.add_finding("Written after the backup")
    code, said, complaint = command("restore", folder, at=elsewhere)
    assert (code, complaint) == (0, "")
    assert "with 2 photos and reports that were not here" in said
    assert "Now start the server" in said
    with serving(elsewhere) as app:
        lena = audit.person.at(app)
        tablet = replace(audit, person=lena, epoch=None, cursor=0, hash="0" * 64, pulled=[], pulled_digests=[])
        assert tablet.push().status_code == 200
        tablet.pull()
        assert tablet.is_safe()
        assert tablet.epoch not in (None, audit.epoch), "a new epoch"
        photo = lena.get(f"/api/audits/{audit.audit}/evidence/{SHA256}")
        assert photo.data == PICTURE
        photo.close()
    assert (elsewhere.data_folder / "reports" / f"{report}.pdf").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"])
def test_the_walls_between_workspaces_stand_in_what_was_put_back(
    database, command: Command, elsewhere: Config, folder: Path
):
    assert command("restore", folder, at=elsewhere)[0] == 0
    walls = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    with serving(elsewhere), reading(SERVER) as session:
        assert session.scalar(sa.text(walls)) > 10
        assert session.scalar(sa.text("SELECT count(*) FROM pg_policies")) > 10


def test_a_backup_that_was_tampered_with_is_not_put_back(
    command: Command, elsewhere: Config, audit: Device, folder: Path
):
    photo = folder / "evidence" / audit.person.workspace / audit.audit / SHA256
    photo.write_bytes(b"another" + PICTURE[7:])
    code, _, complaint = command("restore", folder, at=elsewhere)
    assert code == 2
    assert f"{SHA256} has changed or cannot be read. Nothing was put back" in complaint
    photo.unlink()
    assert f"{SHA256} is gone" in command("restore", folder, at=elsewhere)[2]
    assert [path.name for path in elsewhere.data_folder.iterdir()] == ["log.key"]


@pytest.mark.parametrize("line", ["../../etc/passwd", "/etc/passwd", "evidence/../../x"])
def test_a_list_that_leads_out_of_the_backup_is_refused(
    command: Command, elsewhere: Config, folder: Path, line: str, monkeypatch: pytest.MonkeyPatch
):
    """Whoever can change the list can change its hash in the manifest as well."""
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  {line}\n")
    assert "is not the one that the manifest names" in command("restore", folder, at=elsewhere)[2]
    monkeypatch.setattr(restore, "check_files", lambda *_: None)
    assert "names no file of a backup" in command("restore", folder, at=elsewhere)[2]


def test_a_database_that_is_here_is_not_overwritten_by_itself(
    command: Command, config: Config, audit: Device, folder: Path
):
    before = epoch_of(config)
    code, _, complaint = command("restore", folder)
    assert code == 2
    assert "There is a database at" in complaint
    audit.add_finding("Newer than the backup")
    audit.push()
    complaint = command("restore", folder)[2]
    assert "There is a newer database (its last entry came " in complaint
    assert "With `--replace` it is moved aside" in complaint
    assert epoch_of(config) == before


def test_a_database_that_is_replaced_is_moved_aside_whole(
    command: Command, config: Config, audit: Device, folder: Path, tmp_path: Path
):
    audit.add_finding("Newer than the backup")
    audit.push()
    close_database(audit.person.app)
    code, said, _ = command("restore", folder, "--replace")
    assert code == 0
    [aside] = config.data_folder.glob("replaced-*")
    assert f"lies in {aside}" in said
    assert remember(audit.person, audit.audit).epoch != audit.epoch
    assert len(remember(audit.person, audit.audit).entries) == audit.cursor
    with serving(replace(config, database_url=f"sqlite:///{aside / 'auditbook.sqlite3'}")) as app:
        old = remember(audit.person.at(app), audit.audit)
    assert (len(old.entries), old.epoch) == (audit.cursor + 2, audit.epoch)


def test_a_log_of_writes_that_the_old_database_left_is_not_taken_for_the_new_ones(
    command: Command, config: Config, audit: Device, folder: Path
):
    close_database(audit.person.app)
    (config.data_folder / "auditbook.sqlite3-wal").write_bytes(b"of the old one")
    assert command("restore", folder, "--replace")[0] == 0
    [aside] = config.data_folder.glob("replaced-*")
    assert (aside / "auditbook.sqlite3-wal").read_bytes() == b"of the old one"


def test_photos_that_are_newer_than_the_backup_stay(command: Command, config: Config, audit: Device, folder: Path):
    newer = bring(audit, b"taken after the backup")
    close_database(audit.person.app)
    assert command("restore", folder, "--replace")[0] == 0
    assert EvidenceFiles(config).blobs.exists(key_of(audit, newer))


def test_a_running_server_is_not_pulled_away_from_under_its_people(command: Command, config: Config, folder: Path):
    """Its own process, as `auditbook serve` holds the folder."""
    holding = "import sys; from server.config import Config; from server.upkeep.serving import hold_for_serving;"
    holding += "hold_for_serving(Config(data=sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, config.data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "held\n"
        code, _, complaint = command("restore", folder, "--replace")
        server.communicate()
    assert code == 2
    assert "A server or a worker runs from" in complaint
    assert not list(config.data_folder.glob("replaced-*"))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"])
def test_a_database_on_postgresql_must_be_empty_and_nobody_at_it(
    database, command: Command, config: Config, elsewhere: Config, folder: Path
):
    assert "Somebody is connected to this database" in command("restore", folder)[2]
    code, _, complaint = command("restore", folder, at=elsewhere)
    assert (code, complaint) == (0, "")
    again = command("restore", folder, at=elsewhere)
    assert again[0] == 2
    assert "A backup is put back into an empty one" in again[2]


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"])
def test_whoever_is_just_leaving_the_database_is_waited_for(
    database, command: Command, elsewhere: Config, folder: Path
):
    leaving = sa.create_engine(elsewhere.sqlalchemy_url, poolclass=sa.NullPool).connect()
    threading.Timer(0.7, leaving.close).start()
    code, _, complaint = command("restore", folder, at=elsewhere)
    assert (code, complaint) == (0, "")


def test_without_the_log_key_nothing_is_put_back_unless_it_is_gone_for_good(
    command: Command, elsewhere: Config, folder: Path
):
    """By it the server knows its own words again: with a new key the tablets can hand nothing back."""
    key = elsewhere.data_folder / "log.key"
    key.unlink()
    code, _, complaint = command("restore", folder, at=elsewhere)
    assert code == 2
    assert f"The log key is not at {key}" in complaint
    assert not key.exists()
    assert command("restore", folder, "--without-log-key", at=elsewhere)[0] == 0
    assert "is another than the one that signed the logs" in command("restore", folder, "--replace", at=elsewhere)[2]


def test_a_backup_of_postgresql_is_not_put_into_sqlite(command: Command, elsewhere: Config, folder: Path):
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("sqlite", "postgresql"))
    assert "The backup is of a database on PostgreSQL" in command("restore", folder, at=elsewhere)[2]


def test_a_database_that_cannot_be_reached_is_said(command: Command, elsewhere: Config, folder: Path):
    other = replace(elsewhere, database_url="postgresql://nobody@127.0.0.1:1/none")
    code, _, complaint = command("restore", folder, at=other)
    assert (code, "auditbook: The database cannot be reached" in complaint) == (2, True)


def test_what_was_decided_since_the_backup_holds_after_it_was_put_back(
    command: Command, config: Config, audit: Device, aron, paula, folder: Path
):
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, audit.audit, [audit.pulled_digests[2]], "Withdrawn.")
    by_hand.block_installation(aron.installation)
    close_database(audit.person.app)
    code, said, _ = command("restore", folder, "--replace")
    assert code == 0
    assert "The content of 1 entries that had been erased was here again, and is gone." in said
    assert "1 tablets that had been blocked" in said
    assert aron.get("/api/audits").status_code == 403


def test_without_a_register_of_decisions_it_is_said_what_that_means(command: Command, elsewhere: Config, folder: Path):
    assert "There was no register of decisions at" in command("restore", folder, at=elsewhere)[1]
    elsewhere.decision_register_path.write_text("")
    close = elsewhere.data_folder / "auditbook.sqlite3"
    assert close.is_file()
    assert "There was no register" not in command("restore", folder, "--replace", at=elsewhere)[1]


def test_nobody_serves_what_was_put_back_before_its_new_epoch_has_begun(
    command: Command, elsewhere: Config, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The power goes between the two: numbers of the old epoch would be given out a second time."""

    def power_goes() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore.put_back(elsewhere, folder, power_goes)
    for kind in ("serve", "worker"):
        code, _, complaint = command(kind, at=elsewhere)
        assert code == 2
        assert "Run `auditbook restored` first" in complaint
    before = epoch_of(elsewhere)
    assert command("restored", at=elsewhere)[0] == 0
    assert epoch_of(elsewhere) != before
    assert not in_use.is_restore_unfinished(elsewhere.data_folder)


def test_no_server_begins_while_a_backup_is_being_put_back(elsewhere: Config, folder: Path):
    said = []

    def meanwhile() -> None:
        in_use.end_restore(elsewhere.data_folder)
        holding = "import sys; from server.config import Config; from server.upkeep.serving import hold_for_serving;"
        holding += "hold_for_serving(Config(data=sys.argv[1]))"
        done = subprocess.run(
            [sys.executable, "-c", holding, elsewhere.data], capture_output=True, text=True, check=False
        )
        said.append(done.stderr)

    restore.put_back(elsewhere, folder, meanwhile)
    assert "A backup is being put back into" in said[0]


def test_a_folder_that_is_no_backup_is_refused(config: Config, tmp_path: Path):
    with pytest.raises(CannotBeDone, match="is not a whole backup"):
        restore.check_backup(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(CannotBeDone, match="cannot be read"):
        restore.check_backup(tmp_path)


@pytest.mark.parametrize("where", ["in its place", "on another machine"])
def test_a_photo_that_was_withdrawn_since_the_backup_is_neither_here_nor_served(
    database, command: Command, config: Config, elsewhere: Config, audit: Device, paula, folder: Path, where: str
):
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    [photo] = (entity for entity, field in audit.heads if entity.startswith("evidence/") and field == "born")
    withdraw_evidence(paula.account, roles, audit.audit, photo.partition("/")[2], "Withdrawn.")
    name = Path("evidence") / audit.person.workspace / audit.audit / SHA256
    assert (folder / name).is_file()
    if where == "in its place" and config.is_sqlite:
        close_database(audit.person.app)
        at, how = config, ["--replace"]
    else:
        elsewhere.decision_register_path.write_bytes(config.decision_register_path.read_bytes())
        at, how = elsewhere, []
    assert command("restore", folder, *how, at=at)[0] == 0
    assert not (at.data_folder / name).exists()
    with serving(at) as app:
        lena = audit.person.at(app)
        assert lena.get(f"/api/audits/{audit.audit}/evidence/{SHA256}").json["code"] == "evidence.withdrawn"
        assert list(examine_files(at)) == []
