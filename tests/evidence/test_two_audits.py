"""A picture belongs to the audit in which it was taken: through another audit of the same workspace nobody reads it or hears of it."""

import threading
from dataclasses import replace

import pytest

from server.domain.vocabulary import Role
from server.evidence import upload as uploading
from server.storage import evidence as records
from server.storage.evidence_store import EvidenceFiles
from tests.devices import Device, new_audit, states
from tests.evidence.sending import (
    PICTURE,
    SHA256,
    announce,
    append,
    bring,
    key_of,
    known,
    name_picture,
    offset_of,
    send,
)
from tests.evidence.test_upload import PowerCut
from tests.people import Cast, enter

pytestmark = pytest.mark.slow


@pytest.fixture
def files(config):
    return EvidenceFiles(config)


@pytest.fixture
def one(lena):
    """Lena's audit, with a picture that has arrived."""
    device = new_audit(lena)
    device.push()
    bring(device)
    return device


@pytest.fixture(params=["in both teams", "in the other team only"])
def other(request, one, lena, aron):
    """Another audit of the workspace, on the tablet of somebody who knows the picture's hash and writes here."""
    device = new_audit(lena, title="Stage 2 Nachbarwerk")
    device.add_member(aron)
    device.push()
    return device if request.param == "in both teams" else Device(aron, device.audit)


@pytest.fixture
def second(one, lena):
    """Another audit of the same auditor."""
    device = new_audit(lena, title="Stage 2 Nachbarwerk")
    device.push()
    return device


def read(device: Device, sha256: str = SHA256) -> bytes | str:
    """The bytes, or the code of the refusal."""
    with device.person.get(f"/api/audits/{device.audit}/evidence/{sha256}") as answer:
        return answer.data if answer.status_code == 200 else answer.json["code"]


def give_up(device: Device, address: str) -> int:
    return device.person.api.delete(address, headers={"Tus-Resumable": "1.0.0"}).status_code


def test_whoever_names_the_picture_of_another_audit_does_not_read_it(database, one, other):
    name_picture(other)
    announce(other)
    assert read(other) == "evidence.not_stored"
    assert read(one) == PICTURE


def test_nobody_is_told_what_another_audit_holds(database, one, other):
    assert known(other, SHA256) == []
    created = announce(other)
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
    assert offset_of(other, created.headers["Location"]) == 0
    assert known(other, SHA256) == []
    assert known(one, SHA256) == [SHA256]


def test_a_refusal_is_the_same_whether_another_audit_holds_the_picture_or_nobody_does(database, one, other):
    invented = name_picture(other, PICTURE[1:])
    name_picture(other)
    assert read(other) == read(other, invented) == "evidence.not_stored"


def test_an_audit_that_one_may_not_see_does_not_tell_what_it_holds(database, one, aron):
    asked = aron.post(f"/api/audits/{one.audit}/evidence/known", json={"sha256": [SHA256]})
    assert (asked.status_code, asked.json["code"]) == (404, "request.not_found")
    assert read(Device(aron, one.audit)) == "request.not_found"
    assert announce(one, PICTURE[1:], person=aron).status_code == 404


def test_who_was_handed_the_work_of_a_lost_tablet_brings_its_photo_and_is_told_no_more_than_that(database, one, aron):
    """Aron is of the workspace, and not in the team. The photo happens to be there already."""
    handed = replace(one, person=aron)
    created = announce(handed)
    assert (created.status_code, created.headers["Upload-Offset"]) == (201, "0")
    assert aron.post(f"/api/audits/{one.audit}/evidence/known", json={"sha256": [SHA256]}).status_code == 404
    lied = append(handed, created.headers["Location"], 0, PICTURE[:-1] + b"!")
    assert (lied.status_code, lied.json["code"]) == (422, "evidence.hash_mismatch")
    again = announce(handed).headers["Location"]
    assert append(handed, again, 0, PICTURE).status_code == 204
    assert known(handed, SHA256) == [SHA256]
    assert read(handed) == "request.not_found"
    assert read(one) == PICTURE


def test_nobody_of_another_workspace_brings_it(database, one, cast: Cast):
    assert announce(one, person=enter(cast.app, cast.theirs, "Eva All", *Role)).status_code == 404


def test_a_file_that_does_not_have_the_hash_is_no_evidence_because_another_audit_has_it(database, one, other):
    name_picture(other)
    address = announce(other).headers["Location"]
    answer = append(other, address, 0, PICTURE[:-1] + b"!")
    assert (answer.status_code, answer.json["code"]) == (422, "evidence.hash_mismatch")
    assert (known(other, SHA256), read(other)) == ([], "evidence.not_stored")
    assert read(one) == PICTURE


def test_the_same_picture_is_evidence_in_both_audits_when_it_was_sent_to_both(database, one, other):
    bring(other)
    assert known(one, SHA256) == known(other, SHA256) == [SHA256]
    assert read(one) == read(other) == PICTURE


def test_giving_up_an_upload_leaves_the_picture_of_the_other_audit(database, one, second):
    name_picture(second)
    address = announce(second).headers["Location"]
    append(second, address, 0, PICTURE[:1000], promised=len(PICTURE))
    assert give_up(second, address) == 204
    assert (known(second, SHA256), read(second)) == ([], "evidence.not_stored")
    assert (known(one, SHA256), read(one)) == ([SHA256], PICTURE)


def test_giving_up_an_upload_leaves_the_one_of_the_same_picture_to_the_other_audit(database, lena):
    """Both half way: the one that stays goes on where it stood."""
    first, second = new_audit(lena), new_audit(lena)
    addresses = []
    for device in (first, second):
        device.push()
        addresses.append(announce(device).headers["Location"])
        append(device, addresses[-1], 0, PICTURE[:1000], promised=len(PICTURE))
    assert len(set(addresses)) == 2
    assert give_up(first, addresses[0]) == 204
    assert offset_of(second, addresses[1]) == 1000
    append(second, addresses[1], 1000, PICTURE[1000:])
    assert (known(first, SHA256), known(second, SHA256)) == ([], [SHA256])


def test_erasing_the_picture_of_one_audit_leaves_that_of_the_other(database, one, second, files):
    bring(second)
    files.blobs.delete(key_of(one))
    assert not files.blobs.exists(key_of(one))
    assert read(second) == PICTURE


def test_one_picture_for_two_audits_at_once_arrives_in_both(app, database, lena):
    devices = [new_audit(lena), new_audit(lena)]
    addresses = []
    for device in devices:
        device.push()
        name_picture(device)
        addresses.append(announce(device).headers["Location"])
    answers = []

    def bring_to(address: str) -> None:
        with app.app_context():
            api = app.test_client()
            api.set_cookie("auditbook", lena.api.get_cookie("auditbook").value)
            headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            answers.append(api.patch(address, data=PICTURE, headers=headers).status_code)

    threads = [threading.Thread(target=bring_to, args=(address,)) for address in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204, 204]
    assert [read(device) for device in devices] == [PICTURE, PICTURE]


# --- The power goes


def die(*_: object, **__: object) -> None:
    raise PowerCut


def test_a_file_without_its_row_counts_for_its_own_audit_only(database, lena, monkeypatch):
    first, second = new_audit(lena), new_audit(lena)
    for device in (first, second):
        device.push()
        name_picture(device)
    address = announce(first).headers["Location"]
    monkeypatch.setattr(records, "add_blob", die)
    with pytest.raises(PowerCut):
        append(first, address, 0, PICTURE)
    monkeypatch.undo()
    elsewhere = announce(second)
    assert elsewhere.headers["Upload-Offset"] == "0"
    assert offset_of(second, elsewhere.headers["Location"]) == 0
    assert (known(first, SHA256), known(second, SHA256)) == ([], [])
    assert offset_of(first, address) == len(PICTURE)
    assert (read(first), read(second)) == (PICTURE, "evidence.not_stored")


@pytest.mark.parametrize("asked_by", ["head", "announcement"])
@pytest.mark.parametrize("died_in", ["the check", "the row"])
def test_an_audit_recovers_by_itself_although_another_holds_the_picture(
    database, one, second, monkeypatch, died_in, asked_by
):
    name_picture(second)
    address = announce(second).headers["Location"]
    monkeypatch.setattr(*((uploading, "_finish") if died_in == "the check" else (records, "add_blob")), die)
    with pytest.raises(PowerCut):
        append(second, address, 0, PICTURE)
    monkeypatch.undo()
    assert (known(second, SHA256), read(second)) == ([], "evidence.not_stored")
    offset = offset_of(second, address) if asked_by == "head" else int(announce(second).headers["Upload-Offset"])
    assert offset == len(PICTURE)
    assert (read(one), read(second)) == (PICTURE, PICTURE)


# --- Before the log


def test_bytes_may_come_before_the_entry_that_names_them(database, lena):
    device = new_audit(lena)
    device.push()
    send(device)
    assert known(device, SHA256) == [SHA256]
    assert read(device) == "request.not_found"
    name_picture(device)
    assert read(device) == PICTURE


def test_the_picture_of_an_audit_that_has_not_arrived_waits_on_the_tablet(database, lena, aron):
    """Its entries are held; its bytes are asked for again when the audit is there."""
    created = new_audit(lena)
    created.add_member(aron)
    early = Device(aron, created.audit)
    name_picture(early)
    assert announce(early).status_code == 404
    assert early.person.post(f"/api/audits/{early.audit}/evidence/known", json={"sha256": [SHA256]}).status_code == 404
    assert set(states(created.push())) == {"stored"}
    send(early)
    assert (known(early, SHA256), read(early)) == ([SHA256], PICTURE)


def test_an_entry_that_was_held_opens_no_picture_of_another_audit(database, one, lena, aron):
    """Aron names the hash before the audit exists; what he wrote moves into its log, and shows him nothing."""
    created = new_audit(lena)
    created.add_member(aron)
    early = Device(aron, created.audit)
    name_picture(early)
    created.push()
    assert announce(early).headers["Upload-Offset"] == "0"
    assert (known(early, SHA256), read(early)) == ([], "evidence.not_stored")
