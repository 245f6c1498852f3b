"""Backup, restore and doctor over a server that keeps its evidence in S3."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.config import Config
from server.database import SERVER, reading
from server.storage.evidence_store import EvidenceFiles
from server.storage.tables.evidence import Blob
from tests.devices import Device
from tests.e2e.serving import free_port
from tests.evidence.sending import PICTURE, SHA256, bring, key_of
from tests.objects import Objects, spoil
from tests.upkeep.conftest import Command

pytestmark = pytest.mark.slow


@pytest.fixture(params=["s3"])
def store(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def files(store, config: Config) -> EvidenceFiles:
    return EvidenceFiles(config)


def backups_in(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.name[0].isdigit())


def test_a_backup_brings_the_photos_to_another_bucket(
    store, objects: Objects, command: Command, config: Config, elsewhere: Config, audit: Device, place: Path
):
    code, said, complaint = command("backup", place)
    assert (code, complaint) == (0, "")
    assert "1 photos and reports, 1 of them new here" in said
    [folder] = backups_in(place)
    assert (folder / "evidence" / audit.person.workspace / audit.audit / SHA256).read_bytes() == PICTURE
    there = objects.settings(elsewhere)
    code, said, complaint = command("restore", folder, at=there)
    assert (code, complaint) == (0, "")
    assert "with 1 photos and reports that were not here" in said
    assert b"".join(EvidenceFiles(there).blobs.chunks(key_of(audit))) == PICTURE
    assert not (there.data_folder / "evidence").exists()
    code, said, _ = command("doctor", at=there)
    assert "ok   photos and reports, hashed again" in said
    assert not [line for line in said.splitlines() if line.startswith("BAD  files")]


def test_photos_move_from_the_disk_into_a_bucket_by_a_backup(
    store, objects: Objects, command: Command, config: Config, elsewhere: Config, audit: Device, place: Path
):
    command("backup", place)
    [folder] = backups_in(place)
    on_disk = replace(
        elsewhere, s3_bucket="", s3_prefix="", s3_endpoint="", s3_access_key_id="", s3_secret_access_key=""
    )
    assert command("restore", folder, at=on_disk)[0] == 0
    assert b"".join(EvidenceFiles(on_disk).blobs.chunks(key_of(audit))) == PICTURE


def test_a_further_backup_asks_for_what_is_new_alone(store, command: Command, audit: Device, place: Path, monkeypatch):
    command("backup", place)
    new = bring(audit, b"another")
    monkeypatch.setattr("server.storage.s3_blobs.S3Blobs.chunks", _only(new, EvidenceFiles))
    code, said, _ = command("backup", place)
    assert (code, "2 photos and reports, 1 of them new here" in said) == (0, True)


def _only(sha256: str, files: type[EvidenceFiles]):
    from server.storage.s3_blobs import S3Blobs

    chunks = S3Blobs.chunks

    def asked(self, key, *part):
        assert key.sha256 == sha256
        return chunks(self, key, *part)

    return asked


def test_what_is_gone_or_damaged_is_told_and_the_rest_is_kept(
    store, files, command: Command, audit: Device, place: Path
):
    lost = bring(audit, b"to be lost")
    files.blobs.delete(key_of(audit, lost))
    spoil(files, key_of(audit), b"rotten")
    code, _, complaint = command("backup", place)
    assert code == 1
    assert all(f"{audit.audit}/{sha256} is gone or damaged" in complaint for sha256 in (lost, SHA256))
    code, said, _ = command("doctor")
    assert code == 1
    assert f"evidence {SHA256} is not what it was" in said
    assert f"evidence {lost} are gone" in said


def test_where_the_store_is_away_no_backup_is_taken_and_nothing_is_called_missing(
    store, command: Command, config: Config, audit: Device, place: Path
):
    away = replace(config, s3_endpoint=f"http://127.0.0.1:{free_port()}")
    code, _, complaint = command("backup", place, at=away)
    assert code == 2
    assert (
        "The backup was not finished. The place where this server keeps photos and files does not answer." in complaint
    )
    assert backups_in(place) == []
    with reading(SERVER) as session:
        assert session.scalars(sa.select(Blob.sha256)).all() == [SHA256]
    code, said, _ = command("doctor", at=away)
    assert code == 1
    assert "BAD  store s3://evidence: The place where" in said
    assert "are gone" not in said
    command("backup", place)
    [folder] = backups_in(place)
    code, _, complaint = command("restore", folder, "--replace", at=away)
    assert code == 2
    assert "The backup was not put back. The place where" in complaint
    assert (config.data_folder / "auditbook.sqlite3").exists()
