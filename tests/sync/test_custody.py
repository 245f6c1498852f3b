"""Before somebody leaves the site, the server signs what it holds: every entry, and the bytes of the evidence that they name."""

import base64
import os

import pytest

from server.database import SERVER, reading
from server.domain.custody import Custody, custody_statement, evidence_list_hash
from server.storage import accounts
from server.storage.evidence_store import EvidenceFiles
from server.sync.erase import erase_content_of
from server.sync.head_signature import verifying_key
from tests.devices import Device, new_audit
from tests.evidence.sending import PICTURE, SHA256, bring, key_of, name_picture, send

pytestmark = pytest.mark.slow


def held(device: Device, **query):
    answer = device.person.api.get(f"/api/audits/{device.audit}/custody", query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def is_signed(app, audit: str, said: dict) -> bool:
    told = app.test_client().get("/api/state").json["log_key"]
    public_key = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
    names = ("epoch", "seq", "hash", "evidence_count", "evidence_sha256")
    statement = custody_statement(Custody(audit, **{name: said[name] for name in names}), said["receipt"]["at"])
    return verifying_key(statement, said["receipt"]["signature"], [public_key]) is not None


def test_what_is_signed_are_the_entries_and_the_photos_that_have_arrived(app, database, lena):
    device = new_audit(lena)
    photos = [bring(device), bring(device, os.urandom(2000))]
    device.pull()
    said = held(device, epoch=device.epoch, seq=device.cursor)
    assert (said["seq"], said["hash"]) == (device.cursor, device.hash)
    assert (said["evidence_count"], said["evidence_sha256"]) == (2, evidence_list_hash(photos))
    assert (said["lacking"], said["tablets"]) == ([], [])
    assert is_signed(app, device.audit, said)
    assert not is_signed(app, device.audit, {**said, "evidence_count": 3})


def test_a_photo_whose_bytes_are_still_on_a_tablet_is_lacking_and_not_signed(app, database, lena):
    device = new_audit(lena)
    here = bring(device, os.urandom(2000))
    name_picture(device)
    said = held(device)
    assert said["lacking"] == [SHA256]
    assert (said["evidence_count"], said["evidence_sha256"]) == (1, evidence_list_hash([here]))
    assert is_signed(app, device.audit, said)
    send(device)
    assert held(device)["lacking"] == []


def test_a_photo_whose_file_is_gone_from_the_disk_is_not_signed_though_the_database_names_it(app, config, lena):
    device = new_audit(lena)
    bring(device)
    EvidenceFiles(config).blobs.path(key_of(device)).unlink()
    said = held(device)
    assert (said["lacking"], said["evidence_count"]) == ([SHA256], 0)


def test_a_photo_of_another_audit_does_not_count_here(app, database, lena):
    bring(new_audit(lena))
    device = new_audit(lena)
    name_picture(device)
    assert held(device)["lacking"] == [SHA256]


def test_what_is_signed_goes_as_far_as_the_tablet_has_the_log(app, database, lena):
    """What others write meanwhile must not keep it from checking."""
    device = new_audit(lena)
    device.push()
    device.pull()
    cursor, running = device.cursor, device.hash
    bring(device, PICTURE)
    said = held(device, epoch=device.epoch, seq=cursor)
    assert (said["seq"], said["hash"], said["evidence_count"]) == (cursor, running, 0)
    assert is_signed(app, device.audit, said)


def test_a_cursor_of_another_history_is_not_signed(app, database, lena):
    device = new_audit(lena)
    device.push()
    device.pull()
    for query, code in (
        ({"epoch": device.epoch, "seq": device.cursor + 1}, "sync.cursor_ahead"),
        ({"epoch": device.audit, "seq": device.cursor}, "sync.epoch_changed"),
    ):
        answer = lena.api.get(f"/api/audits/{device.audit}/custody", query_string=query)
        assert (answer.status_code, answer.json["code"]) == (409, code)


def test_a_tablet_that_has_announced_more_than_arrived_is_named_with_what_is_lacking(app, database, lena, aron):
    """Its network went in the middle, or its database was emptied: the server shows which part it has never seen."""
    device = new_audit(lena)
    device.add_member(aron)
    device.push()
    theirs = Device(aron, device.audit)
    for _ in range(3):
        theirs.add_finding()
    theirs.push(theirs.made[:4])
    (tablet,) = held(device)["tablets"]
    assert tablet == {
        "account": aron.account,
        "name": aron.name,
        "installation": aron.installation,
        "arrived": 4,
        "announced": 6,
    }
    theirs.push(theirs.made[4:])
    assert held(device)["tablets"] == []


def test_after_the_tablet_was_emptied_the_missing_range_is_shown_to_it_under_its_new_name(app, database, lena):
    device = new_audit(lena)
    for _ in range(3):
        device.add_finding()
    device.push(device.made[device.sent : device.sent + 2])
    anew = Device(lena.enrol_another(), device.audit)
    (tablet,) = held(anew)["tablets"]
    assert tablet["installation"] == lena.installation != anew.person.installation
    assert (tablet["announced"] - tablet["arrived"]) == len(device.made) - device.sent - 2


def test_what_was_erased_names_no_file_any_more(app, database, lena, paula):
    device = new_audit(lena)
    name_picture(device)
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, paula.account)
    erase_content_of(paula.account, roles, device.audit, [device.prev], "Withdrawn.")
    said = held(device)
    assert (said["lacking"], said["evidence_count"]) == ([], 0)
