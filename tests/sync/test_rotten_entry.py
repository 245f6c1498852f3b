"""
An entry rots on the server's disk: it is given to nobody, whoever asks for it is told, and a tablet that has the right bytes puts it
right. That the doctor names it is in tests/upkeep/test_doctor.py.
"""

import pytest
import sqlalchemy as sa

from server.cli import _is_signed
from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of, erase_content
from server.storage.server_state import note_asked_version
from server.storage.tables.operation import LoggedOperation
from server.sync.update import ask_after_update
from server.upkeep.examine import examine_logs
from tests.devices import Device, new_audit
from tests.sync.test_erase import erase, stored

pytestmark = pytest.mark.slow


def rot(device: Device, text: str, *, into: tuple[bytes, bytes]) -> int:
    """Some bytes of what the disk has of it become others. The number of the entry."""
    row = stored(device, text)
    assert into[0] in row.data
    with unit_of_work(SERVER) as session:
        session.execute(
            sa.update(LoggedOperation)
            .where(LoggedOperation.audit_id == device.audit, LoggedOperation.seq == row.seq)
            .values(data=row.data.replace(*into))
        )
    return row.seq


def complaints() -> list[str]:
    return [sentence for log in examine_logs(_is_signed) for sentence in log.complaints]


@pytest.fixture
def audit(database, lena, aron) -> Device:
    device = new_audit(lena)
    device.add_member(aron)
    device.add_finding("No calibration record")
    device.push()
    return device


def test_an_entry_that_has_rotted_is_given_to_nobody_and_its_tablet_puts_it_right(audit: Device, aron):
    text = audit.made[-1]
    seq = rot(audit, text, into=(b"No calibration", b"No vaccination"))
    colleague = Device(aron, audit.audit)
    refused = aron.get(f"/api/audits/{audit.audit}/operations?after={seq - 1}&limit=500")
    assert (refused.status_code, refused.json["code"], refused.json["facts"]) == (
        409,
        "sync.entry_damaged",
        {"seq": seq},
    )
    assert [item["seq"] for item in colleague.page()["operations"]] == list(range(1, seq)), "what is before is given"

    colleague.add_finding("Raised meanwhile")
    assert colleague.push().status_code == 200, "what the tablets send is taken"
    assert complaints() != []
    assert audit.push(audit.made).status_code == 200
    assert complaints() == []
    colleague.pull()
    assert {finding.get("title") for finding in colleague.view().of_kind("finding")} == {
        "No calibration record",
        "Raised meanwhile",
    }


def test_bytes_that_were_not_what_was_stored_put_nothing_right(audit: Device):
    """Who sends an entry again with other words sends another entry."""
    rot(audit, audit.made[-1], into=(b"No calibration", b"No vaccination"))
    lie = audit.made[-1].replace("No calibration", "No violation")
    audit.push([lie])
    with reading(SERVER) as session:
        rotten = session.scalar(
            sa.select(LoggedOperation).where(LoggedOperation.digest == digest_of(audit.made[-1].encode()))
        )
        assert b"No vaccination" in rotten.data
    audit.push(audit.made)
    assert complaints() == []


def test_what_was_erased_stays_erased_when_its_header_is_put_right(audit: Device, paula):
    text = audit.made[-1]
    erase(paula, audit, text)
    rot(audit, text, into=(b"Europe/Berlin", b"Europe/Dublin"))
    assert complaints() != []
    audit.push(audit.made)
    header, content_sha256 = erase_content(text.encode())
    row = stored(audit, text)
    assert (row.data, row.content_sha256) == (header, content_sha256)
    assert complaints() == []


@pytest.fixture
def without_aron(database, lena, aron) -> Device:
    device = new_audit(lena)
    device.push()
    return device


def test_what_was_set_aside_does_not_count_because_its_bytes_have_rotted(without_aron: Device, aron):
    stranger = Device(aron, without_aron.audit)
    stranger.add_member(aron, "audit_team_leader")
    assert {said["reason"]["code"] for said in stranger.push().json["verdicts"]} == {"audit.not_assigned"}
    for text in stranger.made:
        rot(stranger, text, into=(b'"salt":"A', b'"salt":"B'))
    without_aron.add("team_member/01a22000-0000-7000-8000-0000000000aa", account=without_aron.person.account)
    assert without_aron.push().status_code == 200
    assert aron.get("/api/audits").json == []
    stranger.push(stranger.made)


def test_an_entry_that_is_no_text_any_more_stops_neither_a_push_nor_the_start(without_aron: Device, aron):
    waiting = Device(aron, without_aron.audit)
    waiting.make("frobnicate", f"audit/{without_aron.audit}", "title", "From a newer app")
    waiting.add_finding("Not in the team yet")
    waiting.push()
    for text in waiting.made:
        rot(waiting, text, into=(b'"salt":"A', b'"salt":"\xff'))
    without_aron.add_member(aron)
    assert without_aron.push().status_code == 200
    with unit_of_work(SERVER) as session:
        note_asked_version(session, "older")
    ask_after_update()
    waiting.push(waiting.made)
