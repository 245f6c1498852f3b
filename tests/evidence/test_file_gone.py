"""A photo that was stored is no longer on the server's disk, or has rotted there: whoever still has it brings it again."""

import errno
from pathlib import Path

import pytest

from server.config import Config
from server.evidence.bring import bring_evidence
from server.evidence.derivatives import report_picture
from server.storage import disk_blobs
from server.storage.evidence_store import EvidenceFiles
from server.upkeep import examine_files as examining
from server.upkeep.examine_files import examine_files
from tests.devices import Device, new_audit
from tests.evidence.sending import PICTURE, SHA256, announce, append, bring, key_of, known, name_picture

pytestmark = pytest.mark.slow


@pytest.fixture
def files(config: Config) -> EvidenceFiles:
    return EvidenceFiles(config)


@pytest.fixture
def device(lena) -> Device:
    device = new_audit(lena)
    device.push()
    name_picture(device)
    return device


@pytest.fixture
def its_upload(device: Device, files: EvidenceFiles) -> str:
    """The address of the upload that brought the photo. Its file is gone since."""
    address: str = announce(device).headers["Location"]
    append(device, address, 0, PICTURE)
    assert (known(device, SHA256), lacking(device), read(device)) == ([SHA256], [], PICTURE)
    files.blobs.delete(key_of(device))
    return address


def lacking(device: Device) -> list[str]:
    said: list[str] = device.person.get(f"/api/audits/{device.audit}/custody").json["lacking"]
    return said


def read(device: Device) -> bytes | tuple[int, str]:
    with device.person.get(f"/api/audits/{device.audit}/evidence/{SHA256}") as answer:
        return answer.data if answer.status_code == 200 else (answer.status_code, answer.json["code"])


def test_nobody_hears_that_it_is_stored(database, device: Device, its_upload: str):
    assert (known(device, SHA256), lacking(device)) == ([], [SHA256])
    assert read(device) == (404, "evidence.not_stored")


def test_the_tablet_that_took_it_brings_it_again(database, device: Device, its_upload: str):
    created = announce(device)
    assert created.headers["Upload-Offset"] == "0"
    assert append(device, created.headers["Location"], 0, PICTURE).status_code == 204
    assert (known(device, SHA256), lacking(device), read(device)) == ([SHA256], [], PICTURE)


def test_a_tablet_that_remembers_its_upload_is_told_to_begin_anew(database, device: Device, its_upload: str):
    assert device.person.api.head(its_upload, headers={"Tus-Resumable": "1.0.0"}).status_code == 410
    refused = append(device, its_upload, len(PICTURE), b"")
    assert (refused.status_code, refused.json["code"]) == (410, "evidence.upload_gone")


def test_whoever_runs_the_server_brings_it_again(database, device: Device, its_upload: str, files: EvidenceFiles):
    given = (device.audit, SHA256, len(PICTURE), "image/jpeg")
    assert bring_evidence(files, *given, [PICTURE])
    assert (known(device, SHA256), lacking(device), read(device)) == ([SHA256], [], PICTURE)
    assert not bring_evidence(files, *given, [PICTURE])


@pytest.fixture
def rotten(device: Device, files: EvidenceFiles) -> Path:
    """The photo arrived, and one bit of it has turned since."""
    append(device, announce(device).headers["Location"], 0, PICTURE)
    path = files.blobs.path(key_of(device))
    path.write_bytes(bytes([PICTURE[0] ^ 1]) + PICTURE[1:])
    return path


def test_a_tablet_that_announces_what_has_rotted_brings_it_again(database, device: Device, rotten: Path):
    created = announce(device)
    assert created.headers.get("Upload-Offset", "0") == "0"
    append(device, created.headers["Location"], 0, PICTURE)
    assert rotten.read_bytes() == PICTURE


def test_whoever_runs_the_server_brings_what_has_rotted(database, device: Device, rotten: Path, files: EvidenceFiles):
    assert bring_evidence(files, device.audit, SHA256, len(PICTURE), "image/jpeg", [PICTURE])
    assert rotten.read_bytes() == PICTURE


def test_what_the_doctor_finds_rotten_counts_as_missing_until_it_is_brought(
    database, device: Device, rotten: Path, config: Config
):
    [told] = examine_files(config)
    [aside] = (rotten.parent / "damaged").iterdir()
    assert f"It was moved aside to {aside} and counts as missing" in told
    assert (known(device, SHA256), lacking(device)) == ([], [SHA256])
    append(device, announce(device).headers["Location"], 0, PICTURE)
    assert (known(device, SHA256), lacking(device), read(device)) == ([SHA256], [], PICTURE)
    assert not aside.exists()
    assert list(examine_files(config)) == []


def test_what_was_being_copied_into_its_place_while_the_doctor_looked_is_put_back(
    database, device: Device, rotten: Path, config: Config
):
    with rotten.open("wb") as copying:
        copying.write(PICTURE[:1000])
        copying.flush()
        [told] = examine_files(config)
        copying.write(PICTURE[1000:])
    assert "counts as missing" in told
    assert known(device, SHA256) == []
    [told] = examine_files(config)
    assert "is whole. It was put back" in told
    assert (known(device, SHA256), read(device), list(examine_files(config))) == ([SHA256], PICTURE, [])


def test_what_the_doctor_moves_away_while_the_right_file_is_put_there_is_not_removed(
    database, device: Device, rotten: Path, files: EvidenceFiles, config: Config, monkeypatch: pytest.MonkeyPatch
):
    """The doctor had found the rotten one; between the right one's coming and the clearing up behind it, it moves away what is there."""
    list(examine_files(config))
    rename, is_moved = Path.replace, False

    def renamed(path: Path, target: Path) -> Path:
        nonlocal is_moved
        arrived = rename(path, target)
        if target == rotten and not is_moved:
            is_moved = True
            files.blobs.set_aside(key_of(device))
        return arrived

    monkeypatch.setattr(Path, "replace", renamed)
    assert bring_evidence(files, device.audit, SHA256, len(PICTURE), "image/jpeg", [PICTURE])
    assert is_moved
    assert known(device, SHA256) == []
    [told] = examine_files(config)
    assert "is whole. It was put back" in told
    assert read(device) == PICTURE


@pytest.fixture
def unreadable(device: Device, files: EvidenceFiles) -> Path:
    """The photo arrived, and the disk cannot read it any more."""
    append(device, announce(device).headers["Location"], 0, PICTURE)
    path = files.blobs.path(key_of(device))
    path.unlink()
    path.symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        path.read_bytes()
    return path


def test_a_tablet_that_announces_what_the_disk_cannot_read_brings_it_again(database, device: Device, unreadable: Path):
    append(device, announce(device).headers["Location"], 0, PICTURE)
    assert unreadable.read_bytes() == PICTURE


def test_whoever_runs_the_server_brings_what_the_disk_cannot_read(
    database, device: Device, unreadable: Path, files: EvidenceFiles
):
    assert bring_evidence(files, device.audit, SHA256, len(PICTURE), "image/jpeg", [PICTURE])
    assert unreadable.read_bytes() == PICTURE


def test_the_doctor_goes_on_behind_a_file_that_the_disk_cannot_read(
    database, device: Device, unreadable: Path, config: Config
):
    last = bring(device, b"a photo behind it")
    EvidenceFiles(config).blobs.delete(key_of(device, last))
    told = sorted(examine_files(config))
    assert len(told) == 2
    assert any("cannot be read (Input/output error). It was moved aside" in one for one in told)
    assert any(f"the bytes of evidence {last} are gone" in one for one in told)
    assert (known(device, SHA256), lacking(device)) == ([], sorted([SHA256, last]))


def test_the_doctor_moves_nothing_away_that_it_is_not_allowed_to_read(
    database, device: Device, files: EvidenceFiles, config: Config, monkeypatch: pytest.MonkeyPatch
):
    """The tests may run as root, who may read everything: so the refusal is played."""
    append(device, announce(device).headers["Location"], 0, PICTURE)

    def refused(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(examining, "sha256_of_parts", refused)
    [told] = examine_files(config)
    assert "cannot be read (Permission denied): let this account read it" in told
    assert files.blobs.exists(key_of(device))


def test_what_the_disk_cannot_even_look_at_is_gone_and_holds_nothing_else_up(
    database, device: Device, files: EvidenceFiles, config: Config
):
    """As where its entry on the disk is damaged: then `stat` fails. Here it does so for a link to a name that is too long."""
    append(device, announce(device).headers["Location"], 0, PICTURE)
    other = bring(device, b"a sound photo beside it")
    path = files.blobs.path(key_of(device))
    path.unlink()
    path.symlink_to("a" * 300)
    with pytest.raises(OSError, match="File name too long"):
        path.is_file()
    assert (known(device, SHA256), known(device, other), lacking(device)) == ([], [other], [SHA256])
    assert report_picture(files, key_of(device)).reason == "not_arrived"
    append(device, announce(device).headers["Location"], 0, PICTURE)
    assert (known(device, SHA256), path.read_bytes()) == ([SHA256], PICTURE)


def test_the_doctor_goes_on_where_a_whole_file_cannot_be_put_back(
    database, device: Device, files: EvidenceFiles, config: Config, monkeypatch: pytest.MonkeyPatch
):
    """A disk that was made read-only after a fault."""
    append(device, announce(device).headers["Location"], 0, PICTURE)
    files.blobs.set_aside(key_of(device))
    last = bring(device, b"a photo behind it")
    files.blobs.delete(key_of(device, last))

    def refused(path: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "replace", refused)
    told = list(examine_files(config))
    assert len(told) == 2
    assert any("lie aside, whole, and could not be put back" in one for one in told)


def test_the_doctor_says_that_it_put_a_file_back_only_where_it_is(
    database, device: Device, rotten: Path, files: EvidenceFiles, config: Config, monkeypatch: pytest.MonkeyPatch
):
    """While it looks at what lies aside, a tablet brings the photo, which clears that up; and another doctor moves the photo away."""
    key, hashed, is_first = key_of(device), disk_blobs.has_hash, True
    list(examine_files(config))
    [aside] = files.blobs.aside(key)
    aside.write_bytes(PICTURE)

    def looked_at(path: Path, sha256: str) -> bool:
        nonlocal is_first
        is_whole = hashed(path, sha256)
        if path == aside and is_first:
            is_first = False
            bring_evidence(files, device.audit, SHA256, len(PICTURE), "image/jpeg", [PICTURE])
            files.blobs.set_aside(key)
        return is_whole

    monkeypatch.setattr(disk_blobs, "has_hash", looked_at)
    [told] = examine_files(config)
    assert told.endswith(f"the bytes of evidence {SHA256} are gone")
    monkeypatch.undo()
    [told] = examine_files(config)
    assert "is whole. It was put back" in told
    assert rotten.read_bytes() == PICTURE
