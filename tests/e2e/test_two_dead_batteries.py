"""
The battery dies in the middle of a write, and the tablet is used again: Chromium would throw everything away at the start after that.

Half a record at the end of the log of its storage is what such a death leaves behind (docs/adr/0016-two-dead-batteries.md).
"""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets

pytestmark = pytest.mark.slow

BLOCK = 32_768
"""Bytes; the first part of a record says with how many of them it fills the rest of its block."""


def die_in_the_middle_of_a_write(profile: Path) -> None:
    """Half a record of LevelDB's log (doc/log_format.md there): checksum, length and type are there, and hardly anything of the rest."""
    (storage,) = (profile / "Default" / "IndexedDB").glob("*.indexeddb.leveldb")
    log = max(storage.glob("*.log"), key=lambda path: int(path.stem))
    data = log.read_bytes()
    room = BLOCK - len(data) % BLOCK
    if room < 64:
        data, room = data + bytes(room), BLOCK
    header = bytes(4) + (room - 7).to_bytes(2, "little") + b"\x02"
    log.write_bytes(data + header + b"half a record")


def test_what_was_recorded_before_and_after_a_death_in_the_middle_of_a_write_is_there(tablet: Tablets, tmp_path: Path):
    lena = tablet.in_the_audit("lena")
    lena.goes_offline()
    lena.take_note("Before the first death")
    lena.battery_dies()
    die_in_the_middle_of_a_write(tmp_path / "tablets" / "lena")

    lena.starts_again(offline=True)
    lena.open_audit()
    expect(lena.page.get_by_role("button", name="Select: Before the first death")).to_be_visible()
    lena.take_note("After it")
    lena.battery_dies()

    lena.starts_again(offline=True)
    lena.open_audit()
    for note in ("Before the first death", "After it"):
        expect(lena.page.get_by_role("button", name=f"Select: {note}")).to_be_visible()
