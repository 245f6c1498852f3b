"""A backup is taken while people work: it is whole or it has no name, and a further one costs what is new."""

import hashlib
import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.app import create_app
from server.config import Config
from server.database import SERVER, reading, unit_of_work
from server.storage import accounts, disk
from server.storage.evidence_store import EvidenceFiles
from server.storage.tables.evidence import Blob
from server.storage.tables.report import Report
from server.sync.erase import withdraw_evidence
from server.upkeep import backup as taking
from tests.conftest import close_database
from tests.devices import Device, new_audit
from tests.evidence.sending import PICTURE, SHA256, bring, key_of
from tests.upkeep.conftest import Command, keep_report

pytestmark = pytest.mark.slow


def backups_in(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.name[0].isdigit())


def test_a_backup_holds_logs_photos_and_reports(database, command: Command, config: Config, audit: Device, place: Path):
    report = keep_report(config, audit)
    code, said, complaint = command("backup", place)
    assert (code, complaint) == (0, "")
    [folder] = backups_in(place)
    assert f"{folder}\n" in said
    photo = folder / "evidence" / audit.person.workspace / audit.audit / SHA256
    assert photo.read_bytes() == PICTURE
    assert (folder / "reports" / f"{report}.pdf").read_bytes() == b"%PDF-1.7 of long ago"
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    assert checked.returncode == 0, "with what every machine has"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["audits"], manifest["files"], manifest["missing"]) == (1, 3, [])
    assert manifest["entries"] == audit.cursor


def test_no_key_and_no_register_of_decisions_is_in_it(command: Command, config: Config, audit: Device, place: Path):
    """A stolen backup must not be able to sign in the server's name, and an old register must not take a newer one's place."""
    config.decision_register_path.write_text("")
    _, said, _ = command("backup", place)
    names = {path.name for path in backups_in(place)[0].rglob("*")}
    assert not names & {"log.key", "decisions.jsonl", "signing"}
    assert "the log key, the signer, the register of decisions" in said


def test_a_further_backup_costs_what_is_new(command: Command, audit: Device, place: Path):
    command("backup", place)
    bring(audit, b"another photo")
    _, said, _ = command("backup", place)
    first, second = backups_in(place)
    assert "2 photos and reports, 1 of them new here" in said
    name = f"evidence/{audit.person.workspace}/{audit.audit}/{SHA256}"
    assert (first / name).stat().st_ino == (second / name).stat().st_ino


def test_deleting_a_backup_takes_nothing_from_the_next(command: Command, audit: Device, place: Path):
    command("backup", place)
    command("backup", place)
    first, second = backups_in(place)
    subprocess.run(["rm", "-r", str(first)], check=True)
    assert command("restore", second, "--check")[0] == 0


def test_a_report_that_was_made_anew_is_not_taken_from_the_last_backup(
    command: Command, config: Config, audit: Device, place: Path
):
    report = keep_report(config, audit, b"%PDF provisional")
    command("backup", place)
    final = b"%PDF as it stays.."
    with unit_of_work(SERVER) as session:
        row = session.get(Report, report)
        row.pdf_sha256 = hashlib.sha256(final).hexdigest()
    (config.data_folder / "reports" / f"{report}.pdf").write_bytes(final)
    assert command("backup", place)[0] == 0
    first, second = backups_in(place)
    assert (first / "reports" / f"{report}.pdf").read_bytes() == b"%PDF provisional"
    assert (second / "reports" / f"{report}.pdf").read_bytes() == final


def test_what_an_interrupted_backup_leaves_is_never_taken_for_a_whole_one(
    command: Command, audit: Device, place: Path, monkeypatch: pytest.MonkeyPatch
):
    bring(audit, b"a second photo")

    def power_goes(folder: Path, *_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(taking, "write_manifest", power_goes)
        with pytest.raises(KeyboardInterrupt):
            command("backup", place)
    assert backups_in(place) == []
    [unfinished] = place.glob(".unfinished-*")
    code, _, complaint = command("restore", unfinished, "--check")
    assert code == 2
    assert "is not a whole backup" in complaint
    code, said, _ = command("backup", place)
    assert code == 0
    assert "0 of them new here" in said, "what had been copied is used"
    assert not list(place.glob(".unfinished-*"))


def test_only_one_backup_is_taken_into_a_place_at_a_time(command: Command, audit: Device, place: Path, monkeypatch):
    said = []
    copy = disk.copy_checked

    def meanwhile(*given):
        if not said:
            said.append(None)
            said.append(command("backup", place))
        return copy(*given)

    monkeypatch.setattr(taking, "copy_checked", meanwhile)
    assert command("backup", place)[0] == 0
    assert said[1][0] == 2
    assert "Another backup is being taken" in said[1][2]


def test_a_photo_that_is_gone_or_damaged_is_told_and_the_rest_is_kept(
    database, command: Command, config: Config, audit: Device, place: Path
):
    files = EvidenceFiles(config)
    lost = bring(audit, b"to be lost")
    files.blobs.delete(key_of(audit, lost))
    files.blobs.path(key_of(audit)).write_bytes(b"rotten" + PICTURE[6:])
    code, _, complaint = command("backup", place)
    assert code == 1
    assert f"{audit.audit}/{lost} is gone or damaged" in complaint
    assert f"{audit.audit}/{SHA256} is gone or damaged" in complaint
    assert command("restore", backups_in(place)[0], "--check")[0] == 0
    with reading(SERVER) as session:
        assert not any(session.scalars(sa.select(Blob.is_backed_up)))


def test_a_good_copy_in_the_last_backup_stands_in_for_a_photo_that_is_gone(
    command: Command, config: Config, audit: Device, place: Path
):
    command("backup", place)
    EvidenceFiles(config).blobs.delete(key_of(audit))
    assert command("backup", place)[0] == 0
    assert command("restore", backups_in(place)[1], "--check")[0] == 0


def test_a_good_copy_in_the_last_backup_stands_in_for_a_photo_that_was_cut_short(
    database, command: Command, config: Config, audit: Device, place: Path
):
    command("backup", place)
    EvidenceFiles(config).blobs.path(key_of(audit)).write_bytes(PICTURE[:1000])
    assert command("backup", place)[0] == 0
    assert command("restore", backups_in(place)[1], "--check")[0] == 0
    with reading(SERVER) as session:
        assert all(session.scalars(sa.select(Blob.is_backed_up)))


def test_a_photo_that_the_newest_backup_lacks_is_not_called_backed_up_any_more(
    database, command: Command, config: Config, audit: Device, place: Path, tmp_path: Path
):
    command("backup", place)
    EvidenceFiles(config).blobs.path(key_of(audit)).write_bytes(PICTURE[:1000])
    assert command("backup", tmp_path / "another place")[0] == 1
    with reading(SERVER) as session:
        assert not any(session.scalars(sa.select(Blob.is_backed_up)))


def test_a_photo_that_the_disk_cannot_read_is_told_and_the_rest_is_kept(
    database, command: Command, config: Config, audit: Device, place: Path
):
    other = bring(audit, b"can be read")
    path = EvidenceFiles(config).blobs.path(key_of(audit))
    path.unlink()
    path.symlink_to("/proc/self/mem")
    code, _, complaint = command("backup", place)
    assert (code, f"{audit.audit}/{SHA256} is gone or damaged" in complaint) == (1, True)
    assert list(backups_in(place)[0].rglob(other))
    assert command("restore", backups_in(place)[0], "--check")[0] == 0


def test_a_last_backup_that_the_disk_cannot_look_at_does_not_end_the_next(
    database, command: Command, config: Config, audit: Device, place: Path
):
    command("backup", place)
    [before] = backups_in(place)[0].rglob(SHA256)
    before.unlink()
    before.symlink_to("a" * 300)
    assert command("backup", place)[0] == 0
    assert command("restore", backups_in(place)[1], "--check")[0] == 0
    code, _, complaint = command("restore", backups_in(place)[0], "--check")
    assert (code, f"{SHA256} is gone" in complaint) == (2, True)


@pytest.mark.slow
def test_a_backup_that_is_taken_in_the_middle_of_work_is_of_one_instant(
    database, command: Command, config: Config, elsewhere: Config, lena, place: Path
):
    """Tablets go on sending; in what is put back no log has a hole, and no photo is named as held that is not there."""
    device = new_audit(lena)
    device.push()
    stop, sent = threading.Event(), []

    def work() -> None:
        app = create_app(config)
        busy = Device(
            lena.at(app), device.audit, dseq=device.dseq, prev=device.prev, made=device.made, sent=device.sent
        )
        with app.app_context():
            while not stop.is_set():
                busy.add_finding(f"Number {len(sent)}")
                assert busy.push().status_code == 200
                sent.append(bring(busy, os.urandom(50_000)))
            close_database(app)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        while len(sent) < 3:
            assert worker.is_alive()
        before = len(sent)
        assert command("backup", place)[0] == 0
        while len(sent) < before + 3:
            assert worker.is_alive()
    finally:
        stop.set()
        worker.join()
    code, _, complaint = command("restore", backups_in(place)[0], at=elsewhere)
    assert (code, complaint) == (0, "")
    app = create_app(elsewhere)
    with app.app_context():
        reader = Device(lena.at(app), device.audit)
        reader.pull()
        with reading(SERVER) as session:
            blobs = list(session.scalars(sa.select(Blob.sha256)))
        close_database(app)
    assert 0 < reader.cursor < 4 + 5 * len(sent)
    assert before - 1 <= len(blobs) < len(sent)
    files = EvidenceFiles(elsewhere)
    assert all(disk.sha256_of(files.blobs.path(key_of(device, sha256))) == sha256 for sha256 in blobs)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"])
def test_without_pg_dump_it_is_said_what_to_install(
    database, command: Command, audit: Device, place: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "")
    code, _, complaint = command("backup", place)
    assert code == 2
    assert "pg_dump is needed" in complaint
    assert "postgresql-client" in complaint
    assert backups_in(place) == []


def test_a_photo_that_is_withdrawn_while_the_backup_is_taken_is_not_missed(
    database, command: Command, audit: Device, paula, place: Path, monkeypatch: pytest.MonkeyPatch
):
    [photo] = (entity for entity, field in audit.heads if entity.startswith("evidence/") and field == "born")
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    snapshot = taking._copy_database

    def snapshot_and_withdraw(*given):
        taken = snapshot(*given)
        withdraw_evidence(paula.account, roles, audit.audit, photo.partition("/")[2], "Withdrawn.")
        return taken

    monkeypatch.setattr(taking, "_copy_database", snapshot_and_withdraw)
    code, _, complaint = command("backup", place)
    assert (code, complaint) == (0, "")
    [folder] = backups_in(place)
    assert not list(folder.rglob(SHA256))
    assert command("restore", folder, "--check")[0] == 0
