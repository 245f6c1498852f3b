"""One limit of size, in bytes: what a tablet may seal on the glass, the server takes, whatever letters it is made of."""

from hashlib import sha256

import pytest

from server.domain.operation import MAX_CONTENT_BYTES
from tests.devices import Device, codes, new_audit, states

ENVELOPE = len('{"salt":"AAAAAAAAAAAAAAAAAAAAAA","val":{"record":"","sha256":"' + 64 * "0" + '"}}')


def add_record(device: Device, record: str) -> str:
    return device.add("closing_record/c1", record=record, sha256=sha256(record.encode()).hexdigest())


@pytest.mark.parametrize(
    ("letter", "bytes_in_content"), [("a", 1), ('"', 2), ("ß", 2), ("🔧", 4), ("\x01", 6)], ids=repr
)
@pytest.mark.slow
def test_the_largest_record_gets_through_whatever_it_is_made_of(database, lena, letter, bytes_in_content):
    device = new_audit(lena)
    device.push()
    text = add_record(device, letter * ((MAX_CONTENT_BYTES - ENVELOPE) // bytes_in_content))
    assert MAX_CONTENT_BYTES - 6 < len(text.partition("\n")[2].encode()) <= MAX_CONTENT_BYTES
    assert states(device.push()) == ["stored"]
    reader = Device(lena, device.audit)
    reader.pull()
    assert reader.view().entity("closing_record/c1").get("record")[:1] == letter


@pytest.mark.slow
def test_a_byte_more_is_kept_aside_and_holds_up_nothing(database, lena):
    device = new_audit(lena)
    add_record(device, "a" * (MAX_CONTENT_BYTES - ENVELOPE + 1))
    device.set(f"audit/{device.audit}", "reference", "A-9")
    assert codes(device.push()) == [None, None, None, "envelope.too_large", None]
    device.pull()
    assert device.is_safe()
