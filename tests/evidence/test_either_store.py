"""The life of a photo, the same on the disk and on S3: sent, rotten, gone, brought again, drawn on, withdrawn."""

import pytest

from server.config import Config
from server.evidence.bring import bring_evidence
from server.evidence.derivatives import read_picture, report_picture
from server.storage.evidence_store import EvidenceFiles
from server.upkeep.examine_files import examine_files
from tests.devices import Device, new_audit
from tests.evidence.pictures import as_file, quartered
from tests.evidence.sending import PICTURE, SHA256, announce, append, bring, key_of, known, name_picture, send
from tests.evidence.test_file_gone import lacking, read
from tests.evidence.test_withdrawn import withdraw
from tests.objects import spoil

pytestmark = pytest.mark.slow


@pytest.fixture
def files(config: Config) -> EvidenceFiles:
    return EvidenceFiles(config)


@pytest.fixture
def device(store, lena) -> Device:
    """Lena's audit with a photo that has arrived."""
    device = new_audit(lena)
    device.push()
    bring(device)
    return device


def test_a_photo_comes_back_as_it_was_sent(device, files, config):
    assert (known(device, SHA256), lacking(device), read(device)) == ([SHA256], [], PICTURE)
    assert files.uploads.ids() == set()
    assert list(examine_files(config)) == []


def test_of_many_photos_the_audit_knows_those_that_are_here(device, files):
    others = [bring(device, f"photo {number}".encode()) for number in range(6)]
    files.blobs.delete(key_of(device, others[0]))
    assert sorted(known(device, SHA256, *others)) == sorted([SHA256, *others[1:]])
    assert lacking(device) == [others[0]]


def test_a_photo_that_is_gone_is_asked_for_and_brought_again(device, files, config):
    files.blobs.delete(key_of(device))
    [told] = examine_files(config)
    assert f"the bytes of evidence {SHA256} are gone" in told
    assert (known(device, SHA256), lacking(device), read(device)) == ([], [SHA256], (404, "evidence.not_stored"))
    send(device)
    assert (known(device, SHA256), read(device), list(examine_files(config))) == ([SHA256], PICTURE, [])


def test_a_photo_that_has_rotted_is_set_aside_and_brought_again(device, files, config):
    spoil(files, key_of(device), b"!" + PICTURE[1:])
    [told] = examine_files(config)
    assert "is not what it was" in told
    assert "counts as missing" in told
    assert known(device, SHA256) == []
    assert bring_evidence(files, device.audit, SHA256, len(PICTURE), "image/jpeg", [PICTURE])
    assert (known(device, SHA256), read(device), list(examine_files(config))) == ([SHA256], PICTURE, [])


def test_a_tablet_that_announces_what_has_rotted_brings_it_again(device, files):
    spoil(files, key_of(device), b"rotten")
    created = announce(device)
    assert created.headers["Upload-Offset"] == "0"
    append(device, created.headers["Location"], 0, PICTURE)
    assert read(device) == PICTURE


def test_a_file_without_a_row_and_one_of_no_audit_are_told(device, files, config, tmp_path):
    lying = key_of(device, "f" * 64)
    spoil(files, lying, b"of nobody")
    strange = type(lying)(lying.workspace, device.audit[:-1] + ("0" if device.audit[-1] != "0" else "1"), SHA256)
    spoil(files, strange, PICTURE)
    told = list(examine_files(config))
    assert len(told) == 2
    assert f"{files.blobs.place(lying)} has no row" in told[0]
    assert strange.audit in told[1] and "belongs to no audit" in told[1]


def test_a_picture_is_made_of_a_photo_kept_and_taken_away_with_it(device, files, paula, config):
    sha256 = bring(device, as_file(quartered()))
    key = key_of(device, sha256)
    made = report_picture(files, key)
    data = read_picture(files, made)
    assert data is not None and data[:2] == b"\xff\xd8"
    assert report_picture(files, key) == made
    nothing = report_picture(files, key_of(device))
    assert (nothing.reason, read_picture(files, nothing)) == ("not_a_picture", None)
    assert files.blobs.has_beside(key_of(device), "report.json")
    spoil(files, key, b"rotten")
    assert report_picture(files, key, "[]").reason == "rotten"
    for entity in [entity for entity, field in device.heads if entity.startswith("evidence/") and field == "born"]:
        withdraw(paula, device, entity)
    assert not any(files.blobs.remains(one) for one in (key, key_of(device)))
    assert list(examine_files(config)) == []
    assert read(device) == (410, "evidence.withdrawn")


def test_a_photo_whose_entry_comes_later_counts_as_well(device, files):
    send(device, b"before its entry")
    sha256 = name_picture(device, b"before its entry")
    assert known(device, sha256) == [sha256]
