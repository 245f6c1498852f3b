"""The register of erasures stands beside the backups: what was erased stays erased, whichever backup is put back."""

import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from server.config import Config
from server.database import SERVER, reading
from server.domain.operation import digest_of
from server.domain.refusals import Refused
from server.storage import accounts, erasure_register
from server.storage.erasure_register import Decision
from server.storage.identifiers import new_id
from server.sync.erase import erase_content_of
from server.sync.restore import begin_again, catch_up_with_register
from tests.devices import Device, new_audit, states
from tests.old_log import back_up, put_back, remember

SECRET = "Mr Novak, a cleaner, was not trained."


def erase(person, device: Device, digest: str) -> None:
    with reading(SERVER) as session:
        roles = accounts.roles_of(session, person.account)
    erase_content_of(person.account, roles, device.audit, [digest], "Withdrawn,\nby request of “N.”")


def first_digest(device: Device) -> str:
    return digest_of(device.made[0].encode())


@pytest.fixture
def told(database, lena) -> Device:
    device = new_audit(lena)
    device.set(device.add_finding(), "failure", SECRET)
    device.push()
    return device


@pytest.fixture
def register(config: Config) -> Path:
    return config.data_folder / "erasures.jsonl"


def test_an_erasure_is_a_line_of_the_register_before_it_is_answered(told: Device, paula, register: Path):
    erase(paula, told, told.prev)
    (line,) = register.read_text(encoding="utf-8").splitlines()
    written = json.loads(line)
    assert (written["audit"], written["digest"], written["by"]) == (told.audit, told.prev, paula.account)
    assert written["reason"] == "Withdrawn,\nby request of “N.”"
    assert SECRET not in line
    assert stat.S_IMODE(register.stat().st_mode) == 0o600
    erase(paula, told, told.prev)
    assert len(register.read_text().splitlines()) == 1, "said twice it is written once"


def test_a_backup_from_before_is_erased_again_before_the_server_serves(told: Device, lena, paula, register: Path):
    backup = back_up()
    erase(paula, told, told.prev)
    put_back(backup)
    assert SECRET in str(remember(lena, told.audit).operations), "this is what a restore brings back"
    before = register.read_bytes()
    began = begin_again()
    assert (began.erased, began.unreadable_lines) == (1, ())
    page = remember(lena, told.audit)
    assert page.epoch == began.epoch
    assert SECRET not in str(page.operations)
    reader = Device(lena, told.audit)
    reader.pull()
    (why,) = reader.view().erased.values()
    assert (why["by"], why["reason"]) == (paula.account, "Withdrawn,\nby request of “N.”")
    assert set(states(told.push(told.made))) == {"duplicate"}
    assert SECRET not in str(remember(lena, told.audit).operations)
    assert register.read_bytes() == before, "it is never written anew"


def test_at_its_start_the_server_looks_as_well(told: Device, lena, paula):
    backup = back_up()
    erase(paula, told, told.prev)
    put_back(backup)
    assert catch_up_with_register().erased == 1
    assert SECRET not in str(remember(lena, told.audit).operations)
    head = Device(lena, told.audit).ask_page()["head"]
    assert catch_up_with_register().erased == 0
    assert Device(lena, told.audit).ask_page()["head"] == head


def test_content_that_comes_only_after_the_restore_is_not_taken_in(database, lena, paula):
    device = new_audit(lena)
    device.push()
    backup = back_up()
    device.set(f"audit/{device.audit}", "scope", SECRET)
    device.push()
    erase(paula, device, device.prev)
    put_back(backup)
    assert begin_again().erased == 0
    device.push(device.made)
    assert SECRET not in str(remember(lena, device.audit).operations)


def test_a_torn_last_line_is_said_and_keeps_nothing_from_being_read_or_written(told: Device, paula, register: Path):
    backup = back_up()
    erase(paula, told, told.prev)
    with register.open("ab") as file:
        file.write(b'{"audit": "0191')
    put_back(backup)
    began = begin_again()
    assert (began.erased, began.unreadable_lines) == (1, (2,))
    erase(paula, told, first_digest(told))
    torn = register.read_bytes()
    assert torn.count(b"\n") == 3
    decisions, unreadable = erasure_register.read(register)
    assert [decision.digest for decision in decisions] == [told.prev, first_digest(told)]
    assert unreadable == (2,)


@pytest.mark.parametrize("line", ["", "7", "{}", '{"audit": 7}', "\ufffd", "[" * 100_000])
def test_whatever_stands_in_a_line_that_cannot_be_read_is_said(tmp_path: Path, line: str):
    path = tmp_path / "register"
    path.write_text(f"{line}\n", encoding="utf-8")
    assert erasure_register.read(path) == ([], () if line == "" else (1,))


def test_what_the_table_alone_knows_is_added_to_the_register(told: Device, paula, register: Path):
    """It was lost, or has been given another place."""
    erase(paula, told, told.prev)
    before = register.read_bytes()
    register.unlink()
    catch_up_with_register()
    assert register.read_bytes() == before


def test_a_decision_about_a_workspace_that_the_backup_lacks_stays_in_the_register(told: Device, register: Path):
    decision = Decision(new_id(), "0" * 64, new_id(), "Withdrawn.", new_id(), 1_795_000_000_000)
    erasure_register.append(register, [decision])
    began = begin_again()
    assert (began.erased, began.unknown) == (0, 1)
    assert erasure_register.read(register) == ([decision], ())


def test_where_the_register_cannot_be_written_nothing_is_erased(told: Device, lena, paula, register: Path):
    register.mkdir()
    with pytest.raises(Refused) as refused:
        erase(paula, told, told.prev)
    assert refused.value.refusal.code == "server.busy"
    assert SECRET in str(remember(lena, told.audit).operations)


def test_processes_that_write_at_once_leave_whole_lines(tmp_path: Path):
    path = tmp_path / "register"
    with multiprocessing.get_context("fork").Pool(8) as processes:
        processes.map(_append_many, [str(path)] * 8)
    decisions, unreadable = erasure_register.read(path)
    assert (len(decisions), unreadable) == (160, ())


def _append_many(path: str) -> None:
    for number in range(20):
        decision = Decision(new_id(), f"{number:064d}", new_id(), "x" * 2000, new_id(), number)
        erasure_register.append(Path(path), [decision])


def test_the_register_stands_where_the_setting_says(tmp_path: Path):
    assert Config(data=str(tmp_path)).erasure_register_path == tmp_path / "erasures.jsonl"
    elsewhere = Config(data=str(tmp_path), erasure_register=str(tmp_path / "far" / "register"))
    assert elsewhere.erasure_register_path == tmp_path / "far" / "register"
