"""What the server says about one file's chain of custody, and to whom."""

import hashlib

import pytest
from flask import Flask

from schemas.chain import ChainOfCustodySchema
from server.config import Config
from server.evidence.derivatives import read_picture, report_picture
from server.jobs.registry import JOBS
from server.jobs.worker import run_next_job
from server.storage.evidence_store import EvidenceFiles
from tests.devices import Device, new_audit
from tests.evidence.pictures import as_file, quartered
from tests.evidence.sending import PICTURE, SHA256, bring, key_of, name_picture, send
from tests.evidence.signed import CAMERA, signed
from tests.evidence.test_covered import COVER, draw, read
from tests.people import Person


@pytest.fixture
def device(database: object, lena: Person, aron: Person) -> Device:
    """Lena's audit with a photo that the server holds; Aron is in her team."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    name_picture(device)
    send(device)
    return device


def ask(person: Person, device: Device, sha256: str = SHA256):
    return person.get(f"/api/audits/{device.audit}/evidence/{sha256}/chain")


def told(person: Person, device: Device, sha256: str = SHA256) -> dict:
    answer = ask(person, device, sha256)
    assert answer.status_code == 200, answer.json
    assert ChainOfCustodySchema().dump(answer.json) == answer.json
    return answer.json


def test_who_sent_it_and_since_when_it_is_held_is_told_with_names(device: Device, lena: Person, aron: Person):
    said = told(aron, device)
    [sending] = said["sendings"]
    assert sending["account"] == lena.account
    assert sending["began_at"] <= sending["arrived_at"] == said["stored"]["verified_at"]
    assert (said["stored"]["size"], said["stored"]["is_backed_up"]) == (len(PICTURE), False)
    assert list(said["names"]) == [lena.account]
    assert (said["is_withdrawn"], said["pictures"], said["openings"]) == (False, [], [])


def test_whoever_may_not_see_the_audit_hears_nothing(device: Device, otto: Person):
    answer = ask(otto, device)
    assert (answer.status_code, answer.json["code"]) == (404, "request.not_found")


@pytest.mark.parametrize(("sha256", "status"), [("0" * 64, 404), ("0" * 63, 422), ("../x", 404), (SHA256.upper(), 422)])
def test_a_file_that_the_audit_does_not_name_has_no_chain(device: Device, lena: Person, sha256: str, status: int):
    assert ask(lena, device, sha256).status_code == status


def test_what_has_not_arrived_is_not_said_to_be_held(device: Device, lena: Person):
    sha256 = name_picture(device, b"Still on the tablet.")
    said = told(lena, device, sha256)
    assert (said["stored"], said["sendings"], said["credentials"]) == (None, [], None)


def test_each_opening_of_a_covered_original_is_told_to_the_team(
    device: Device, lena: Person, aron: Person, paula: Person
):
    draw(device, COVER)
    read(lena, device)
    read(paula, device)
    read(aron, device)
    said = told(aron, device)
    assert [one["account"] for one in said["openings"]] == [lena.account, paula.account]
    assert set(said["names"]) == {lena.account, paula.account}


@pytest.mark.slow
def test_a_picture_for_the_report_says_from_which_bytes_and_by_what_it_was_made(
    device: Device, lena: Person, config: Config
):
    sha256 = bring(device, as_file(quartered((2000, 1000))))
    files = EvidenceFiles(config)
    made = report_picture(files, key_of(device, sha256))
    drawn = report_picture(files, key_of(device, sha256), '{"units": 10000, "marks": []}')
    shown, painted = (read_picture(files, one) for one in (made, drawn))
    assert shown and painted
    pictures = told(lena, device, sha256)["pictures"]
    assert sorted(one["long_edge"] for one in pictures) == [320, 320, 1600, 1600]
    plain, with_marks = (one for one in pictures if one["long_edge"] == 1600)
    assert plain["made_from"] == with_marks["made_from"] == sha256
    assert plain["sha256"] == hashlib.sha256(shown).hexdigest()
    assert (plain["is_drawn_on"], with_marks["is_drawn_on"]) == (False, True)
    assert plain["size"] == len(shown)
    assert plain["long_edge"] == 1600
    assert any(one.startswith("pillow ") for one in plain["made_by"])
    assert with_marks["made_by"][-1].startswith("painting ")


@pytest.mark.slow
def test_content_credentials_are_read_by_the_worker_once_somebody_asks(
    device: Device, lena: Person, aron: Person, app: Flask
):
    sha256 = bring(device, signed(as_file(quartered())))
    while run_next_job(app, jobs=JOBS):
        pass  # Its pictures.
    assert told(lena, device, sha256)["credentials"]["state"] == "waiting"
    assert told(aron, device, sha256)["credentials"]["state"] == "waiting"
    done = 0
    while run_next_job(app, jobs=JOBS):
        done += 1
    assert done == 1, "the second one that asks waits for the first one's"
    said = told(lena, device, sha256)["credentials"]
    assert (said["state"], said["signed_by"], said["is_signer_known"]) == ("valid", CAMERA, False)
    assert not run_next_job(app, jobs=JOBS)


@pytest.mark.slow
def test_of_what_was_withdrawn_it_is_told_who_had_opened_it_and_nothing_of_the_file(
    device: Device, lena: Person, paula: Person
):
    draw(device, COVER)
    read(lena, device)
    photo = next(ref for ref, field in device.heads if ref.startswith("evidence/") and field == "born")
    answer = paula.post(
        f"/api/audits/{device.audit}/erasures", json={"evidence": photo.partition("/")[2], "reason": "It has to go."}
    )
    assert answer.status_code < 300, answer.json
    said = told(lena, device)
    assert (said["is_withdrawn"], said["stored"], said["credentials"], said["pictures"]) == (True, None, None, [])
    assert [one["account"] for one in said["openings"]] == [lena.account]
