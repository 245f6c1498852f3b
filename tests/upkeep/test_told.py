"""After a backup the server tells what it holds: never more, whatever came or went wrong while it was taken."""

import pytest

from server.config import Config
from server.database import SERVER, unit_of_work
from server.storage.evidence_store import EvidenceFiles
from server.storage.server_state import begin_new_epoch
from server.upkeep import backup as taking
from tests.devices import Device, new_audit
from tests.evidence.sending import SHA256, bring, key_of, send
from tests.upkeep.conftest import Command

pytestmark = pytest.mark.slow


def told(device: Device) -> dict | None:
    [listed] = (one for one in device.person.get("/api/audits").json if one["id"] == device.audit)
    return listed["backed_up"]


def photos_told(device: Device, *hashes: str) -> tuple[list[str], list[str]]:
    answer = device.person.post(f"/api/audits/{device.audit}/evidence/known", json={"sha256": list(hashes)}).json
    return answer["stored"], answer["backed_up"]


def test_without_a_backup_nothing_is_told(database, audit: Device):
    assert told(audit) is None
    assert photos_told(audit, SHA256) == ([SHA256], [])


def test_up_to_which_entry_a_backup_holds_the_log_and_which_photos(database, command: Command, audit: Device, place):
    assert command("backup", place)[0] == 0
    newer = bring(audit, b"taken after the backup")
    assert told(audit)["seq"] == audit.cursor
    assert photos_told(audit, SHA256, newer) == (sorted([SHA256, newer]), [SHA256])
    another = new_audit(audit.person)
    another.push()
    assert told(another)["seq"] == 0, "begun after the backup"
    assert command("backup", place)[0] == 0
    assert told(audit)["seq"] == audit.cursor + 2
    assert told(another)["seq"] == 3
    assert photos_told(audit, SHA256, newer)[1] == sorted([SHA256, newer])


def test_a_photo_that_was_gone_and_came_again_is_told_as_backed_up_by_the_next_backup(
    database, command: Command, config: Config, audit: Device, place
):
    command("backup", place)
    EvidenceFiles(config).blobs.delete(key_of(audit))
    assert photos_told(audit, SHA256) == ([], [])
    send(audit)
    assert photos_told(audit, SHA256) == ([SHA256], [])
    command("backup", place)
    assert photos_told(audit, SHA256) == ([SHA256], [SHA256])
    send(audit)
    assert photos_told(audit, SHA256) == ([SHA256], [SHA256]), "it was here"


def test_what_comes_while_the_backup_is_taken_is_not_told_as_held(
    database, command: Command, audit: Device, place, monkeypatch: pytest.MonkeyPatch
):
    """Its bytes may even have been copied; its row was not."""
    late = b"came in the middle"
    finish = taking._finish

    def meanwhile(*given):
        audit.add_finding("In the middle")
        audit.push()
        bring(audit, late)
        return finish(*given)

    monkeypatch.setattr(taking, "_finish", meanwhile)
    before = audit.cursor
    assert command("backup", place)[0] == 0
    assert told(audit)["seq"] == before
    assert photos_told(audit, SHA256, taking.sha256_of(_kept(audit, late)))[1] == [SHA256]


def _kept(audit: Device, data: bytes):
    import hashlib

    config: Config = audit.person.app.config["AUDITBOOK"]
    return EvidenceFiles(config).blobs.path(key_of(audit, hashlib.sha256(data).hexdigest()))


def test_a_backup_that_was_not_finished_is_not_told(database, command: Command, audit: Device, place, monkeypatch):
    def power_goes(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(taking, "write_manifest", power_goes)
    with pytest.raises(KeyboardInterrupt):
        command("backup", place)
    assert told(audit) is None
    assert photos_told(audit, SHA256)[1] == []


def test_a_backup_of_an_epoch_that_is_over_tells_nothing(database, command: Command, audit: Device, place, monkeypatch):
    """Somebody put another backup back while it was taken: its numbers have been given to others."""
    finish = taking._finish

    def meanwhile(*given):
        with unit_of_work(SERVER) as session:
            begin_new_epoch(session)
        return finish(*given)

    monkeypatch.setattr(taking, "_finish", meanwhile)
    assert command("backup", place)[0] == 0
    assert told(audit) is None
    assert photos_told(audit, SHA256)[1] == []


def test_what_was_put_back_does_not_claim_what_came_after_it(command: Command, config: Config, audit: Device, place):
    """The second backup held more, and it was the first that was put back."""
    command("backup", place)
    audit.add_finding("In the second backup only")
    audit.push()
    newer = bring(audit, b"in the second backup only")
    command("backup", place)
    first = min(path for path in place.iterdir() if path.name[0].isdigit())
    from tests.conftest import close_database

    close_database(audit.person.app)
    assert command("restore", first, "--replace")[0] == 0
    audit.sent -= 3
    audit.push()
    send(audit, b"in the second backup only")
    assert told(audit) is None, "the first did not know of itself when it was taken"
    assert photos_told(audit, newer) == ([newer], [])
