"""A photo that was stored is no longer on the server's disk: nobody hears that it is, and whoever still has it brings it again."""

import pytest

from server.config import Config
from server.evidence.bring import bring_evidence
from server.storage.evidence_store import EvidenceFiles
from tests.devices import Device, new_audit
from tests.evidence.sending import PICTURE, SHA256, announce, append, key_of, known, name_picture

pytestmark = pytest.mark.slow


@pytest.fixture
def files(config: Config) -> EvidenceFiles:
    return EvidenceFiles(config.data_folder)


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
