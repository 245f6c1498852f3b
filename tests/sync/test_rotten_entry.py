"""
An entry rots on the server's disk: it is given to nobody, whoever asks for it is told, and a tablet that has the right bytes puts it
right. That the doctor names it is in tests/upkeep/test_doctor.py.
"""

import pytest
import sqlalchemy as sa

from server.cli import _is_signed
from server.database import SERVER, reading, unit_of_work
from server.domain.operation import digest_of, erase_content
from server.storage.tables.operation import LoggedOperation
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
